// Archives without memory: whichever allocation fails, nothing is left and the code says why. The archive's
// objects are linked into this program, with malloc() and its like replaced by those below.
#include <jansson.h>

#include <cstring>

#include "archive/archive_fixture.hpp"
#include "fakes/failing_heap.hpp"
#include "fakes/sparse.hpp"

extern "C" {
void *__real_malloc(size_t size_bytes);
void *__real_aligned_alloc(size_t alignment, size_t size_bytes);
void __real_free(void *memory);
json_t *__real_json_loadb(const char *text, size_t text_bytes, size_t flags, json_error_t *error);
}

namespace
{

// The heap that stands behind malloc() while a test calls the archive; NULL: the system's.
FailingHeap *heap_in_use = nullptr;

// That of jansson's reader, which reads on without a byte that it finds no room for: its own trouble.
FailingHeap *readers_heap = nullptr;

// Where each allocation is from is noted before it, in as many bytes as it is aligned to.
const size_t NOTE_BYTES = 64;

void *
allocate(size_t size_bytes)
{
  char *memory = nullptr;
  if (heap_in_use == nullptr) {
    memory = static_cast<char *>(
        __real_aligned_alloc(NOTE_BYTES, (size_bytes / NOTE_BYTES + 2) * NOTE_BYTES));
  } else {
    svar_allocator_t allocator = heap_in_use->allocator();
    memory = static_cast<char *>(
        allocator.allocate(size_bytes + NOTE_BYTES, NOTE_BYTES, allocator.state));
  }
  if (memory == nullptr) {
    return nullptr;
  }
  memcpy(memory, &heap_in_use, sizeof(heap_in_use));
  return memory + NOTE_BYTES;
}

void
deallocate(void *memory)
{
  if (memory == nullptr) {
    return;
  }
  char *begin = static_cast<char *>(memory) - NOTE_BYTES;
  FailingHeap *heap;
  memcpy(&heap, begin, sizeof(heap));
  if (heap == nullptr) {
    __real_free(begin);
  } else {
    svar_allocator_t allocator = heap->allocator();
    allocator.deallocate(begin, allocator.state);
  }
}

} // namespace

// The linker sends the archive's calls here (--wrap). Visible, for it believes that shared libraries want them too.
#pragma GCC visibility push(default)
extern "C" {
void *
__wrap_malloc(size_t size_bytes)
{
  return allocate(size_bytes);
}

void *
__wrap_calloc(size_t count, size_t size_bytes)
{
  void *memory = allocate(count * size_bytes);
  return memory != nullptr ? memset(memory, 0, count * size_bytes) : nullptr;
}

void *
__wrap_aligned_alloc(size_t, size_t size_bytes)
{
  return allocate(size_bytes);
}

json_t *
__wrap_json_loadb(const char *text, size_t text_bytes, size_t flags, json_error_t *error)
{
  FailingHeap *heap = heap_in_use;
  heap_in_use = readers_heap;
  json_t *json = __real_json_loadb(text, text_bytes, flags, error);
  heap_in_use = heap;
  return json;
}

char *
__wrap_strdup(const char *text)
{
  void *memory = allocate(strlen(text) + 1);
  return memory != nullptr ? static_cast<char *>(memcpy(memory, text, strlen(text) + 1)) : nullptr;
}

void
__wrap_free(void *memory)
{
  deallocate(memory);
}
}
#pragma GCC visibility pop

namespace
{

// Calls use with a heap of its own behind the archive and jansson, for every allocation that can fail.
class ArchiveMemory : public Archive
{
protected:
  ArchiveMemory()
  {
    json_set_alloc_funcs(allocate, deallocate);
    readers_heap = &readers_heap_;
  }
  ~ArchiveMemory() override
  {
    EXPECT_EQ(readers_heap_.live(), 0);
    readers_heap = nullptr;
    json_set_alloc_funcs(__real_malloc, __real_free);
  }

