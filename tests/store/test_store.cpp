#include <sys/resource.h>

#include <fstream>
#include <optional>

#include "fakes/default_gpu.hpp"

namespace
{

using namespace svar_test;

// Every test here holds for stores of private and of shared memory, and for private ones with their values on a GPU
// (which is a property of each variable: others may be in the same store).
enum class Kind { Cpu, Ipc, Gpu };

svar_ret_t
create(Kind kind, const char *name, const svar_store_options_t *options, svar_store_t **out_store)
{
  return kind == Kind::Ipc ? svar_store_create(name, options, out_store)
                           : svar_store_create_private(name, options, out_store);
}

class StoreContract : public testing::TestWithParam<Kind>
{
protected:
  void SetUp() override
  {
    if (GetParam() == Kind::Gpu) {
      gpu_.emplace();
    }
  }
  Store make(const char *name)
  {
    svar_store_t *store = nullptr;
    svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
    options.capacity_bytes = 64 << 20;
    EXPECT_SVAR_OK(create(GetParam(), name, &options, &store));
    return Store(store);
  }

  ScratchDirectory directory_;
  std::optional<DefaultGpu> gpu_;
};

// Takes the store's files away at the end, so that nothing is left.
struct Removed {
  explicit Removed(const Store &store) : store_(store) {}
  ~Removed()
  {
    EXPECT_SVAR_OK(svar_store_remove(store_.get()));
  }
  const Store &store_;
};

TEST_P(StoreContract, IsEmptyAtFirst)
{
  Store store = make("/empty");
  EXPECT_STREQ(svar_store_name(store.get()), "/empty");
  EXPECT_EQ(svar_store_version(store.get()), 0u);
  EXPECT_EQ(svar_store_count(store.get()), 0u);
  EXPECT_TRUE(svar_store_is_holder(store.get()));
  EXPECT_EQ(svar_store_backing(store.get()),
            GetParam() == Kind::Ipc ? SVAR_BACKING_IPC : SVAR_BACKING_CPU);
  EXPECT_EQ(svar_store_committed_ns(store.get()), 0);
  svar_snapshot_t snapshot = SVAR_SNAPSHOT_INIT;
  ASSERT_SVAR_OK(svar_snapshot_begin(store.get(), &snapshot));
  EXPECT_EQ(snapshot.version, 0u);
  svar_snapshot_end(&snapshot);
  svar_variable_t *variable = nullptr;
  EXPECT_SVAR_FAILS(SVAR_ERR_NOT_FOUND, "nothing",
                    svar_store_find(store.get(), "nothing", &variable));
  EXPECT_EQ(std::string(svar_error_message()).find("svar info") == std::string::npos,
            GetParam() != Kind::Ipc)
      << "which knows shared stores only";
  EXPECT_EQ(variable, nullptr);
}

TEST_P(StoreContract, GivesBackWhatWasShared)
{
  Store store = make("/values");
  Removed removed(store);
  timespec before, after;
  clock_gettime(CLOCK_REALTIME, &before);
  Variable weight = make_variable<float>(store, "weight", {1, 2, 3});
  clock_gettime(CLOCK_REALTIME, &after);
  EXPECT_GE(svar_store_committed_ns(store.get()), before.tv_sec * 1000000000 + before.tv_nsec);
  EXPECT_LE(svar_store_committed_ns(store.get()), after.tv_sec * 1000000000 + after.tv_nsec);
  EXPECT_STREQ(svar_variable_name(weight.get()), "weight");
  EXPECT_EQ(svar_variable_store(weight.get()), store.get());
  EXPECT_EQ(svar_variable_backing(weight.get()), GetParam() == Kind::Cpu   ? SVAR_BACKING_CPU
                                                 : GetParam() == Kind::Ipc ? SVAR_BACKING_IPC
                                                                           : SVAR_BACKING_GPU);
  EXPECT_EQ(get<float>(weight), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(get<float>(find(store, "weight")), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(svar_store_version(store.get()), 1u);
}

TEST_P(StoreContract, ABorrowedViewKeepsItsVersionWhileNewerOnesAreCommitted)
{
  if (GetParam() == Kind::Gpu) {
    GTEST_SKIP()
        << "the host follows no view on a GPU: GpuStore.ViewsOnTheDevice... does on the device";
  }
  Store store = make("/views");
  Removed removed(store);
  Variable weight = make_variable<float>(store, "weight", {1, 1});
  svar_value_t old = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(weight.get(), SVAR_BORROW, &old));
  for (float i = 2; i < 100; i++) {
    ASSERT_SVAR_OK(set<float>(weight, {i, i}));
  }
  EXPECT_TRUE(old.is_alias);
  EXPECT_EQ(old.version, 1u);
  EXPECT_EQ(contents<float>(old), (std::vector<float>{1, 1}));
  EXPECT_EQ(get<float>(weight), (std::vector<float>{99, 99}));
  svar_value_release(&old);
  svar_value_release(&old); // twice is harmless
}

TEST_P(StoreContract, ACopyIsTheCallersOwn)
{
  Store store = make("/copies");
  Removed removed(store);
  Variable weight = make_variable<float>(store, "weight", {1, 2});
  svar_value_t copy = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(weight.get(), SVAR_COPY, &copy));
  EXPECT_FALSE(copy.is_alias);
  static_cast<float *>(copy.tensor.data)[0] = 42;
  EXPECT_EQ(get<float>(weight), (std::vector<float>{1, 2}));
  svar_value_release(&copy);
}

TEST_P(StoreContract, CopiesIntoTheCallersTensorOnlyIfItFits)
{
  Store store = make("/into");
  Removed removed(store);
  Variable weight = make_variable<float>(store, "weight", {1, 2, 3});
  float room[3] = {0, 0, 0};
  int64_t shape[1] = {3};
  DLTensor destination = svar_tensor(SVAR_FLOAT32, room, 1, shape);
  uint64_t version = 0;
  ASSERT_SVAR_OK(svar_get_value_into(weight.get(), &destination, &version));
  EXPECT_EQ(room[2], 3);
  EXPECT_EQ(version, 1u);
  shape[0] = 2;
  EXPECT_EQ(SVAR_ERR_TYPE, svar_get_value_into(weight.get(), &destination, nullptr));
}

TEST_P(StoreContract, AValueMayChangeItsShapeButNotItsType)
{
  Store store = make("/shapes");
  Removed removed(store);
  Variable weight = make_variable<float>(store, "weight", {1, 2, 3});
  ASSERT_SVAR_OK(set<float>(weight, std::vector<float>(5000, 7)));
  EXPECT_EQ(get<float>(weight).size(), 5000u);
  ASSERT_SVAR_OK(set<float>(weight, {}));
  EXPECT_EQ(get<float>(weight).size(), 0u);
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "weight", set<double>(weight, {1}));
  EXPECT_EQ(get<float>(weight).size(), 0u) << "a refused value leaves the old one";
}

