// Deep copies: what is kept, what is new, and that a failure leaves nothing.
#include <atomic>
#include <thread>

#include "fakes/failing_heap.hpp"
#include "fakes/functions.hpp"
#include "fakes/objects.hpp"
#include "fakes/scratch.hpp"
#include "fakes/sparse.hpp"

namespace
{

using svar_test::get;
using svar_test::Store;
using svar_test::Variable;

class DeepCopy : public ::testing::Test
{
protected:
  void TearDown() override
  {
    ASSERT_SVAR_OK(svar_store_remove(store_.get()));
  }
  static Variable make(const svar_source_t &source, const char *name = nullptr,
                       svar_store_t *store = nullptr)
  {
    svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
    options.name = name;
    options.store = store;
    svar_variable_t *variable = nullptr;
    EXPECT_SVAR_OK(svar_shared(source, &options, &variable));
    return Variable(variable);
  }
  static svar_ret_t try_copy(const std::vector<svar_variable_t *> &variables, svar_store_t *store)
  {
    std::vector<svar_variable_t *> copies(variables.size(), nullptr);
    svar_ret_t ret =
        svar_variables_deep_copy(variables.data(), variables.size(), store, copies.data());
    EXPECT_EQ(copies, std::vector<svar_variable_t *>(variables.size(), nullptr));
    return ret;
  }
  static std::vector<Variable> copy(const std::vector<svar_variable_t *> &variables,
                                    svar_store_t *store = nullptr)
  {
    std::vector<svar_variable_t *> copies(variables.size());
    EXPECT_SVAR_OK(
        svar_variables_deep_copy(variables.data(), variables.size(), store, copies.data()));
    return std::vector<Variable>(copies.begin(), copies.end());
  }
  static std::string text_of(const char *text)
  {
    return text == nullptr ? "none" : text;
  }
  static std::string name_of(const Variable &variable)
  {
    return text_of(svar_variable_name(variable.get()));
  }