  static bool with_heap(FailingHeap &heap, const std::function<svar_ret_t()> &use)
  {
    heap_in_use = &heap;
    svar_ret_t ret = use();
    heap_in_use = nullptr;
    EXPECT_TRUE(ret == SVAR_OK || ret == SVAR_ERR_NO_MEMORY) << ret << svar_error_message();
    return ret == SVAR_OK;
  }
  // Values of every kind, a clone, one that is given twice, a name that is taken.
  void save_all()
  {
    Sparse<double> matrix(SVAR_SPARSE_CSR, 2, 3, {1, 2}, {1, 0}, {0, 1, 2});
    svar_random_state_t state = svar_random_seeded(1);
    const bool flags[2] = {true, false};
    svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
    options.name = "flagged";
    options.strict = true;
    options.allow_downcast = SVAR_DOWNCAST_TRUE;
    options.broadcastable = flags;
    options.broadcastable_count = 2;
    svar_variable_t *made = nullptr;
    Array row(SVAR_FLOAT32, {1, 3});
    ASSERT_SVAR_OK(svar_shared(row.source(), &options, &made));
    variables_.emplace_back(made);
    ASSERT_SVAR_OK(svar_variable_clone(made, "clone", &made));
    variables_.emplace_back(made);
    variables_.push_back(Make(svar_complex(1, 2), "flagged"));
    variables_.push_back(Make(svar_float(1), nullptr));
    variables_.push_back(Make(matrix.source(), "m"));
    variables_.push_back(Make(svar_random_source(&state), "r"));
    pointers_ = Pointers(variables_);
    pointers_.push_back(pointers_[0]);
    ASSERT_SVAR_OK(Save(pointers_));
  }

  FailingHeap readers_heap_;
  std::vector<Variable> variables_;
  std::vector<svar_variable_t *> pointers_;
};

TEST_F(ArchiveMemory, SaveLeavesNothingAndTheOldFile)
{
  save_all();
  int allocations = fail_each_allocation([&](FailingHeap &heap) {
    bool is_saved = with_heap(heap, [&] { return Save(pointers_); });
    Loaded loaded(path_);
    EXPECT_EQ(loaded.count(), pointers_.size());
    return is_saved;
  });
  EXPECT_GT(allocations, 100);
}

TEST_F(ArchiveMemory, LoadLeavesNothing)
{
  save_all();
  EXPECT_GT(fail_each_allocation([&](FailingHeap &heap) {
              return with_heap(heap, [&] {
                svar_archive_variables_t list = {};
                svar_ret_t ret = svar_archive_load(path_.c_str(), nullptr, nullptr, &list);
                EXPECT_EQ(list.variables != nullptr, ret == SVAR_OK);
                svar_archive_variables_release(&list);
                return ret;
              });
            }),
            30);
}

TEST_F(ArchiveMemory, AReaderWithoutMemoryIsNotASyntaxError)
{
  save_all();
  FailingHeap none(0);
  readers_heap = &none;
  svar_archive_variables_t list = {};
  EXPECT_SVAR_FAILS(SVAR_ERR_NO_MEMORY, "no memory to read its header",
                    svar_archive_load(path_.c_str(), nullptr, nullptr, &list));
  EXPECT_EQ(none.live(), 0);
}

// In a store whose own tables are of the same heap.
svar_ret_t
load_and_restore(const std::string &path, FailingHeap &heap, svar_store_t **store)
{
  svar_allocator_t allocator = heap.allocator();
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.allocator = &allocator;
  SVAR_TRY(svar_store_create_private("/loaded", &options, store));
  svar_archive_variables_t list = {};
  svar_ret_t ret = svar_archive_load(path.c_str(), *store, nullptr, &list);
  EXPECT_EQ(svar_store_version(*store), ret == SVAR_OK ? 1u : 0u);
  svar_archive_variables_release(&list);
  SVAR_TRY(ret);
  ret = svar_archive_restore(path.c_str(), *store, nullptr, nullptr);
  EXPECT_EQ(svar_store_version(*store), ret == SVAR_OK ? 2u : 1u);
  return ret;
}

TEST_F(ArchiveMemory, LoadAndRestoreInAStoreLeaveNothing)
{
  save_all();
  EXPECT_GT(fail_each_allocation([&](FailingHeap &heap) {
              return with_heap(heap, [&] {
                svar_store_t *store = nullptr;
                svar_ret_t ret = load_and_restore(path_, heap, &store);
                svar_store_close(store);
                return ret;
              });
            }),
            100);
}

} // namespace
