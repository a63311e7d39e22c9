#include <atomic>
#include <thread>

#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

class Fork : public testing::Test
{
protected:
  Fork()
      : store_(create_store("/fork")), weight_(make_variable<float>(store_, "weight", {1})),
        reader_(open_store("/fork")), variable_(find(reader_, "weight"))
  {
  }
  ~Fork() override
  {
    if (store_) {
      EXPECT_SVAR_OK(svar_store_remove(store_.get()));
    }
  }
  ScratchDirectory directory_;
  Store store_;
  Variable weight_;
  Store reader_;
  Variable variable_;
};

TEST_F(Fork, TheChildsInheritedHandlesRefuse)
{
  svar_transaction_t *open = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &open));
  Child child([&] {
    svar_value_t value = SVAR_VALUE_INIT;
    svar_variable_t *variable = nullptr;
    svar_transaction_t *transaction = nullptr;
    svar_snapshot_t snapshot = SVAR_SNAPSHOT_INIT;
    svar_store_info_t info;
    bool refused = svar_get_value(variable_.get(), SVAR_BORROW, &value) == SVAR_ERR_FORKED &&
                   svar_get_value(weight_.get(), SVAR_COPY, &value) == SVAR_ERR_FORKED &&
                   set<float>(weight_, {5}) == SVAR_ERR_FORKED &&
                   svar_snapshot_begin(reader_.get(), &snapshot) == SVAR_ERR_FORKED &&
                   svar_transaction_begin(store_.get(), &transaction) == SVAR_ERR_FORKED &&
                   svar_transaction_commit(open, nullptr) == SVAR_ERR_FORKED &&
                   svar_store_find(reader_.get(), "weight", &variable) == SVAR_ERR_FORKED &&
                   svar_store_info(reader_.get(), &info) == SVAR_ERR_FORKED &&
                   svar_store_wait(reader_.get(), 1, 0, nullptr) == SVAR_ERR_FORKED;
    return refused ? 0 : 1;
  });
  EXPECT_EQ(child.wait(), 0);
  ASSERT_SVAR_OK(svar_transaction_commit(open, nullptr));
  ASSERT_SVAR_OK(set<float>(weight_, {6}));
  EXPECT_EQ(get<float>(variable_), std::vector<float>{6}) << "the parent's go on";
}

TEST_F(Fork, TheChildMayOpenTheStoreAgain)
{
  Child child([&] {
    Store store = open_store("/fork");
    return store && get<float>(find(store, "weight")) == std::vector<float>{1} ? 0 : 1;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(Fork, VariablesWithoutAStoreCanBeMadeInTheChild)
{
  svar_variable_t *before = nullptr;
  ASSERT_SVAR_OK(svar_shared(svar_float(1), nullptr, &before));
  Child child([&] {
    svar_value_t value = SVAR_VALUE_INIT;
    svar_variable_t *after = nullptr;
    return svar_get_value(before, SVAR_BORROW, &value) == SVAR_ERR_FORKED &&
                   svar_shared(svar_float(2), nullptr, &after) == SVAR_OK &&
                   get<double>(Variable(after)) == std::vector<double>{2}
               ? 0
               : 1;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(get<double>(Variable(before)), std::vector<double>{1});
}

TEST_F(Fork, AReleaseInTheChildDoesNotEndTheParentsPin)
{
  svar_value_t view = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(variable_.get(), SVAR_BORROW, &view));
  Child child([&] {
    bool readable = contents<float>(view) == std::vector<float>{1};
    svar_value_release(&view);
    variable_.reset();
    reader_.reset();
    store_.reset();
    return readable ? 0 : 1;
  });
  EXPECT_EQ(child.wait(), 0);
  for (float i = 2; i < 60; i++) {
    ASSERT_SVAR_OK(set<float>(weight_, {i}));
  }
  EXPECT_EQ(contents<float>(view), std::vector<float>{1});
  svar_value_release(&view);
}

TEST_F(Fork, AChildThatLivesOnDoesNotKeepTheStoreHeld)
{
  Signal go;
  Child child([&] {
    go.wait();
    return 0;
  });
  weight_.reset();
  store_.reset(); // the parent lets go; the child's copy of the descriptor must not hold it
  store_ = create_store("/fork");
  ASSERT_TRUE(store_);
  EXPECT_EQ(get<float>(find(store_, "weight")), std::vector<float>{1});
  go.raise();
  EXPECT_EQ(child.wait(), 0);
}

TEST(ForkWithThreads, AChildMakesVariablesWhateverOtherThreadsRegister)
{
  std::atomic<bool> is_over{false};
  auto decline = [](const svar_source_t *, const svar_shared_options_t *, void *,
                    svar_variable_t **) { return svar_fail(SVAR_ERR_TYPE, "never"); };
  std::thread other([&] {
    while (!is_over) {
      EXPECT_SVAR_OK(svar_constructor_register("other", decline, nullptr));
      EXPECT_SVAR_OK(svar_constructor_unregister(decline, nullptr));
    }
  });
  for (int i = 0; i < 200 && !HasFailure(); i++) {
    Child child([] {
      alarm(10); // a lock that nobody is there to unlock is waited for in vain
      svar_variable_t *variable = nullptr;
      return svar_shared(svar_float(1), nullptr, &variable) == SVAR_OK ? 0 : 1;
    });
    EXPECT_EQ(child.wait(), 0);
  }
  is_over = true;
  other.join();
}

} // namespace