  svar_test::ScratchDirectory directory_;
  Store store_ = svar_test::create_store("/copies");
};

TEST_F(DeepCopy, OfNothingIsNothing)
{
  EXPECT_SVAR_OK(svar_variables_deep_copy(nullptr, 0, nullptr, nullptr));
  EXPECT_SVAR_OK(svar_variables_deep_copy(nullptr, 0, store_.get(), nullptr));
  EXPECT_EQ(svar_store_version(store_.get()), 0u);
}

TEST_F(DeepCopy, KeepsTypesAndShapes)
{
  const int64_t flagged_shape[2] = {1, 3};
  const bool flags[2] = {true, false};
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.broadcastable = flags;
  options.broadcastable_count = 2;
  float row[3] = {1, 2, 3};
  DLTensor tensor = svar_tensor(SVAR_FLOAT32, row, 2, flagged_shape);
  svar_variable_t *made = nullptr;
  ASSERT_SVAR_OK(svar_shared(svar_array(&tensor), &options, &made));
  Variable flagged(made);
  made = nullptr;
  ASSERT_SVAR_OK(svar_number(svar_int(7), nullptr, &made));
  Variable number(made);
  Variable empty = make(Array(SVAR_INT16, {0, 3}).source());
  Variable scalar = make(svar_float(2.5));
  std::vector<svar_variable_t *> all = {flagged.get(), number.get(), empty.get(), scalar.get()};
  std::vector<Variable> copies = copy(all);
  for (size_t i = 0; i < all.size(); i++) {
    svar_type_t type = svar_variable_type(all[i]);
    svar_type_t type_of_copy = svar_variable_type(copies[i].get());
    EXPECT_TRUE(svar_type_equal(&type, &type_of_copy)) << i;
    svar_value_t value = SVAR_VALUE_INIT, value_of_copy = SVAR_VALUE_INIT;
    ASSERT_SVAR_OK(svar_get_value(all[i], SVAR_BORROW, &value));
    ASSERT_SVAR_OK(svar_get_value(copies[i].get(), SVAR_BORROW, &value_of_copy));
    bool is_equal = false;
    EXPECT_SVAR_OK(svar_values_equal(&value.tensor, &value_of_copy.tensor, false, &is_equal));
    EXPECT_TRUE(is_equal) << i;
    svar_value_release(&value);
    svar_value_release(&value_of_copy);
  }
}

TEST_F(DeepCopy, AppearsInOneCommitUnderTheNamesOfTheContainers)
{
  Sparse<double> matrix(SVAR_SPARSE_CSR, 1, 2, {1}, {1}, {0, 1});
  Variable a = make(svar_float(1), "a"), m = make(matrix.source(), "m"), late = make(svar_float(3));
  ASSERT_SVAR_OK(svar_variable_rename(a.get(), "renamed"));
  ASSERT_SVAR_OK(svar_variable_rename(late.get(), "late"));
  std::vector<Variable> copies = copy({a.get(), m.get(), late.get()}, store_.get());
  EXPECT_EQ(svar_store_version(store_.get()), 1u);
  Store reader = svar_test::open_store("/copies");
  EXPECT_EQ(get<double>(svar_test::find(reader, "a")), std::vector<double>{1});
  EXPECT_EQ(get<double>(svar_test::find(reader, "late")), std::vector<double>{3});
  EXPECT_EQ(get<double>(svar_test::find(reader, "m.data")), std::vector<double>{1});
  EXPECT_EQ(name_of(copies[0]), "renamed");
  EXPECT_EQ(text_of(svar_container_name(svar_variable_container(copies[0].get()))), "a");

  ASSERT_SVAR_OK(svar_variable_rename(copies[1].get(), nullptr));
  std::vector<Variable> again = copy({copies[0].get(), copies[1].get()}); // and back
  EXPECT_EQ(name_of(again[0]), "renamed");
  EXPECT_EQ(text_of(svar_container_name(svar_variable_container(again[0].get()))), "a");
  EXPECT_EQ(name_of(again[1]), "none");
}

TEST_F(DeepCopy, WhatIsUnsetStaysUnset)
{
  Sparse<double> matrix(SVAR_SPARSE_CSR, 1, 2, {1}, {1}, {0, 1});
  svar_test::Text text("a");
  Variable m = make(matrix.source(), "m"), o = make(text.source(), "o");
  text.release();
  svar_transaction_t *change = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = "strict";
  options.strict = true;
  options.store = store_.get();
  options.transaction = change;
  svar_variable_t *made = nullptr;
  ASSERT_SVAR_OK(svar_shared(vector_of<double>({1}).source(), &options, &made));
  Variable strict(made);
  for (svar_variable_t *variable : {m.get(), o.get()}) {
    ASSERT_SVAR_OK(svar_set_value(variable, svar_none(), SVAR_COPY));
  }
  std::vector<Variable> copies = copy({m.get(), o.get(), strict.get()});
  svar_transaction_abort(change);
  svar_sparse_value_t none = SVAR_SPARSE_VALUE_INIT;
  svar_value_t value = SVAR_VALUE_INIT;
  EXPECT_EQ(svar_sparse_get(copies[0].get(), SVAR_BORROW, &none), SVAR_ERR_UNSET);
  EXPECT_EQ(svar_test::HeldText(copies[1].get(), SVAR_BORROW).ret(), SVAR_ERR_UNSET);
  EXPECT_EQ(svar_get_value(copies[2].get(), SVAR_BORROW, &value), SVAR_ERR_UNSET);
  EXPECT_TRUE(svar_container_is_strict(svar_variable_container(copies[2].get())));
  EXPECT_SVAR_OK(svar_set_value(copies[0].get(), matrix.source(), SVAR_COPY));

  copies = copy({m.get()}, store_.get());
  EXPECT_EQ(svar_sparse_get(svar_test::find(store_, "m").get(), SVAR_BORROW, &none), SVAR_ERR_UNSET)
      << "readers of the store find it, unset";
}

TEST_F(DeepCopy, WhatAStoreFindsTwiceIsOneContainer)
{
  Sparse<double> matrix(SVAR_SPARSE_CSR, 1, 2, {1}, {1}, {0, 1});
  Variable w = make(svar_float(1), "w", store_.get()), m = make(matrix.source(), "m", store_.get());
  Variable w_found = svar_test::find(store_, "w"), m_found = svar_test::find(store_, "m");
  std::vector<Variable> copies = copy({w.get(), m.get(), m_found.get(), w_found.get()});
  auto container = [&](size_t i) { return svar_variable_container(copies[i].get()); };
  EXPECT_EQ(container(0), container(3));
  EXPECT_EQ(container(1), container(2));
  EXPECT_NE(copies[0].get(), copies[3].get());
}

TEST_F(DeepCopy, IsOfOneVersionOfEachStore)
{
  std::vector<Variable> variables;
  std::vector<svar_variable_t *> pointers;
  for (int i = 0; i < 64; i++) {
    std::string name = std::to_string(i);
    variables.push_back(svar_test::make_variable<uint64_t>(store_, name.c_str(), {0}));
    pointers.push_back(variables.back().get());
  }
  std::atomic<bool> is_over{false};
  std::thread writer([&] {
    for (uint64_t i = 1; !is_over; i++) {
      svar_transaction_t *change = nullptr;
      EXPECT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
      for (svar_variable_t *variable : pointers) {
        EXPECT_SVAR_OK(svar_transaction_set(change, variable, vector_of<uint64_t>({i}).source()));
      }
      EXPECT_SVAR_OK(svar_transaction_commit(change, nullptr));
    }
  });
  // Not all are of the first version, or the writer has not begun yet.
  for (uint64_t newest = 0, i = 0; (newest < 2 || i < 300) && !HasFailure(); i++) {
    std::vector<Variable> copies = copy(pointers);
    newest = get<uint64_t>(copies[0]).at(0);
    for (const Variable &variable : copies) {
      EXPECT_EQ(get<uint64_t>(variable).at(0), newest);
    }
  }
  is_over = true;
  writer.join();
}

// --- failures ------------------------------------------------------------------------------------------

TEST_F(DeepCopy, OfOneNameTwiceLeavesNothingInTheStore)
{
  Sparse<double> matrix(SVAR_SPARSE_CSR, 1, 2, {1}, {1}, {0, 1});
  Variable w = make(svar_float(1), "w"), m = make(matrix.source(), "m"),
           w2 = make(svar_float(2), "w");
  EXPECT_SVAR_FAILS(SVAR_ERR_EXISTS, "copying variable 'w'",
                    try_copy({w.get(), m.get(), w2.get()}, store_.get()));
  EXPECT_EQ(svar_store_version(store_.get()), 0u);
  svar_variable_t *none = nullptr;
  EXPECT_EQ(svar_store_find(store_.get(), "w", &none), SVAR_ERR_NOT_FOUND);
  std::vector<Variable> copies = copy({m.get(), w.get()}, store_.get()); // the names are free
  EXPECT_SVAR_FAILS(SVAR_ERR_EXISTS, "'w'", try_copy({copies[1].get()}, store_.get()));
  EXPECT_EQ(svar_store_version(store_.get()), 1u);
}

TEST_F(DeepCopy, IsRefusedByWhatItCannotGoTo)
{
  Variable named = make(svar_float(1), "w"), nameless = make(svar_float(1));
  svar_test::Text text("a");
  Variable object = make(text.source(), "o");
  text.release();
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "without a name",
                    try_copy({named.get(), nameless.get()}, store_.get()));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "in no store",
                    try_copy({named.get(), object.get()}, store_.get()));
  Store reader = svar_test::open_store("/copies");
  EXPECT_EQ(try_copy({named.get()}, reader.get()), SVAR_ERR_READ_ONLY);
  EXPECT_EQ(svar_test::living_texts(), 1);
}