TEST_P(StoreContract, NamesAreUniqueAndChecked)
{
  Store store = make("/names");
  Removed removed(store);
  Variable weight = make_variable<float>(store, "weight", {1});
  Array<float> array({2});
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.store = store.get();
  svar_variable_t *variable = nullptr;
  options.name = "weight";
  EXPECT_SVAR_FAILS(SVAR_ERR_EXISTS, "weight", svar_shared(array.source(), &options, &variable));
  options.name = nullptr;
  EXPECT_EQ(SVAR_ERR_ARGUMENT, svar_shared(array.source(), &options, &variable));
  options.name = "";
  EXPECT_EQ(SVAR_ERR_ARGUMENT, svar_shared(array.source(), &options, &variable));
  options.name = "line\nbreak";
  EXPECT_EQ(SVAR_ERR_ARGUMENT, svar_shared(array.source(), &options, &variable));
  std::string longest(255, 'n');
  options.name = longest.c_str();
  ASSERT_SVAR_OK(svar_shared(array.source(), &options, &variable));
  svar_variable_unref(variable);
  longest.push_back('n');
  options.name = longest.c_str();
  EXPECT_EQ(SVAR_ERR_ARGUMENT, svar_shared(array.source(), &options, &variable));
  EXPECT_EQ(svar_store_count(store.get()), 2u) << "refused names take no entry";
}

TEST_P(StoreContract, AFailedConstructionLeavesItsNameFree)
{
  Store store = make("/failed");
  {
    std::vector<float> large(32 << 20); // 128 MiB in a store of 64
    Array<float> array(large);
    svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
    options.store = store.get();
    options.name = "weight";
    svar_variable_t *variable = nullptr;
    EXPECT_SVAR_FAILS(SVAR_ERR_NO_SPACE, "capacity_bytes",
                      svar_shared(array.source(), &options, &variable));
  }
  Removed removed(store);
  Variable weight = make_variable<float>(store, "weight", {1});
  EXPECT_EQ(get<float>(weight), std::vector<float>{1});
}

