// Variable handles, reading and writing, on containers without a store.
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "handle.hpp"

namespace
{

class Variable : public WithFakeContainers
{
};

TEST_F(Variable, IsACopyOfTheArrayItIsMadeFrom)
{
  Array x = vector_of<float>({1, 1});
  svar_shared_options_t copy = SVAR_SHARED_OPTIONS_INIT;
  copy.borrow = SVAR_COPY;
  Handle a(x.source());
  Handle b(x.source(), &copy);
  x.as<float>()[0] += 1;
  x.as<float>()[1] += 1;
  EXPECT_EQ(Read(a).all<float>(), (std::vector<float>{1, 1}));
  EXPECT_EQ(Read(b).all<float>(), (std::vector<float>{1, 1}));
  EXPECT_NE(fake_container_cell(a), fake_container_cell(b)) << "nor do two variables share bytes";
}

TEST_F(Variable, KeepsItsValueWhenTheSourceOfASetChanges)
{
  Handle s(vector_of<double>({0, 0, 0}).source());
  Array y = vector_of<double>({1, 2, 3});
  ASSERT_EQ(svar_set_value(s, y.source(), SVAR_COPY), SVAR_OK);
  y.as<double>()[0] = 9;
  EXPECT_EQ(Read(s).all<double>(), (std::vector<double>{1, 2, 3}));
  Array narrow = vector_of<float>({4, 5, 6});
  ASSERT_EQ(svar_set_value(s, narrow.source(), SVAR_BORROW), SVAR_OK);
  narrow.as<float>()[0] = 9;
  EXPECT_EQ(Read(s).all<double>(), (std::vector<double>{4, 5, 6}));
}

TEST_F(Variable, StoresStridedAndMisalignedSourcesPacked)
{
  std::vector<unsigned char> memory(6 * sizeof(double) + 1);
  double numbers[6] = {1, 2, 3, 4, 5, 6};
  std::memcpy(memory.data() + 1, numbers, sizeof(numbers));
  int64_t shape[2] = {2, 2};
  int64_t strides[2] = {3, 2};
  DLTensor every_second = svar_tensor(SVAR_FLOAT64, memory.data(), 2, shape);
  every_second.strides = strides;
  every_second.byte_offset = 1;
  Handle s(svar_array(&every_second));
  Read view(s, SVAR_BORROW);
  EXPECT_EQ(view.all<double>(), (std::vector<double>{1, 3, 4, 6}));
  EXPECT_EQ(view->tensor.strides, nullptr);
}

TEST_F(Variable, MakesAWritableCopyOfAReadOnlySource)
{
  static const double constants[2] = {1, 2};
  int64_t shape[1] = {2};
  DLTensor tensor = svar_tensor(SVAR_FLOAT64, const_cast<double *>(constants), 1, shape);
  Handle s(svar_array(&tensor));
  Read copy(s);
  copy.data<double>()[0] = 7;
  EXPECT_EQ(copy.all<double>(), (std::vector<double>{7, 2}));
  EXPECT_EQ(Read(s).all<double>(), (std::vector<double>{1, 2}));
}

TEST_F(Variable, GivesCopiesThatShareNothing)
{
  for (int32_t ndim = 0; ndim <= 4; ndim++) {
    std::vector<int64_t> shape(static_cast<size_t>(ndim), 2);
    Array x(SVAR_INT16, shape);
    Handle s(x.source());
    Read first(s);
    Read second(s);
    EXPECT_FALSE(first->is_alias);
    EXPECT_NE(first->tensor.data, second->tensor.data);
    EXPECT_NE(first->tensor.data, fake_container_cell(s));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(first->tensor.data) % 64, 0u);
    EXPECT_EQ(first->tensor.ndim, ndim);
    EXPECT_TRUE(svar_dtype_equal(first->tensor.dtype, SVAR_INT16));
    EXPECT_EQ(first->tensor.shape, first->shape);
    EXPECT_EQ(std::vector<int64_t>(first->shape, first->shape + ndim), shape);
    first.data<int16_t>()[0] = 5;
    EXPECT_EQ(*second.data<int16_t>(), 0);
    EXPECT_EQ(*Read(s).data<int16_t>(), 0);
    EXPECT_EQ(fake_container_pin(s), 0u) << "a copy holds no pin";
  }
}

