// The directory: one entry a variable, append-only for the life of a store, in blocks that double in
// size. Written by the holder; readers check what they find and copy what they use.
#include <string.h>

#include "store/array.h"
#include "store/crash_point.h"
#include "store/store_impl.h"

uint64_t
svari_directory_block_bytes(uint32_t block)
{
  return ((uint64_t)SVARI_DIRECTORY_BLOCK_ENTRIES << block) * sizeof(svari_entry_t);
}

// Block k holds entries [E * (2^k - 1), E * (2^(k+1) - 1)), E being the size of block 0.
static void
locate(uint64_t index, uint32_t *out_block, uint64_t *out_position)
{
  uint64_t n = index / SVARI_DIRECTORY_BLOCK_ENTRIES + 1;
  uint32_t block = 63 - (uint32_t)__builtin_clzll(n);
  *out_block = block;
  *out_position = index - SVARI_DIRECTORY_BLOCK_ENTRIES * ((UINT64_C(1) << block) - 1);
}

static uint64_t
count_entries(const svar_store_t *store)
{
  // Acquire, pairs with the append's store: entries below the count are complete.
  return atomic_load_explicit(&store->header->variable_count, memory_order_acquire);
}

const svari_entry_t *
svari_directory_entry(const svar_store_t *store, uint64_t index)
{
  uint32_t block;
  uint64_t position;
  if (index >= count_entries(store)) {
    return NULL;
  }
  locate(index, &block, &position);
  if (block >= SVARI_DIRECTORY_BLOCKS) {
    return NULL;
  }
  uint64_t offset = atomic_load_explicit(&store->header->directory[block], memory_order_acquire);
  if (offset < SVARI_PAGE_BYTES || offset % SVARI_ALIGNMENT != 0 ||
      !svari_space_covers(&store->region->space, offset, svari_directory_block_bytes(block))) {
    return NULL;
  }
  return (const svari_entry_t *)(store->region->space.read_base + offset) + position;
}

static uint64_t
hash_name(const char *name)
{
  uint64_t hash = UINT64_C(0xcbf29ce484222325); // FNV-1a
  for (const unsigned char *c = (const unsigned char *)name; *c != '\0'; c++) {
    hash = (hash ^ *c) * UINT64_C(0x100000001b3);
  }
  return hash;
}

svar_ret_t
svari_directory_check_name(const char *name)
{
  size_t length = strnlen(name, SVARI_NAME_BYTES);
  if (length == 0 || length >= SVARI_NAME_BYTES) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "a variable in a store needs a name of 1 to %d bytes, not %s",
                     SVARI_NAME_BYTES - 1, length == 0 ? "an empty one" : "a longer one");
  }
  for (size_t i = 0; i < length; i++) {
    if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f) {
      return svar_fail(SVAR_ERR_ARGUMENT,
                       "a variable's name may not hold control characters (byte %zu is 0x%02x)", i,
                       (unsigned char)name[i]);
    }
  }
  return SVAR_OK;
}

// Reads the names that were appended since the last look. Entries never change their name.
static svar_ret_t
refresh_hashes_locked(svar_store_t *store)
{
  uint64_t count = count_entries(store);
  while (store->hash_count < count) {
    const svari_entry_t *entry = svari_directory_entry(store, store->hash_count);
    if (entry == NULL) {
      return svar_fail(SVAR_ERR_CORRUPT, "store '%s': entry %zu of the directory is out of bounds",
                       store->name, store->hash_count);
    }
    SVAR_TRY(svari_array_reserve((void **)&store->name_hashes, &store->hash_room,
                                 store->hash_count + 1, sizeof(uint64_t), &store->allocator));
    store->name_hashes[store->hash_count++] = entry->name_hash;
  }
  return SVAR_OK;
}

static svar_ret_t
find_locked(svar_store_t *store, const char *name, uint64_t *out_index)
{
  SVAR_TRY(refresh_hashes_locked(store));
  uint64_t hash = hash_name(name);
  for (size_t i = 0; i < store->hash_count; i++) {
    if (store->name_hashes[i] == hash) {
      const svari_entry_t *entry = svari_directory_entry(store, i);
      if (entry != NULL && strncmp(entry->name, name, SVARI_NAME_BYTES) == 0) {
        *out_index = i;
        return SVAR_OK;
      }
    }
  }
  const bool is_private = store->region->ops->backing == SVAR_BACKING_CPU; // no tool sees it
  return svar_fail(SVAR_ERR_NOT_FOUND, "store '%s' has no variable '%s'%s%s%s", store->name, name,
                   is_private ? "" : " (`svar info ", is_private ? "" : store->name,
                   is_private ? "" : "` lists them)");
}