TEST_F(DeepCopy, FailsWithTheCopyOfAnObject)
{
  static int thing = 0;
  svar_object_class_t single = {sizeof(single), "single", nullptr, nullptr};
  svar_object_t object = {&thing, &single};
  svar_test::Text text("a");
  Variable first = make(text.source()), second = make(svar_object_source(&object), "s");
  text.release();
  EXPECT_SVAR_FAILS(SVAR_ERR_NOT_IMPLEMENTED, "copying variable 's'",
                    try_copy({first.get(), second.get()}, nullptr));
  EXPECT_EQ(svar_test::living_texts(), 1);
}

svar_ret_t
make_and_copy(svar_store_t *from, svar_store_t *to)
{
  Sparse<double> matrix(SVAR_SPARSE_CSC, 2, 1, {1, 2}, {0, 1}, {0, 2});
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.store = from;
  std::vector<Variable> variables;
  std::vector<svar_variable_t *> pointers;
  svar_variable_t *made = nullptr;
  auto keep = [&] {
    variables.emplace_back(made);
    pointers.push_back(made);
  };
  options.name = "w";
  SVAR_TRY(svar_shared(vector_of<double>({1, 2}).source(), &options, &made));
  keep();
  SVAR_TRY(svar_variable_clone(variables[0].get(), "clone", &made));
  keep();
  SVAR_TRY(svar_variable_rename(made, "renamed"));
  options.name = "m";
  SVAR_TRY(svar_shared(matrix.source(), &options, &made));
  keep();
  pointers.push_back(pointers[0]);
  std::vector<svar_variable_t *> copies(pointers.size(), nullptr);
  uint64_t version = svar_store_version(to);
  svar_ret_t ret = svar_variables_deep_copy(pointers.data(), pointers.size(), to, copies.data());
  EXPECT_EQ(svar_store_version(to), version + (ret == SVAR_OK ? 1 : 0));
  for (svar_variable_t *copy : copies) {
    EXPECT_EQ(copy != nullptr, ret == SVAR_OK);
    svar_variable_unref(copy);
  }
  return ret;
}

