// Expressions and functions take memory of the C library's heap. The program's own posix_memalign() and
// free() come before the C library's, for the library under test as well, and hand over to a heap that fails
// when told to.
#include "fakes/arrays.hpp"
#include "fakes/failing_heap.hpp"
#include "fakes/functions.hpp"

namespace
{

thread_local FailingHeap *failing_heap;

// From here to the end of the scope.
class UseHeap
{
public:
  explicit UseHeap(FailingHeap *heap)
  {
    failing_heap = heap;
  }
  ~UseHeap()
  {
    failing_heap = nullptr;
  }
  UseHeap(const UseHeap &) = delete;
  UseHeap &operator=(const UseHeap &) = delete;
};

} // namespace

#pragma GCC visibility push(default)
extern "C" {
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

int
posix_memalign(void **out, size_t alignment, size_t size)
{
  FailingHeap *heap = std::exchange(failing_heap, nullptr); // it comes back here
  *out = heap != nullptr ? heap->allocator().allocate(size, alignment, heap->allocator().state)
                         : __libc_memalign(alignment, size);
  failing_heap = heap;
  return *out != nullptr ? 0 : ENOMEM;
}

void
free(void *memory)
{
  FailingHeap *heap = std::exchange(failing_heap, nullptr);
  if (heap != nullptr) {
    heap->allocator().deallocate(memory, heap->allocator().state);
  } else {
    __libc_free(memory);
  }
  failing_heap = heap;
}
}
#pragma GCC visibility pop

