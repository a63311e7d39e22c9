// Arrays of callers that become values: whose bytes a view shows, and when the deleter runs.
#include <thread>

#include "fakes/failing_heap.hpp"
#include "fakes/managed.hpp"
#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

class Adoption : public testing::Test
{
protected:
  Adoption() : store_(create_private())
  {
    variable_ = make_variable<double>(store_, "x", {0});
  }
  static Store create_private(const svar_store_options_t *options = nullptr)
  {
    svar_store_t *store = nullptr;
    EXPECT_SVAR_OK(svar_store_create_private("/adoption", options, &store));
    return Store(store);
  }
  svar_ret_t adopt(Managed<double> &array)
  {
    return svar_set_value(variable_.get(), array.source(), SVAR_BORROW);
  }
  svar_value_t view()
  {
    svar_value_t value = SVAR_VALUE_INIT;
    EXPECT_SVAR_OK(svar_get_value(variable_.get(), SVAR_BORROW, &value));
    return value;
  }

  Store store_;
  Variable variable_;
};

TEST_F(Adoption, ViewsAreTheCallersBytesAndTheDeleterRunsWhenTheValueIsReplaced)
{
  Managed<double> first(SVAR_FLOAT64, {1, 2, 3}), second(SVAR_FLOAT64, {4});
  ASSERT_SVAR_OK(adopt(first));
  svar_value_t value = view();
  EXPECT_EQ(value.tensor.data, first.data());
  EXPECT_TRUE(value.is_alias);
  EXPECT_EQ(contents<double>(value), (std::vector<double>{1, 2, 3}));
  svar_value_release(&value);
  svar_value_t copy = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(variable_.get(), SVAR_COPY, &copy));
  EXPECT_NE(copy.tensor.data, first.data());
  svar_value_release(&copy);
  EXPECT_EQ(first.deletions(), 0);
  ASSERT_SVAR_OK(adopt(second));
  EXPECT_EQ(first.deletions(), 1);
  ASSERT_SVAR_OK(set<double>(variable_, {5}));
  EXPECT_EQ(second.deletions(), 1);
  EXPECT_EQ(get<double>(variable_), std::vector<double>{5});
  EXPECT_EQ(first.deletions(), 1);
}

TEST_F(Adoption, APinKeepsTheArrayUntilTheNextTransactionAfterIt)
{
  Managed<double> array(SVAR_FLOAT64, {1});
  ASSERT_SVAR_OK(adopt(array));
  svar_value_t value = view();
  ASSERT_SVAR_OK(set<double>(variable_, {2}));
  EXPECT_EQ(array.deletions(), 0);
  EXPECT_EQ(contents<double>(value), std::vector<double>{1});
  svar_value_release(&value);
  svar_transaction_t *transaction = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &transaction));
  svar_transaction_abort(transaction);
  EXPECT_EQ(array.deletions(), 1);
}

TEST_F(Adoption, AThreadThatReadOftenDoesNotKeepItBeyondItsNextRead)
{
  Managed<double> array(SVAR_FLOAT64, {1});
  ASSERT_SVAR_OK(adopt(array));
  Signal has_read, may_read, is_done;
  std::thread reader([&] {
    for (int i = 0; i < 5; i++) {
      EXPECT_EQ(get<double>(variable_), std::vector<double>{1});
    }
    has_read.raise();
    may_read.wait();
    EXPECT_EQ(get<double>(variable_), std::vector<double>{2});
    is_done.raise();
  });
  has_read.wait();
  ASSERT_SVAR_OK(set<double>(variable_, {2}));
  may_read.raise();
  is_done.wait();
  reader.join();
  ASSERT_SVAR_OK(set<double>(variable_, {3}));
  EXPECT_EQ(array.deletions(), 1);
}

TEST_F(Adoption, EndsWithTheStore)
{
  Managed<double> live(SVAR_FLOAT64, {1}), old(SVAR_FLOAT64, {2});
  ASSERT_SVAR_OK(adopt(old));
  svar_value_t value = view();
  ASSERT_SVAR_OK(adopt(live));
  svar_value_release(&value);
  store_.reset();
  EXPECT_EQ(live.deletions(), 1);
  EXPECT_EQ(old.deletions(), 1);
  variable_.reset();
  EXPECT_EQ(live.deletions(), 1);
}

