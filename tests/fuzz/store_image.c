#include "fuzz/store_image.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/layout.h"

enum {
  CAPACITY_BYTES = 2 * 1024 * 1024, // small: every input maps and unmaps it
  SIZE_BYTES_MAX = 4 * 1024 * 1024, // of a file that an input has made longer
  VARIABLES = 18                    // more than the directory's first block has
};

typedef struct image {
  int fd;
  size_t size_bytes;
  uint8_t *bytes;
} image_t;
static image_t state_image, readers_image;

svar_store_options_t
fuzz_store_options(void)
{
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.directory = fuzz_folder();
  options.capacity_bytes = CAPACITY_BYTES;
  return options;
}

static const char *
image_path(const char *suffix)
{
  static char path[256];
  snprintf(path, sizeof(path), "%s/svar.%u.fuzz.%s", fuzz_folder(), geteuid(), suffix);
  return path;
}

// --- the store that the library writes -------------------------------------------------------------

static svar_variable_t *
make_variable(svar_store_t *store, const char *name, svar_dtype_t dtype, int32_t ndim,
              const int64_t *shape, svar_transaction_t *transaction)
{
  static double zeros[512];
  DLTensor tensor = svar_tensor(dtype, zeros, ndim, shape);
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = name;
  options.store = store;
  options.transaction = transaction;
  svar_variable_t *variable = NULL;
  FUZZ_CHECK(svar_shared(svar_array(&tensor), &options, &variable) == SVAR_OK);
  return variable;
}

static void
make_of(svar_store_t *store, const char *name, svar_source_t source)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = name;
  options.store = store;
  svar_variable_t *variable = NULL;
  FUZZ_CHECK(svar_shared(source, &options, &variable) == SVAR_OK);
  svar_variable_unref(variable);
}

static void
make_random(svar_store_t *store)
{
  svar_random_state_t state = svar_random_seeded(1);
  make_of(store, "random", svar_random_source(&state));
}

// Four entries of the directory.
static void
make_sparse(svar_store_t *store)
{
  static const float data[3] = {1, 2, 3};
  static const int32_t indices[3] = {1, 0, 2};
  static const int32_t indptr[3] = {0, 1, 3};
  const svar_sparse_t matrix = {SVAR_SPARSE_CSR, SVAR_FLOAT32, SVAR_INT32, {2, 3}, {1, 1}, 3, data,
                                indices,         indptr};
  make_of(store, "sparse", svar_sparse_source(&matrix));
}

static void
make_kinds(svar_store_t *store)
{
  svar_variable_unref(make_variable(store, "scalar", SVAR_FLOAT64, 0, NULL, NULL));
  svar_variable_unref(make_variable(store, "matrix", SVAR_FLOAT32, 2, (int64_t[]){3, 5}, NULL));
  svar_variable_unref(make_variable(store, "empty", SVAR_INT64, 2, (int64_t[]){0, 4}, NULL));
  svar_variable_unref(make_variable(store, "flags", SVAR_BOOL, 1, (int64_t[]){2}, NULL));
  make_random(store);
  make_sparse(store);
  for (int i = 9; i < VARIABLES - 2; i++) {
    char name[16];
    snprintf(name, sizeof(name), "weight.%d", i);
    svar_variable_unref(make_variable(store, name, SVAR_FLOAT32, 1, (int64_t[]){i}, NULL));
  }
}

// Versions that are still there because they were pinned, in the ring and in the reader table.
static void
make_versions(svar_store_t *store)
{
  svar_variable_t *variable =
      make_variable(store, "vector", SVAR_FLOAT64, 1, (int64_t[]){300}, NULL);
  double numbers[300] = {0};
  DLTensor tensor = svar_tensor(SVAR_FLOAT64, numbers, 1, (int64_t[]){300});
  svar_value_t pinned[5];
  for (int i = 0; i < 5; i++) {
    FUZZ_CHECK(svar_get_value(variable, SVAR_BORROW, &pinned[i]) == SVAR_OK);
    numbers[0] = i;
    FUZZ_CHECK(svar_set_value(variable, svar_array(&tensor), SVAR_COPY) == SVAR_OK);
  }
  for (int i = 0; i < 5; i++) {
    svar_value_release(&pinned[i]);
  }
  svar_variable_unref(variable);
}