namespace
{

using namespace svar_test;

// One failing allocation after the other must be SVAR_ERR_NO_MEMORY, and leave nothing.
int
fail_each(const std::function<svar_ret_t()> &use)
{
  return fail_each_allocation([&](FailingHeap &heap) {
    svar_ret_t ret;
    {
      UseHeap use_heap(&heap);
      ret = use();
    }
    EXPECT_TRUE(ret == SVAR_OK || ret == SVAR_ERR_NO_MEMORY) << svar_error_message();
    return ret == SVAR_OK;
  });
}

// The tables of the private store that variables without a store live in only grow: once they are as large as
// use needs them, it leaves nothing behind.
void
grow_private_store(const std::function<svar_ret_t()> &use)
{
  for (int i = 0; i < 100; i++) {
    ASSERT_SVAR_OK(use());
  }
}

TEST(ExpressionFault, MakersSurviveEveryFailedAllocation)
{
  Variable variable = shared_number(1);
  const double numbers[] = {1, 2, 3};
  const int64_t shape[] = {3}, index = 1;
  const svar_source_t literals = svar_literals(SVAR_FLOAT64, numbers, 1, shape);
  EXPECT_EQ(fail_each([] {
              svar_expression_t *made = nullptr;
              svar_ret_t ret = svar_expression_input("x", int64_number(), &made);
              svar_expression_unref(made);
              return ret;
            }),
            2);
  EXPECT_EQ(fail_each([&] {
              svar_expression_t *made = nullptr;
              svar_ret_t ret = svar_expression_of(variable.get(), &made);
              svar_expression_unref(made);
              return ret;
            }),
            1);
  EXPECT_GT(fail_each([&] {
              svar_expression_t *whole = nullptr, *part = nullptr;
              svar_ret_t ret = svar_expression_constant(literals, nullptr, &whole);
              ret = ret == SVAR_OK ? svar_expression_index(whole, &index, 1, &part) : ret;
              svar_expression_unref(whole);
              svar_expression_unref(part);
              return ret;
            }),
            5);
}

TEST(ExpressionFault, DrawsSurviveEveryFailedAllocation)
{
  const svar_random_law_t law = svar_random_uniform(0, 1);
  const int64_t shape[] = {3};
  auto draw = [&] {
    svar_random_streams_t *streams = nullptr;
    svar_expression_t *drawn = nullptr;
    svar_ret_t ret = svar_random_streams_create(1, nullptr, &streams);
    ret = ret == SVAR_OK
              ? svar_random_streams_draw(streams, &law, SVAR_FLOAT64, 1, shape, nullptr, &drawn)
              : ret;
    svar_random_streams_destroy(streams);
    svar_expression_unref(drawn);
    return ret;
  };
  grow_private_store(draw);
  EXPECT_GT(fail_each(draw), 10);
}

// A function of all that functions have: inputs with and without a value, a state, two updates of which one
// is computed in its place, a given, a result that is copied and one that is borrowed.
class FunctionFault : public testing::Test
{
protected:
  FunctionFault()
  {
    operation_.compute = [](void *, const DLTensor *operands, size_t, svar_results_t *results) {
      DLTensor room;
      SVAR_TRY(svar_results_room(results, 0, operands[0].shape, &room));
      memcpy(room.data, operands[0].data, static_cast<size_t>(room.shape[0]) * sizeof(double));
      return SVAR_OK;
    };
    const svar_type_t type = svar_tensor_type(SVAR_FLOAT64, 1, 0);
    svar_expression_t *made = nullptr;
    EXPECT_SVAR_OK(svar_expression_input("vector", type, &made));
    vector_.reset(made);
    EXPECT_SVAR_OK(svar_expression_apply(&operation_, &made, 1, &type, 1, &made));
    copied_.reset(made);
    parts_.in(vector_).in(x_, &ten_, next_x_).in(y_, &ten_);
    parts_.out(copied_, SVAR_BORROW).out(vector_, SVAR_BORROW).out(all_);
    parts_.update(u_, all_).update(v_, of_u_);
    givens_[0] = {of_w_.get(), one_.get()};
    options_ = parts_.options();
    options_.givens = givens_;
    options_.given_count = 1;
  }
  svar_ret_t call(svar_function_t *function)
  {
    svar_value_t results[3] = {};
    const int64_t shape[] = {3};
    const float numbers[] = {1, 2, 3}; // to be converted
    const DLTensor tensor = svar_tensor(SVAR_FLOAT32, const_cast<float *>(numbers), 1, shape);
    const svar_source_t argument = svar_array(&tensor);
    svar_ret_t ret = svar_function_call(function, &argument, 1, results, 3);
    for (svar_value_t &result : results) {
      svar_value_release(&result);
    }
    return ret;
  }
  Variable u_ = shared_number(1), v_ = shared_number(2), w_ = shared_number(3);
  Expression vector_, copied_, x_ = number_input("x"), y_ = number_input("y"), one_ = constant(1);
  Expression next_x_ = sum(x_, one_), of_u_ = of(u_), of_w_ = of(w_);
  Expression all_ = sum(sum(x_, y_), sum(of_u_, of_w_));
  const svar_source_t ten_ = svar_int(10);
  svar_operation_t operation_ = sum_operation();
  svar_function_given_t givens_[1];
  Parts parts_;
  svar_function_options_t options_;
};

TEST_F(FunctionFault, CreateCopyAndCallSurviveEveryFailedAllocation)
{
  const svar_function_swap_t swap = {v_.get(), w_.get()};
  auto use = [&] {
    svar_function_t *function = nullptr, *copy = nullptr;
    svar_ret_t ret = svar_function_create(&options_, &function);
    ret = ret == SVAR_OK ? svar_function_copy(function, &swap, 1, false, &copy) : ret;
    ret = ret == SVAR_OK ? call(copy) : ret;
    svar_function_destroy(function);
    svar_function_destroy(copy);
    return ret;
  };
  grow_private_store(use);
  int64_t before = number(u_);
  EXPECT_GT(fail_each(use), 60);
  EXPECT_EQ(number(u_), before + 21); // by the one call that went well; the others changed nothing
  EXPECT_EQ(number(w_), before);
  EXPECT_EQ(number(v_), 2);
}

} // namespace