TEST_F(Adoption, EndsWithTheVariableThatHasNoStoreOfItsOwn)
{
  Managed<double> array(SVAR_FLOAT64, {1});
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.borrow = SVAR_BORROW;
  svar_variable_t *variable = nullptr;
  ASSERT_SVAR_OK(svar_shared(array.source(), &options, &variable));
  svar_value_t value = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(variable, SVAR_BORROW, &value));
  EXPECT_EQ(value.tensor.data, array.data());
  svar_value_release(&value);
  svar_variable_unref(variable);
  EXPECT_EQ(array.deletions(), 1);
}

TEST_F(Adoption, ATransactionOwnsItFromTheCallOn)
{
  Managed<double> dropped(SVAR_FLOAT64, {1}), replaced(SVAR_FLOAT64, {2}), kept(SVAR_FLOAT64, {3});
  svar_transaction_t *transaction = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &transaction));
  ASSERT_SVAR_OK(svar_transaction_adopt(transaction, variable_.get(), dropped.get()));
  EXPECT_EQ(dropped.deletions(), 0);
  svar_transaction_abort(transaction);
  EXPECT_EQ(dropped.deletions(), 1);
  EXPECT_EQ(get<double>(variable_), std::vector<double>{0});
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &transaction));
  ASSERT_SVAR_OK(svar_transaction_adopt(transaction, variable_.get(), replaced.get()));
  ASSERT_SVAR_OK(svar_transaction_adopt(transaction, variable_.get(), kept.get()));
  ASSERT_SVAR_OK(svar_transaction_commit(transaction, nullptr));
  EXPECT_EQ(replaced.deletions(), 1);
  EXPECT_EQ(kept.deletions(), 0);
  EXPECT_EQ(get<double>(variable_), std::vector<double>{3});
  Managed<double> late(SVAR_FLOAT64, {4});
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &transaction));
  ASSERT_SVAR_OK(svar_transaction_adopt(transaction, variable_.get(), late.get()));
  store_.reset();
  EXPECT_EQ(kept.deletions(), 1);
  EXPECT_EQ(late.deletions(), 0);
  EXPECT_EQ(SVAR_ERR_STATE, svar_transaction_commit(transaction, nullptr));
  EXPECT_EQ(late.deletions(), 1);
}

TEST_F(Adoption, WhatItCannotShowAsItIsIsCopiedAndDeletedAtOnce)
{
  Managed<float> other(SVAR_FLOAT32, {1, 2, 3, 4});
  ASSERT_SVAR_OK(svar_set_value(variable_.get(), other.source(), SVAR_BORROW));
  EXPECT_EQ(other.deletions(), 1);
  EXPECT_EQ(get<double>(variable_), (std::vector<double>{1, 2, 3, 4}));
  Managed<double> strided(SVAR_FLOAT64, {1, 9, 2, 9}, {2});
  int64_t stride = 2;
  strided.get()->dl_tensor.strides = &stride;
  ASSERT_SVAR_OK(svar_set_value(variable_.get(), strided.source(), SVAR_BORROW));
  EXPECT_EQ(strided.deletions(), 1);
  EXPECT_EQ(get<double>(variable_), (std::vector<double>{1, 2}));
  Managed<double> empty(SVAR_FLOAT64, {}, {0});
  ASSERT_SVAR_OK(adopt(empty));
  EXPECT_EQ(empty.deletions(), 1);
  svar_transaction_t *transaction = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &transaction));
  ASSERT_SVAR_OK(svar_transaction_adopt(transaction, variable_.get(), other.get()));
  EXPECT_EQ(other.deletions(), 2);
  svar_transaction_abort(transaction);
}

// A loan's room is used again when another value takes its place.
TEST_F(Adoption, RoomOfTheStoreIsCopied)
{
  svar_transaction_t *transaction = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &transaction));
  svar_value_t hole = SVAR_VALUE_INIT;
  int64_t length = 2;
  ASSERT_SVAR_OK(svar_transaction_loan(transaction, variable_.get(), &length, false, &hole));
  static_cast<double *>(hole.tensor.data)[0] = 1;
  static_cast<double *>(hole.tensor.data)[1] = 2;
  Managed<double> array(SVAR_FLOAT64, {0, 0});
  array.get()->dl_tensor.data = hole.tensor.data;
  ASSERT_SVAR_OK(svar_transaction_adopt(transaction, variable_.get(), array.get()));
  EXPECT_EQ(array.deletions(), 1);
  ASSERT_SVAR_OK(svar_transaction_commit(transaction, nullptr));
  svar_value_t value = view();
  for (double number : {3, 4, 5}) {
    ASSERT_SVAR_OK(set<double>(variable_, {number, number}));
  }
  EXPECT_EQ(contents<double>(value), (std::vector<double>{1, 2}));
  svar_value_release(&value);
}