TEST_P(StoreContract, HoldsThousandsOfVariables)
{
  Store store = make("/many");
  Removed removed(store);
  svar_transaction_t *transaction = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store.get(), &transaction));
  std::vector<Variable> variables;
  for (int i = 0; i < 3000; i++) {
    variables.push_back(make_variable<float>(store, ("v" + std::to_string(i)).c_str(),
                                             {static_cast<float>(i)}, transaction));
  }
  ASSERT_SVAR_OK(svar_transaction_commit(transaction, nullptr));
  EXPECT_EQ(svar_store_version(store.get()), 1u);
  EXPECT_EQ(svar_store_count(store.get()), 3000u);
  for (int i = 0; i < 3000; i++) {
    svar_variable_t *variable = nullptr;
    ASSERT_SVAR_OK(svar_store_at(store.get(), i, &variable));
    Variable owned(variable);
    ASSERT_STREQ(svar_variable_name(variable), ("v" + std::to_string(i)).c_str());
    ASSERT_EQ(get<float>(owned), std::vector<float>{static_cast<float>(i)});
  }
  svar_variable_t *variable = nullptr;
  EXPECT_EQ(SVAR_ERR_INDEX, svar_store_at(store.get(), 3000, &variable));
}

TEST_P(StoreContract, AClosedHandleRefusesButItsVariablesMayStillGo)
{
  Store store = make("/closed");
  Variable weight = make_variable<float>(store, "weight", {1});
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
  store.reset();
  svar_value_t value = SVAR_VALUE_INIT;
  EXPECT_SVAR_FAILS(SVAR_ERR_STATE, "/closed", svar_get_value(weight.get(), SVAR_BORROW, &value));
  EXPECT_SVAR_FAILS(SVAR_ERR_STATE, "/closed", set<float>(weight, {2}));
}

TEST_P(StoreContract, ACapacityIsWholePagesAndHasALimit)
{
  if (GetParam() == Kind::Gpu) {
    GTEST_SKIP() << "of memory on a GPU it is whole pieces of the GPU's";
  }
  for (uint64_t capacity : {UINT64_C(1), UINT64_C(4095), UINT64_C(4096)}) {
    svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
    options.capacity_bytes = capacity;
    svar_store_t *store = nullptr;
    ASSERT_SVAR_OK(create(GetParam(), "/capacity", &options, &store));
    Store small(store);
    Removed at_end(small);
    svar_store_info_t info;
    ASSERT_SVAR_OK(svar_store_info(store, &info));
    EXPECT_EQ(info.capacity_bytes, 4096u);
    svar_shared_options_t shared = SVAR_SHARED_OPTIONS_INIT;
    shared.name = "x";
    shared.store = store;
    svar_variable_t *variable = nullptr;
    EXPECT_SVAR_FAILS(SVAR_ERR_NO_SPACE, "has 0 of its capacity of 4096 bytes",
                      svar_shared(svar_float(1), &shared, &variable));
  }
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  for (uint64_t capacity : {(UINT64_C(1) << 46) + 1, UINT64_MAX}) {
    options.capacity_bytes = capacity;
    svar_store_t *store = nullptr;
    EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, std::to_string(capacity),
                      create(GetParam(), "/capacity", &options, &store));
  }
}

std::string
name_of(const testing::TestParamInfo<Kind> &info)
{
  static const char *const names[] = {"Cpu", "Ipc", "Gpu"};
  return names[static_cast<int>(info.param)];
}

INSTANTIATE_TEST_SUITE_P(Backings, StoreContract, testing::Values(Kind::Cpu, Kind::Ipc, Kind::Gpu),
                         name_of);

TEST(StoreWithoutOne, VariablesLiveInThePrivateStoreAndLeaveNothingThere)
{
  svar_variable_t *first = nullptr;
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = "label";
  ASSERT_SVAR_OK(svar_shared(svar_float(2.5), &options, &first));
  svar_store_t *store = svar_variable_store(first);
  svar_variable_t *second = nullptr;
  ASSERT_SVAR_OK(svar_shared(svar_float(3.5), &options, &second)) << "labels are not unique";
  EXPECT_STREQ(svar_variable_name(first), "label");
  EXPECT_EQ(get<double>(Variable(svar_variable_ref(first))), std::vector<double>{2.5});
  EXPECT_EQ(get<double>(Variable(svar_variable_ref(second))), std::vector<double>{3.5});
  size_t count = svar_store_count(store);
  svar_variable_unref(first);
  svar_variable_unref(second);
  for (int i = 0; i < 1000; i++) {
    svar_variable_t *variable = nullptr;
    ASSERT_SVAR_OK(svar_shared(svar_float(i), nullptr, &variable));
    EXPECT_EQ(svar_variable_name(variable), nullptr);
    svar_variable_unref(variable);
  }
  EXPECT_EQ(svar_store_count(store), count) << "entries of ended variables are used again";
}