svar_ret_t
svari_directory_find(svar_store_t *store, const char *name, uint64_t *out_index)
{
  pthread_mutex_lock(&store->lock);
  svar_ret_t ret = find_locked(store, name, out_index);
  pthread_mutex_unlock(&store->lock);
  return ret;
}

static bool
is_vector_of(const svar_type_t *type, svar_dtype_t dtype)
{
  return svar_dtype_equal(type->dtype, dtype) && type->ndim == 1 && type->broadcastable == 0;
}

// An object is of one process: no file has one.
static bool
has_valid_kind(const svar_type_t *type)
{
  switch ((svar_kind_t)type->kind) {
  case SVAR_KIND_TENSOR:
  case SVAR_KIND_NUMBER:
    return type->format == 0;
  case SVAR_KIND_RANDOM: // its words
    return type->format == 0 && is_vector_of(type, SVAR_UINT64);
  case SVAR_KIND_SPARSE: // its shape and block
    return is_vector_of(type, SVAR_INT64);
  case SVAR_KIND_OBJECT:
    break;
  }
  return false;
}

svar_ret_t
svari_directory_type(const svar_store_t *store, const svari_entry_t *entry, svar_type_t *out_type,
                     uint32_t *out_device)
{
  uint32_t flags = entry->flags;
  svar_type_t type = {entry->dtype, entry->ndim, entry->broadcastable, (uint8_t)flags,
                      (uint8_t)(flags >> 8)};
  uint32_t device = svari_entry_device(flags);
  if (!has_valid_kind(&type) || device > svari_store_device_count(store) ||
      (device != 0 && type.kind != SVAR_KIND_TENSOR) || !svar_dtype_is_known(type.dtype) ||
      type.ndim < 0 || type.ndim > SVAR_NDIM_MAX ||
      (type.ndim < 32 && type.broadcastable >> type.ndim != 0) ||
      memchr(entry->name, '\0', SVARI_NAME_BYTES) == NULL) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "store '%s': an entry of the directory has no valid type or name",
                     store->name);
  }
  *out_type = type;
  *out_device = device;
  return SVAR_OK;
}

// Room for the block that `index` lies in, if this is its first entry.
static svar_ret_t
require_block(svar_store_t *store, uint64_t index, svari_entry_t **out_entry)
{
  uint32_t block;
  uint64_t position;
  locate(index, &block, &position);
  if (block >= SVARI_DIRECTORY_BLOCKS) {
    return svar_fail(
        SVAR_ERR_NO_SPACE,
        "store '%s' has %llu variables, the most a store can have: put more into another",
        store->name, (unsigned long long)index);
  }
  svari_header_t *header = svari_writer_header(store->writer);
  uint64_t offset = atomic_load_explicit(&header->directory[block], memory_order_relaxed);
  if (offset == 0) {
    uint64_t size_bytes = svari_directory_block_bytes(block);
    SVAR_TRY(svari_heap_take(svari_writer_heap(store->writer, 0), size_bytes, &offset));
    memset(store->region->write_base + offset, 0, size_bytes);
    SVARI_CRASH_POINT("directory.block_zeroed");
    // Release: a reader that finds the offset finds a zeroed block.
    atomic_store_explicit(&header->directory[block], offset, memory_order_release);
    SVARI_CRASH_POINT("directory.block_linked");
  }
  *out_entry = (svari_entry_t *)(store->region->write_base + offset) + position;
  return SVAR_OK;
}

svar_ret_t
svari_directory_append(svar_store_t *store, const char *name, const svar_type_t *type,
                       uint32_t flags, uint64_t *out_index)
{
  svari_header_t *header = svari_writer_header(store->writer);
  uint64_t index = atomic_load_explicit(&header->variable_count, memory_order_relaxed);
  svari_entry_t *entry = NULL;
  SVAR_TRY(require_block(store, index, &entry));
  *entry = (svari_entry_t){
      .name_hash = hash_name(name),
      .dtype = type->dtype,
      .ndim = type->ndim,
      .broadcastable = type->broadcastable,
      .flags = flags,
  };
  strncpy(entry->name, name, SVARI_NAME_BYTES - 1);
  for (int i = 0; i < SVARI_RING_RECORDS; i++) {
    atomic_store_explicit(&entry->begin[i], SVARI_BEGIN_NONE, memory_order_relaxed);
  }
  SVARI_CRASH_POINT("directory.entry_filled");
  // Release, pairs with count_entries(): whoever sees the count sees the entry.
  atomic_store_explicit(&header->variable_count, index + 1, memory_order_release);
  SVARI_CRASH_POINT("directory.entry_counted");
  *out_index = index;
  return SVAR_OK;
}