TEST_F(Adoption, ACopyLeavesTheSourceAlone)
{
  Managed<double> array(SVAR_FLOAT64, {1});
  ASSERT_SVAR_OK(svar_set_value(variable_.get(), array.source(), SVAR_COPY));
  array.data()[0] = 2;
  EXPECT_EQ(get<double>(variable_), std::vector<double>{1});
  ASSERT_SVAR_OK(set<double>(variable_, {3}));
  EXPECT_EQ(array.deletions(), 0);
}

TEST_F(Adoption, ARefusalLeavesItToTheCaller)
{
  Managed<double> deep(SVAR_FLOAT64, {1, 2}, {1, 2});
  EXPECT_EQ(SVAR_ERR_TYPE, adopt(deep));
  Managed<double> misaligned(SVAR_FLOAT64, {1, 2, 3}, {1});
  misaligned.get()->dl_tensor.byte_offset = 4;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "not aligned", adopt(misaligned));
  EXPECT_SVAR_OK(svar_set_value(variable_.get(), misaligned.source(), SVAR_COPY));
  Managed<double> offset(SVAR_FLOAT64, {1, 2, 3}, {1});
  offset.get()->dl_tensor.byte_offset = 8;
  ASSERT_SVAR_OK(adopt(offset));
  svar_value_t value = view();
  EXPECT_EQ(value.tensor.data, offset.data() + 1);
  svar_value_release(&value);
  EXPECT_EQ(deep.deletions() + misaligned.deletions() + offset.deletions(), 0);
  Managed<double> late(SVAR_FLOAT64, {1});
  store_.reset();
  EXPECT_EQ(SVAR_ERR_STATE, adopt(late));
  EXPECT_EQ(late.deletions(), 0);
}

TEST_F(Adoption, TheSameBytesAreNotAdoptedTwice)
{
  Variable other = make_variable<double>(store_, "y", {0});
  Managed<double> array(SVAR_FLOAT64, {1, 2, 3});
  ASSERT_SVAR_OK(adopt(array));
  EXPECT_SVAR_FAILS(SVAR_ERR_STATE, "adopted already",
                    svar_set_value(other.get(), array.source(), SVAR_BORROW));
  EXPECT_EQ(SVAR_ERR_STATE, adopt(array));
  DLManagedTensor part = *array.get();
  int64_t one = 1;
  part.dl_tensor.shape = &one;
  part.dl_tensor.byte_offset = 16;
  EXPECT_EQ(SVAR_ERR_STATE, svar_set_value(other.get(), svar_managed(&part), SVAR_BORROW));
  EXPECT_EQ(get<double>(other), std::vector<double>{0});
  ASSERT_SVAR_OK(set<double>(variable_, {0}));
  EXPECT_EQ(array.deletions(), 1);
  ASSERT_SVAR_OK(svar_set_value(other.get(), array.source(), SVAR_BORROW)) << "it is free again";
  store_.reset(); // the array does not outlive the test
  EXPECT_EQ(array.deletions(), 2);
}

TEST_F(Adoption, ADeleterMayUseTheStore)
{
  struct Context {
    svar_variable_t *variable;
    int64_t length;
    double number;
  } context = {variable_.get(), 1, 7};
  DLManagedTensor managed = {};
  managed.dl_tensor = svar_tensor(SVAR_FLOAT64, &context.number, 1, &context.length);
  managed.manager_ctx = &context;
  managed.deleter = [](DLManagedTensor *self) {
    Context *its = static_cast<Context *>(self->manager_ctx);
    double number = 8;
    DLTensor tensor = svar_tensor(SVAR_FLOAT64, &number, 1, &its->length);
    EXPECT_SVAR_OK(svar_set_value(its->variable, svar_array(&tensor), SVAR_COPY));
  };
  ASSERT_SVAR_OK(svar_set_value(variable_.get(), svar_managed(&managed), SVAR_BORROW));
  ASSERT_SVAR_OK(set<double>(variable_, {1}));
  EXPECT_EQ(get<double>(variable_), std::vector<double>{8});
}