TEST(StoreWithoutOne, AnEntryIsNotUsedAgainWhileItsOldValueCanBeReadOrCommitted)
{
  svar_variable_t *first = nullptr;
  Array<double> four({1, 2, 3, 4});
  ASSERT_SVAR_OK(svar_shared(four.source(), nullptr, &first));
  svar_transaction_t *transaction = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(svar_variable_store(first), &transaction));
  ASSERT_SVAR_OK(svar_transaction_set(transaction, first, four.source()));
  svar_variable_unref(first);
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  svar_transaction_t *later = nullptr;
  svar_variable_t *second = nullptr;
  ASSERT_SVAR_OK(svar_shared(svar_float(9), nullptr, &second));
  ASSERT_SVAR_OK(svar_transaction_commit(transaction, nullptr));
  EXPECT_EQ(get<double>(Variable(second)), std::vector<double>{9}) << "not the first one's";
  ASSERT_SVAR_OK(svar_shared(svar_float(1), nullptr, &first));
  ASSERT_SVAR_OK(svar_transaction_begin(svar_variable_store(first), &later));
  svar_variable_unref(first);
  options.transaction = later;
  ASSERT_SVAR_OK(svar_shared(svar_float(2), &options, &second));
  svar_value_t value = SVAR_VALUE_INIT;
  EXPECT_EQ(SVAR_ERR_UNSET, svar_get_value(second, SVAR_BORROW, &value)) << "not committed yet";
  ASSERT_SVAR_OK(svar_transaction_commit(later, nullptr));
  EXPECT_EQ(get<double>(Variable(second)), std::vector<double>{2});
}

// Else a handle would show, and set, what becomes another variable when the first one ends.
TEST(StoreWithoutOne, VariablesAreNotFoundInThePrivateStore)
{
  svar_variable_t *variable = nullptr;
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = "label";
  ASSERT_SVAR_OK(svar_shared(svar_float(1), &options, &variable));
  Variable first(variable);
  svar_store_t *store = svar_variable_store(variable);
  svar_variable_t *found = nullptr;
  for (const char *name : {"", "label", "private_0"}) {
    EXPECT_EQ(SVAR_ERR_NOT_FOUND, svar_store_find(store, name, &found)) << name;
  }
  for (size_t i = 0; i < svar_store_count(store); i++) {
    EXPECT_SVAR_FAILS(SVAR_ERR_NOT_FOUND, "without a store", svar_store_at(store, i, &found));
  }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // which take all address space
TEST(StoreWithoutOne, FitsIntoALimitedAddressSpace)
{
  Child child([] { // that has no private store yet, whatever this process made
    uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const uint64_t bytes = pages * static_cast<uint64_t>(getpagesize()) + (UINT64_C(3) << 30);
    struct rlimit limit = {bytes, bytes};
    svar_variable_t *variable = nullptr;
    return setrlimit(RLIMIT_AS, &limit) == 0 &&
                   svar_shared(svar_float(1), nullptr, &variable) == SVAR_OK
               ? 0
               : 1;
  });
  EXPECT_EQ(child.wait(), 0);
}
#endif

TEST(StoreWithoutOne, AViewOutlivesItsVariable)
{
  svar_variable_t *variable = nullptr;
  ASSERT_SVAR_OK(svar_shared(svar_float(2.5), nullptr, &variable));
  svar_value_t view = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(variable, SVAR_BORROW, &view));
  svar_variable_unref(variable);
  for (int i = 0; i < 100; i++) {
    svar_variable_t *other = nullptr;
    ASSERT_SVAR_OK(svar_shared(svar_float(i), nullptr, &other));
    svar_variable_unref(other);
  }
  EXPECT_EQ(*static_cast<const double *>(view.tensor.data), 2.5);
  svar_value_release(&view);
}

} // namespace