static void
make_store(void)
{
  svar_store_options_t options = fuzz_store_options();
  svar_store_t *store = NULL;
  svar_transaction_t *transaction = NULL;
  FUZZ_CHECK(svar_store_create(FUZZ_STORE_NAME, &options, &store) == SVAR_OK);
  make_kinds(store);
  make_versions(store);
  FUZZ_CHECK(svar_transaction_begin(store, &transaction) == SVAR_OK);
  svar_variable_unref(make_variable(store, "unset", SVAR_FLOAT32, 1, (int64_t[]){1}, transaction));
  svar_transaction_abort(transaction);
  svar_store_close(store);
}

static void
load_image(const char *suffix, image_t *image)
{
  struct stat status;
  int fd = open(image_path(suffix), O_RDONLY | O_CLOEXEC);
  FUZZ_CHECK(fd >= 0 && fstat(fd, &status) == 0);
  image->size_bytes = (size_t)status.st_size;
  image->bytes = malloc(image->size_bytes);
  FUZZ_CHECK(image->bytes != NULL &&
             pread(fd, image->bytes, image->size_bytes, 0) == (ssize_t)image->size_bytes);
  close(fd);
  image->fd = -1;
}

static void
write_image(const char *suffix, image_t *image, mode_t mode)
{
  if (image->fd >= 0) {
    close(image->fd);
  }
  unlink(image_path(suffix)); // the last input's, which may have been replaced or still be mapped
  image->fd = open(image_path(suffix), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  FUZZ_CHECK(image->fd >= 0 &&
             write(image->fd, image->bytes, image->size_bytes) == (ssize_t)image->size_bytes);
}

void
fuzz_store_reset(void)
{
  if (state_image.bytes == NULL) {
    make_store();
    load_image("state", &state_image);
    load_image("readers", &readers_image);
  }
  write_image("state", &state_image, 0600);
  write_image("readers", &readers_image, 0600);
}

// --- patches ---------------------------------------------------------------------------------------

// A word of a file, of 1 to 8 bytes.
typedef struct word {
  const image_t *image;
  uint64_t offset;
  size_t size_bytes;
} word_t;

typedef struct field {
  size_t offset, size_bytes;
} field_t;

#define FIELD(type, member)                                                                        \
  {                                                                                                \
    offsetof(type, member), sizeof(((type *)0)->member) > 8 ? 8 : sizeof(((type *)0)->member)      \
  }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const field_t header_fields[] = {
    FIELD(svari_header_t, version),        FIELD(svari_header_t, horizon),
    FIELD(svari_header_t, variable_count), FIELD(svari_header_t, end_bytes),
    FIELD(svari_header_t, retired),        FIELD(svari_header_t, can_revoke),
    FIELD(svari_header_t, capacity_bytes), FIELD(svari_header_t, name),
    FIELD(svari_header_t, holder_pid),     FIELD(svari_header_t, committed_ns),
    FIELD(svari_header_t, created_ns),     FIELD(svari_header_t, generation),
    FIELD(svari_header_t, layout_hash),    FIELD(svari_header_t, layout_number),
    FIELD(svari_header_t, magic),
};
static const field_t entry_fields[] = {
    FIELD(svari_entry_t, newest), FIELD(svari_entry_t, dtype),
    FIELD(svari_entry_t, ndim),   FIELD(svari_entry_t, broadcastable),
    FIELD(svari_entry_t, flags),  FIELD(svari_entry_t, name_hash),
    FIELD(svari_entry_t, name),
};
static const field_t record_fields[] = {
    FIELD(svari_record_t, offset),   FIELD(svari_record_t, size_bytes),
    FIELD(svari_record_t, shape[0]), FIELD(svari_record_t, room_bytes),
    FIELD(svari_record_t, shape[1]), FIELD(svari_record_t, region),
};
static const field_t readers_fields[] = {
    FIELD(svari_readers_t, slots_used), FIELD(svari_readers_t, waiting),
    FIELD(svari_readers_t, generation), FIELD(svari_readers_t, layout_hash),
    FIELD(svari_readers_t, magic),
};
static const field_t process_fields[] = {
    FIELD(svari_process_t, pid),
    FIELD(svari_process_t, attached_ns),
    FIELD(svari_process_t, program),
};

static word_t
word_of(const image_t *image, uint64_t base, const field_t *fields, size_t count, uint8_t choice)
{
  const field_t *field = &fields[choice % count];
  return (word_t){image, base + field->offset, field->size_bytes};
}

// Where the library put the entry: the template's own directory, whatever the patches have said since.
static uint64_t
entry_offset(uint8_t index)
{
  const svari_header_t *header = (const svari_header_t *)state_image.bytes;
  uint64_t k = index % VARIABLES;
  uint64_t block = k / SVARI_DIRECTORY_BLOCK_ENTRIES;
  return header->directory[block] + k % SVARI_DIRECTORY_BLOCK_ENTRIES * sizeof(svari_entry_t);
}

static word_t
state_word(uint8_t place, fuzz_input_t *input)
{
  uint8_t a = fuzz_byte(input);
  switch (place % 6) {
  case 0:
    return word_of(&state_image, 0, header_fields, COUNT(header_fields), a);
  case 1:
    return (word_t){&state_image,
                    offsetof(svari_header_t, directory) + a % SVARI_DIRECTORY_BLOCKS * 8, 8};
  case 2:
    return word_of(&state_image, entry_offset(a), entry_fields, COUNT(entry_fields),
                   fuzz_byte(input));
  case 3:
    return (word_t){&state_image,
                    entry_offset(a) + offsetof(svari_entry_t, begin) +
                        fuzz_byte(input) % SVARI_RING_RECORDS * 8,
                    8};
  case 4: {
    uint64_t record = entry_offset(a) + offsetof(svari_entry_t, records) +
                      fuzz_byte(input) % SVARI_RING_RECORDS * sizeof(svari_record_t);
    return word_of(&state_image, record, record_fields, COUNT(record_fields), fuzz_byte(input));
  }
  default: // any byte
    return (word_t){&state_image, (a | (uint64_t)fuzz_byte(input) << 8) * 4, 1};
  }
}

static word_t
readers_word(uint8_t place, fuzz_input_t *input)
{
  uint8_t a = fuzz_byte(input);
  switch (place % 4) {
  case 0:
    return word_of(&readers_image, 0, readers_fields, COUNT(readers_fields), a);
  case 1:
    return word_of(&readers_image,
                   offsetof(svari_readers_t, processes) + a * sizeof(svari_process_t),
                   process_fields, COUNT(process_fields), fuzz_byte(input));
  default: { // a slot's owner or one of its pins
    uint64_t slot = offsetof(svari_readers_t, slots) + a * sizeof(svari_slot_t);
    return (word_t){&readers_image, slot + fuzz_byte(input) % 8 * 8, 8};
  }
  }
}

// A value worth trying: near what is there, near a bound, or any.
static uint64_t
next_value(fuzz_input_t *input, uint64_t now)
{
  uint8_t kind = fuzz_byte(input);
  if (kind % 12 == 0) {
    return fuzz_word(input);
  }
  uint8_t number = fuzz_byte(input);
  int64_t small = (int8_t)number;
  switch (kind % 12) {
  case 1:
    return number;
  case 2:
    return now + (uint64_t)small;
  case 3:
    return now + (uint64_t)(small * SVARI_ALIGNMENT);
  case 4:
    return UINT64_MAX - number;
  case 5:
    return UINT64_C(1) << number % 64;
  case 6:
    return (UINT64_C(1) << number % 64) - 1;
  case 7:
    return state_image.size_bytes + (uint64_t)(small * SVARI_ALIGNMENT);
  case 8:
    return CAPACITY_BYTES + (uint64_t)(small * SVARI_ALIGNMENT);
  case 9:
    return (uint64_t)number * SVARI_PAGE_BYTES;
  case 10:
    return entry_offset(number);
  default:
    return now ^ UINT64_C(1) << number % 64;
  }
}

static void
patch_word(const word_t *word, fuzz_input_t *input)
{
  uint64_t value = 0;
  // Beyond the end of a file cut short there is nothing to change.
  if (pread(word->image->fd, &value, word->size_bytes, (off_t)word->offset) ==
      (ssize_t)word->size_bytes) {
    value = next_value(input, value);
    FUZZ_CHECK(pwrite(word->image->fd, &value, word->size_bytes, (off_t)word->offset) ==
               (ssize_t)word->size_bytes);
  }
}

static void
patch_size(const image_t *image, fuzz_input_t *input)
{
  uint64_t size_bytes = next_value(input, image->size_bytes);
  FUZZ_CHECK(ftruncate(image->fd, (off_t)(size_bytes % SIZE_BYTES_MAX)) == 0);
}

void
fuzz_store_patch(fuzz_input_t *input, fuzz_reach_t reach)
{
  uint8_t place = fuzz_byte(input);
  if (reach == FUZZ_REACH_FILES && place >= 0xf0) {
    patch_size(place % 2 == 0 ? &state_image : &readers_image, input);
    return;
  }
  bool is_state = reach != FUZZ_REACH_READERS && place % 16 < 12;
  word_t word = is_state ? state_word(place % 16, input) : readers_word(place, input);
  patch_word(&word, input);
}

// --- reading ---------------------------------------------------------------------------------------

// Touches every page of the value: what is not there is a bus error.
static void
touch_value(const svar_value_t *value)
{
  uint64_t size_bytes = svar_value_bytes(value);
  const volatile uint8_t *data = value->tensor.data;
  FUZZ_CHECK(value->tensor.ndim >= 0 && value->tensor.ndim <= SVAR_NDIM_MAX);
  FUZZ_CHECK((uintptr_t)data % SVARI_ALIGNMENT == 0);
  FUZZ_CHECK(size_bytes <= SIZE_BYTES_MAX); // no file has more
  for (uint64_t i = 0; i < size_bytes; i += SVARI_PAGE_BYTES / 2) {
    (void)data[i];
  }
  if (size_bytes > 0) {
    (void)data[size_bytes - 1];
  }
}

static void
read_sparse(svar_variable_t *variable)
{
  svar_sparse_value_t value = SVAR_SPARSE_VALUE_INIT;
  for (int borrow = SVAR_COPY; borrow <= SVAR_BORROW; borrow++) {
    if (fuzz_ret(svar_sparse_get(variable, borrow, &value)) == SVAR_OK) {
      (void)!fuzz_ret(svar_sparse_check(&value.matrix)); // reads every index
      svar_sparse_value_release(&value);
    }
  }
}

static void
read_variable(svar_variable_t *variable, const svar_snapshot_t *snapshot)
{
  FUZZ_CHECK(strlen(svar_variable_name(variable)) < SVARI_NAME_BYTES);
  svar_value_t value = SVAR_VALUE_INIT;
  for (int borrow = SVAR_COPY; borrow <= SVAR_BORROW; borrow++) {
    if (fuzz_ret(svar_get_value(variable, borrow, &value)) == SVAR_OK) {
      touch_value(&value);
      svar_value_release(&value);
    }
  }
  svar_random_state_t state;
  (void)!fuzz_ret(svar_random_get(variable, &state));
  read_sparse(variable);
  if (snapshot->store != NULL &&
      fuzz_ret(svar_snapshot_get(snapshot, variable, &value)) == SVAR_OK) {
    touch_value(&value);
  }
}

static void
read_names(svar_store_t *store)
{
  static const char *const names[] = {"scalar", "vector", "unset", "weight.9", "nowhere", ""};
  for (size_t i = 0; i < COUNT(names); i++) {
    svar_variable_t *variable = NULL;
    if (fuzz_ret(svar_store_find(store, names[i], &variable)) == SVAR_OK) {
      svar_variable_unref(variable);
    }
  }
}

void
fuzz_store_read_all(svar_store_t *store)
{
  svar_store_info_t info;
  if (fuzz_ret(svar_store_info(store, &info)) == SVAR_OK) {
    FUZZ_CHECK(memchr(info.name, '\0', sizeof(info.name)) != NULL);
  }
  uint64_t version = 0;
  fuzz_ret(svar_store_wait(store, 0, 0, &version));
  fuzz_ret(svar_store_wait(store, UINT64_MAX, 0, &version));
  read_names(store);
  svar_snapshot_t snapshot = SVAR_SNAPSHOT_INIT;
  fuzz_ret(svar_snapshot_begin(store, &snapshot));
  size_t count = svar_store_count(store);
  for (size_t i = 0; i < count && i < 2 * VARIABLES; i++) {
    svar_variable_t *variable = NULL;
    if (fuzz_ret(svar_store_at(store, i, &variable)) == SVAR_OK) {
      read_variable(variable, &snapshot);
      svar_variable_unref(variable);
    }
  }
  svar_snapshot_end(&snapshot);
}