TEST_F(Adoption, EveryFailedAllocationLeavesTheArrayWithOneOwner)
{
  svar_ret_t ret = SVAR_ERR_NO_MEMORY;
  for (int nth = 0; ret != SVAR_OK; nth++) {
    ASSERT_LT(nth, 200);
    Managed<double> array(SVAR_FLOAT64, {1, 2});
    FailingHeap heap(nth);
    svar_allocator_t allocator = heap.allocator();
    svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
    options.allocator = &allocator;
    svar_store_t *store = nullptr;
    svar_variable_t *variable = nullptr;
    ret = svar_store_create_private("/failing", &options, &store);
    if (ret == SVAR_OK) {
      svar_shared_options_t shared = SVAR_SHARED_OPTIONS_INIT;
      shared.name = "x";
      shared.store = store;
      shared.borrow = SVAR_BORROW;
      ret = svar_shared(array.source(), &shared, &variable);
      EXPECT_EQ(array.deletions(), 0) << "after failing allocation " << nth;
    }
    ASSERT_TRUE(ret == SVAR_OK || ret == SVAR_ERR_NO_MEMORY) << svar_error_message();
    svar_variable_unref(variable);
    svar_store_close(store);
    EXPECT_EQ(array.deletions(), ret == SVAR_OK ? 1 : 0) << "after failing allocation " << nth;
    EXPECT_EQ(heap.live(), 0) << "after failing allocation " << nth;
  }
}

TEST_F(Adoption, ReadersInThreadsNeverSeeWhatWasDeleted)
{
  struct Block {
    DLManagedTensor managed;
    int64_t length;
    uint64_t words[64];
    std::atomic<int> *live;
  };
  std::atomic<int> live{0};
  std::atomic<bool> is_over{false};
  Variable words = make_variable<uint64_t>(store_, "words", {0});
  auto adopt_block = [&](uint64_t number) {
    Block *block = new Block{{}, 64, {}, &live};
    live++;
    std::fill_n(block->words, 64, number);
    block->managed.dl_tensor = svar_tensor(SVAR_UINT64, block->words, 1, &block->length);
    block->managed.manager_ctx = block;
    block->managed.deleter = [](DLManagedTensor *self) {
      Block *dead = static_cast<Block *>(self->manager_ctx);
      std::fill_n(dead->words, 64, ~UINT64_C(0));
      (*dead->live)--;
      delete dead;
    };
    ASSERT_SVAR_OK(svar_set_value(words.get(), svar_managed(&block->managed), SVAR_BORROW));
  };
  adopt_block(1);
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; i++) {
    readers.emplace_back([&] {
      while (!is_over) {
        std::vector<uint64_t> seen = get<uint64_t>(words);
        ASSERT_EQ(seen, std::vector<uint64_t>(64, seen[0]));
        ASSERT_NE(seen[0], ~UINT64_C(0));
      }
    });
  }
  for (uint64_t number = 2; number < 5000; number++) {
    adopt_block(number);
  }
  is_over = true;
  for (std::thread &reader : readers) {
    reader.join();
  }
  ASSERT_SVAR_OK(set<uint64_t>(words, {0}));
  EXPECT_EQ(live, 0);
}

TEST_F(Adoption, ASharedMemoryStoreCopies)
{
  ScratchDirectory directory;
  Store store = create_store("/adoption");
  Managed<double> array(SVAR_FLOAT64, {1, 2}), other(SVAR_FLOAT64, {3});
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = "x";
  options.store = store.get();
  options.borrow = SVAR_BORROW;
  svar_variable_t *shared = nullptr;
  ASSERT_SVAR_OK(svar_shared(array.source(), &options, &shared));
  Variable variable(shared);
  EXPECT_EQ(array.deletions(), 1);
  EXPECT_EQ(get<double>(find(open_store("/adoption"), "x")), (std::vector<double>{1, 2}));
  ASSERT_SVAR_OK(svar_set_value(variable.get(), other.source(), SVAR_BORROW));
  EXPECT_EQ(other.deletions(), 1);
  ASSERT_SVAR_OK(svar_store_remove(store.get()));
}

TEST_F(Adoption, ManyViewsAtOnceLeaveNothingInTheWay)
{
  Managed<double> array(SVAR_FLOAT64, {1});
  ASSERT_SVAR_OK(adopt(array));
  std::vector<double> once = get<double>(variable_); // so that the next read of it would be parked
  std::vector<svar_value_t> views(9);
  for (svar_value_t &value : views) {
    value = view();
  }
  for (svar_value_t &value : views) {
    svar_value_release(&value);
  }
  ASSERT_SVAR_OK(set<double>(variable_, {2}));
  EXPECT_EQ(array.deletions(), 1);
}