TEST_F(Variable, LendsItsStoredBytesUntilTheViewIsReleased)
{
  Handle s(vector_of<double>({1, 2}).source());
  {
    Read view(s, SVAR_BORROW);
    EXPECT_TRUE(view->is_alias);
    EXPECT_EQ(view->tensor.data, fake_container_cell(s));
    EXPECT_EQ(view->version, 1u);
    EXPECT_EQ(fake_container_pin(s), 1u);
  }
  EXPECT_EQ(fake_container_pin(s), 0u);
}

TEST_F(Variable, CopiesAnEmptyValueAndAcceptsAnyExtent)
{
  Handle s(vector_of<double>({1, 2, 3}).source());
  ASSERT_EQ(svar_set_value(s, Array(SVAR_FLOAT64, {5}).source(), SVAR_COPY), SVAR_OK);
  EXPECT_EQ(Read(s)->shape[0], 5);
  ASSERT_EQ(svar_set_value(s, Array(SVAR_FLOAT64, {0}).source(), SVAR_COPY), SVAR_OK);
  Read empty(s);
  EXPECT_EQ(empty->shape[0], 0);
  EXPECT_EQ(svar_value_bytes(&*empty.operator->()), 0u);
}

TEST_F(Variable, ARefusedValueLeavesTheOldOne)
{
  svar_shared_options_t named = options_named("wts");
  Handle s(vector_of<float>({1, 2}).source(), &named);
  const void *cell = fake_container_cell(s);
  EXPECT_EQ(svar_set_value(s, vector_of<double>({3, 4}).source(), SVAR_COPY), SVAR_ERR_TYPE);
  EXPECT_NE(std::string(svar_error_message()).find("'wts'"), std::string::npos);
  EXPECT_EQ(svar_set_value(s, svar_float(3), SVAR_COPY), SVAR_ERR_TYPE);
  EXPECT_EQ(fake_container_cell(s), cell);
  EXPECT_EQ(Read(s).all<float>(), (std::vector<float>{1, 2}));
}

TEST_F(Variable, NameIsALabelAndMayBeEmpty)
{
  svar_shared_options_t w = options_named("w");
  svar_shared_options_t empty = options_named("");
  Handle first(svar_int(1), &w);
  Handle second(svar_int(2), &w);
  Handle blank(svar_int(3), &empty);
  Handle unnamed(svar_int(4));
  EXPECT_STREQ(svar_variable_name(first), "w");
  EXPECT_STREQ(svar_variable_name(second), "w");
  EXPECT_STREQ(svar_variable_name(blank), "");
  EXPECT_EQ(svar_variable_name(unnamed), nullptr);
  EXPECT_EQ(*Read(first).data<int64_t>(), 1);
  EXPECT_EQ(*Read(second).data<int64_t>(), 2);
}

TEST_F(Variable, AnswersForItsContainer)
{
  Handle s(svar_float(1));
  svar_type_t type = svar_variable_type(s);
  svar_type_t expected = svar_tensor_type(SVAR_FLOAT64, 0, 0);
  EXPECT_TRUE(svar_type_equal(&type, &expected));
  EXPECT_EQ(svar_variable_backing(s), SVAR_BACKING_CPU);
  EXPECT_NE(svar_variable_store(s), nullptr);
}

TEST_F(Variable, LivesUntilTheLastReferenceFromAnyThread)
{
  svar_variable_t *s = nullptr;
  ASSERT_EQ(svar_shared(svar_int(1), nullptr, &s), SVAR_OK);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    svar_variable_t *mine = svar_variable_ref(s);
    EXPECT_EQ(mine, s);
    threads.emplace_back([mine] {
      for (int round = 0; round < 1000; round++) {
        svar_variable_unref(svar_variable_ref(mine));
      }
      svar_variable_unref(mine);
    });
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
  EXPECT_EQ(*Read(s).data<int64_t>(), 1);
  EXPECT_GT(heap_.live(), 0);
  svar_variable_unref(s);
  EXPECT_EQ(heap_.live(), 0);
}

TEST_F(Variable, TwoHandlesOfOneContainerShareItsValue)
{
  Handle first(svar_int(1));
  Handle second;
  ASSERT_EQ(fake_container_share(first, "clone", second.out()), SVAR_OK);
  EXPECT_EQ(fake_container_references(first), 2u);
  ASSERT_EQ(svar_set_value(second, svar_int(5), SVAR_COPY), SVAR_OK);
  EXPECT_EQ(*Read(first).data<int64_t>(), 5);
}