bool
copy_with(FailingHeap &heap)
{
  svar_allocator_t allocator = heap.allocator();
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.allocator = &allocator;
  svar_store_t *from = nullptr, *to = nullptr;
  svar_ret_t ret = svar_store_create_private("/from", &options, &from);
  if (ret == SVAR_OK) {
    ret = svar_store_create_private("/to", &options, &to);
  }
  if (ret == SVAR_OK) {
    ret = make_and_copy(from, to);
  }
  svar_store_close(to);
  svar_store_close(from);
  EXPECT_TRUE(ret == SVAR_OK || ret == SVAR_ERR_NO_MEMORY) << svar_error_message();
  return ret == SVAR_OK;
}

TEST(DeepCopyFault, AnyFailedAllocationLeavesNothing)
{
  EXPECT_GT(fail_each_allocation(copy_with), 40);
}

// --- default updates -----------------------------------------------------------------------------------

using svar_test::Expression;
using svar_test::number;
using svar_test::of;
using svar_test::shared_number;

struct Runs {
  int calls = 0, ends = 0;
};

// The sum of two numbers, and their difference.
svar_ret_t
compute(void *context, const DLTensor *operands, size_t, svar_results_t *results)
{
  static_cast<Runs *>(context)->calls++;
  int64_t x = *static_cast<int64_t *>(operands[0].data);
  int64_t y = *static_cast<int64_t *>(operands[1].data);
  for (size_t i = 0; i < 2; i++) {
    DLTensor room;
    SVAR_TRY(svar_results_room(results, i, nullptr, &room));
    *static_cast<int64_t *>(room.data) = i == 0 ? x + y : x - y;
  }
  return SVAR_OK;
}

std::vector<Expression>
sum_and_difference(Runs *runs, const Variable &x, const Variable &y)
{
  svar_operation_t operation = {sizeof(operation), "sum", compute, runs,
                                [](void *context) { static_cast<Runs *>(context)->ends++; }};
  Expression left = of(x), right = of(y);
  svar_expression_t *operands[2] = {left.get(), right.get()};
  svar_type_t types[2] = {svar_variable_type(x.get()), svar_variable_type(y.get())};
  svar_expression_t *results[2] = {};
  EXPECT_SVAR_OK(svar_expression_apply(&operation, operands, 2, types, 2, results));
  std::vector<Expression> owned;
  owned.emplace_back(results[0]);
  owned.emplace_back(results[1]);
  return owned;
}