TEST_F(Adoption, AViewThatOutlivesItsThreadIsInTheWayUntilItIsReleased)
{
  Managed<double> array(SVAR_FLOAT64, {1});
  ASSERT_SVAR_OK(adopt(array));
  svar_value_t value = SVAR_VALUE_INIT;
  std::thread reader([&] {
    EXPECT_EQ(get<double>(variable_), std::vector<double>{1});
    EXPECT_SVAR_OK(svar_get_value(variable_.get(), SVAR_BORROW, &value));
  });
  reader.join();
  ASSERT_SVAR_OK(set<double>(variable_, {2}));
  EXPECT_EQ(array.deletions(), 0);
  svar_value_release(&value);
  ASSERT_SVAR_OK(set<double>(variable_, {3}));
  EXPECT_EQ(array.deletions(), 1);
}

// A thread finds its slot of each of eight stores at once, whatever was opened and closed between them.
TEST_F(Adoption, ThreadsThatReadAFewStoresAreNotInTheirWay)
{
  for (int i = 0; i < 16; i++) {
    Store closed = create_private();
    Store other = create_private();
    Variable variable = make_variable<double>(other, "x", {0});
    Managed<double> array(SVAR_FLOAT64, {1});
    ASSERT_SVAR_OK(adopt(array));
    for (int read = 0; read < 2; read++) {
      EXPECT_EQ(get<double>(variable_), std::vector<double>{1});
    }
    EXPECT_EQ(get<double>(variable), std::vector<double>{0});
    ASSERT_SVAR_OK(set<double>(variable_, {2}));
    EXPECT_EQ(array.deletions(), 1) << i;
  }
}

TEST_F(Adoption, AThreadThatWaitsIsNotInTheWayHoweverManyStoresItReads)
{
  std::vector<Store> others;
  std::vector<Variable> variables;
  for (int i = 0; i < 16; i++) {
    others.push_back(create_private());
    variables.push_back(make_variable<double>(others.back(), "x", {0}));
  }
  Managed<double> array(SVAR_FLOAT64, {1});
  ASSERT_SVAR_OK(adopt(array));
  for (int i = 0; i < 2; i++) {
    EXPECT_EQ(get<double>(variable_), std::vector<double>{1});
  }
  for (const Variable &variable : variables) {
    EXPECT_EQ(get<double>(variable), std::vector<double>{0});
  }
  uint64_t version = svar_store_version(store_.get());
  EXPECT_EQ(SVAR_TIMEOUT, svar_store_wait(store_.get(), version, 1000000, nullptr));
  ASSERT_SVAR_OK(set<double>(variable_, {2}));
  EXPECT_EQ(array.deletions(), 1);
}

TEST_F(Adoption, AfterADeleterThatForksTheChildRunsNoOthers)
{
  struct Context {
    int *runs;
    pid_t *child;
  };
  int runs = 0;
  pid_t child = -1;
  Context context = {&runs, &child};
  int64_t length = 1;
  double numbers[2] = {1, 2};
  DLManagedTensor arrays[2] = {};
  const Variable others[2] = {make_variable<double>(store_, "y", {0}),
                              make_variable<double>(store_, "z", {0})};
  svar_transaction_t *transaction = nullptr;
  for (int i = 0; i < 2; i++) {
    arrays[i].dl_tensor = svar_tensor(SVAR_FLOAT64, &numbers[i], 1, &length);
    arrays[i].manager_ctx = &context;
    arrays[i].deleter = [](DLManagedTensor *self) {
      Context *its = static_cast<Context *>(self->manager_ctx);
      if (++*its->runs == 1) {
        *its->child = fork();
      }
    };
    ASSERT_SVAR_OK(svar_set_value(others[i].get(), svar_managed(&arrays[i]), SVAR_BORROW));
  }
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &transaction));
  for (const Variable &other : others) {
    ASSERT_SVAR_OK(svar_transaction_set(transaction, other.get(), svar_none()));
  }
  svar_ret_t ret = svar_transaction_commit(transaction, nullptr);
  if (child == 0) {
    _exit(runs);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(ret, SVAR_OK);
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(WEXITSTATUS(status), 1) << "the one that forked";
}

} // namespace