TEST_F(Variable, ReadsIntoTheCallersTensor)
{
  Handle s(Array(std::vector<int32_t>{1, 2, 3, 4}, {2, 2}).source());
  Array out(SVAR_INT32, {2, 2});
  uint64_t version = 0;
  ASSERT_EQ(svar_get_value_into(s, &out.tensor(), &version), SVAR_OK);
  EXPECT_EQ(version, 1u);
  EXPECT_EQ(std::memcmp(out.as<int32_t>(), fake_container_cell(s), 16), 0);
  int64_t compact[2] = {2, 1};
  out.tensor().strides = compact;
  EXPECT_EQ(svar_get_value_into(s, &out.tensor(), nullptr), SVAR_OK);
  EXPECT_EQ(fake_container_pin(s), 0u);
}

TEST_F(Variable, RefusesATensorThatCannotTakeTheValue)
{
  svar_shared_options_t named = options_named("gain");
  Handle s(Array(std::vector<int32_t>{1, 2, 3, 4}, {2, 2}).source(), &named);
  uint64_t version = 77;
  Array other_dtype(SVAR_UINT32, {2, 2});
  Array other_rank(SVAR_INT32, {4});
  Array other_shape(SVAR_INT32, {2, 3});
  for (Array *out : {&other_dtype, &other_rank, &other_shape}) {
    EXPECT_EQ(svar_get_value_into(s, &out->tensor(), &version), SVAR_ERR_TYPE);
    EXPECT_NE(std::string(svar_error_message()).find("'gain'"), std::string::npos);
  }
  Array transposed(SVAR_INT32, {2, 2});
  int64_t strides[2] = {1, 2};
  transposed.tensor().strides = strides;
  Array device(SVAR_INT32, {2, 2});
  device.tensor().device.device_type = kDLCUDA;
  Array nowhere(SVAR_INT32, {2, 2});
  nowhere.tensor().data = nullptr;
  for (Array *out : {&transposed, &device, &nowhere}) {
    EXPECT_EQ(svar_get_value_into(s, &out->tensor(), &version), SVAR_ERR_ARGUMENT);
  }
  EXPECT_EQ(version, 77u);
  EXPECT_EQ(fake_container_pin(s), 0u) << "a failure leaves no pin";
}

TEST_F(Variable, NullIsAnArgumentErrorOrANoOp)
{
  Handle s(svar_int(1));
  svar_value_t value = SVAR_VALUE_INIT;
  EXPECT_EQ(svar_get_value(nullptr, SVAR_COPY, &value), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_get_value(s, SVAR_BORROW, nullptr), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_get_value_into(s, nullptr, nullptr), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_set_value(nullptr, svar_int(1), SVAR_COPY), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_set_value(s, svar_int(1), static_cast<svar_borrow_t>(5)), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_variable_ref(nullptr), nullptr);
  svar_variable_unref(nullptr);
  EXPECT_EQ(svar_variable_name(nullptr), nullptr);
  EXPECT_EQ(svar_variable_store(nullptr), nullptr);
  EXPECT_EQ(svar_variable_type(nullptr).ndim, 0);
}

// Runs make, set, copy and read with allocation number nth failing; returns whether all went well.
bool
use_with_failing_heap(FailingHeap &heap)
{
  fake_containers_use(heap.allocator());
  svar_variable_t *s = nullptr;
  svar_value_t value = SVAR_VALUE_INIT;
  svar_shared_options_t named = options_named("w");
  svar_ret_t ret = svar_shared(vector_of<double>({1, 2}).source(), &named, &s);
  if (ret == SVAR_OK) {
    ret = svar_set_value(s, vector_of<double>({3, 4, 5}).source(), SVAR_COPY);
  }
  if (ret == SVAR_OK) {
    ret = svar_get_value(s, SVAR_COPY, &value);
  }
  EXPECT_TRUE(ret == SVAR_OK || ret == SVAR_ERR_NO_MEMORY) << svar_error_message();
  if (ret == SVAR_ERR_NO_MEMORY) {
    EXPECT_EQ(value.tensor.data, nullptr) << "outputs are written only on success";
    EXPECT_EQ(s == nullptr || fake_container_pin(s) == 0, true);
  }
  svar_value_release(&value);
  svar_variable_unref(s);
  return ret == SVAR_OK;
}

TEST(VariableFault, EveryFailedAllocationIsReportedAndLeaksNothing)
{
  EXPECT_EQ(fail_each_allocation(use_with_failing_heap), 5)
      << "container, value, handle, new value, copy";
  fake_containers_none();
}

} // namespace