// A function that reads these variables, and so runs their default updates.
void
run_updates(const std::vector<const Variable *> &variables)
{
  std::vector<Expression> expressions;
  svar_test::Parts parts;
  for (const Variable *variable : variables) {
    expressions.push_back(of(*variable));
    parts.out(expressions.back(), SVAR_BORROW);
  }
  svar_test::Function function = parts.function();
  std::vector<svar_value_t> results(variables.size());
  EXPECT_SVAR_OK(svar_function_call(function.get(), nullptr, 0, results.data(), results.size()));
}

TEST_F(DeepCopy, DefaultUpdatesAreOfTheCopies)
{
  Runs runs;
  Variable a = shared_number(5, nullptr, "a"), b = shared_number(2, nullptr, "b");
  {
    std::vector<Expression> results = sum_and_difference(&runs, a, b);
    svar_variable_default_update_set(a.get(), results[0].get());
    svar_variable_default_update_set(b.get(), results[1].get());
  }
  std::vector<Variable> copies = copy({a.get(), b.get(), a.get()});
  run_updates({&copies[0], &copies[1]});
  EXPECT_EQ(runs.calls, 1) << "one operation still gives both";
  EXPECT_EQ(number(copies[0]), 7);
  EXPECT_EQ(number(copies[1]), 3);
  EXPECT_EQ(number(a), 5);
  EXPECT_EQ(number(b), 2);
  run_updates({&a, &b});
  EXPECT_EQ(number(a), 7);
  EXPECT_EQ(number(copies[0]), 7);
  for (const Variable *variable : {&a, &b, &copies[0], &copies[1]}) {
    EXPECT_EQ(runs.ends, 0);
    svar_variable_default_update_set(variable->get(), nullptr); // the first holds what it is of
  }
  EXPECT_EQ(runs.ends, 1);
}

TEST_F(DeepCopy, OthersStayInADefaultUpdate)
{
  Runs runs;
  Variable a = shared_number(5), rate = shared_number(2), constant = shared_number(0);
  svar_variable_t *clone = nullptr;
  ASSERT_SVAR_OK(svar_variable_clone(a.get(), nullptr, &clone));
  Variable clone_of_a(clone);
  {
    std::vector<Expression> results = sum_and_difference(&runs, clone_of_a, rate);
    svar_variable_default_update_set(a.get(), results[0].get());
    results = sum_and_difference(&runs, rate, rate);
    svar_variable_default_update_set(constant.get(), results[0].get());
  }
  std::vector<Variable> copies = copy({a.get(), constant.get()});
  EXPECT_EQ(svar_variable_default_update(copies[1].get()),
            svar_variable_default_update(constant.get()))
      << "nothing in it is copied";
  ASSERT_SVAR_OK(svar_set_value(rate.get(), svar_int(4), SVAR_COPY));
  run_updates({&copies[0]});
  EXPECT_EQ(number(copies[0]), 9); // its container's copy, with the one rate
  EXPECT_EQ(number(a), 5);
  for (const Variable *variable : {&a, &constant, &copies[0], &copies[1]}) {
    svar_variable_default_update_set(variable->get(), nullptr);
  }
  EXPECT_EQ(runs.ends, 2);
}

TEST_F(DeepCopy, ARefusedCopyLetsItsDefaultUpdatesGo)
{
  Runs runs;
  Variable a = shared_number(5, nullptr, "a");
  svar_variable_default_update_set(a.get(), sum_and_difference(&runs, a, a)[0].get());
  Variable taken = shared_number(1, nullptr, "a");
  EXPECT_EQ(try_copy({a.get(), taken.get()}, store_.get()), SVAR_ERR_EXISTS);
  svar_variable_default_update_set(a.get(), nullptr);
  EXPECT_EQ(runs.ends, 1);
}

} // namespace
