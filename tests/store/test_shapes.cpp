// Many variables, and values whose size is another one with each commit.
#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

class Shapes : public testing::Test
{
protected:
  Shapes() : store_(create_store("/shapes")) {}
  ~Shapes() override
  {
    EXPECT_SVAR_OK(svar_store_remove(store_.get()));
  }
  ScratchDirectory directory_;
  Store store_;
};

TEST_F(Shapes, TenThousandVariablesChangeInOneCommitAndAreReadInOneSnapshot)
{
  const size_t count = 10000;
  std::vector<Variable> variables;
  svar_transaction_t *birth = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &birth));
  for (size_t i = 0; i < count; i++) {
    variables.push_back(make_variable<float>(store_, ("v" + std::to_string(i)).c_str(),
                                             {static_cast<float>(i)}, birth));
  }
  uint64_t version = 0;
  ASSERT_SVAR_OK(svar_transaction_commit(birth, &version));
  EXPECT_EQ(version, 1u);
  Signal opened, changed;
  Child reader([&] {
    Store store = open_store("/shapes");
    opened.raise();
    changed.wait();
    svar_snapshot_t now = SVAR_SNAPSHOT_INIT;
    if (svar_store_count(store.get()) != count ||
        svar_snapshot_begin(store.get(), &now) != SVAR_OK || now.version != 2) {
      return 1;
    }
    for (size_t i = 0; i < count; i++) {
      svar_variable_t *variable = nullptr;
      svar_value_t view = SVAR_VALUE_INIT;
      if (svar_store_at(store.get(), i, &variable) != SVAR_OK ||
          svar_snapshot_get(&now, variable, &view) != SVAR_OK || view.version != 2 ||
          contents<float>(view) != std::vector<float>(i % 7, static_cast<float>(i) + 0.5f)) {
        fprintf(stderr, "variable %zu: %s\n", i, svar_error_message());
        return 2;
      }
      svar_variable_unref(variable);
    }
    svar_snapshot_end(&now);
    return 0;
  });
  opened.wait();
  svar_transaction_t *change = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
  for (size_t i = 0; i < count; i++) { // each gets a size of its own, some of them 0
    Array<float> values(std::vector<float>(i % 7, static_cast<float>(i) + 0.5f));
    ASSERT_SVAR_OK(svar_transaction_set(change, variables[i].get(), values.source()));
  }
  ASSERT_SVAR_OK(svar_transaction_commit(change, &version));
  EXPECT_EQ(version, 2u);
  changed.raise();
  EXPECT_EQ(reader.wait(), 0);
}

TEST_F(Shapes, EachCommitMayHaveAnotherSizeIncludingNone)
{
  const size_t sizes[] = {3, 0, 1, 100000, 2, 0, 0, 70000, 16383, 16384, 16385, 1, 300000, 0, 5};
  Variable weight = make_variable<float>(store_, "weight", {});
  Store reader = open_store("/shapes");
  Variable variable = find(reader, "weight");
  svar_value_t previous = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(variable.get(), SVAR_BORROW, &previous));
  float value = 0;
  size_t previous_size = 0;
  for (int round = 0; round < 5; round++) {
    for (size_t size : sizes) {
      value++;
      ASSERT_SVAR_OK(set<float>(weight, std::vector<float>(size, value)));
      svar_value_t view = SVAR_VALUE_INIT;
      ASSERT_SVAR_OK(svar_get_value(variable.get(), SVAR_BORROW, &view));
      ASSERT_EQ(view.shape[0], static_cast<int64_t>(size));
      ASSERT_EQ(contents<float>(view), std::vector<float>(size, value));
      ASSERT_EQ(contents<float>(previous), std::vector<float>(previous_size, value - 1))
          << "the version before is still pinned";
      svar_value_release(&previous);
      previous = view;
      previous_size = size;
    }
  }
  svar_value_release(&previous);
}

TEST_F(Shapes, AnEmptyTensorOfManyAxesKeepsItsShape)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = "empty";
  options.store = store_.get();
  float none = 0;
  int64_t shape[] = {4, 0, 7};
  DLTensor tensor = svar_tensor(SVAR_FLOAT32, &none, 3, shape);
  svar_variable_t *made = nullptr;
  ASSERT_SVAR_OK(svar_shared(svar_array(&tensor), &options, &made));
  Variable empty(made);
  for (int64_t middle : {int64_t(0), int64_t(2), int64_t(0)}) {
    svar_transaction_t *transaction = nullptr;
    svar_value_t hole = SVAR_VALUE_INIT;
    int64_t wanted[] = {4, middle, 7};
    ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &transaction));
    ASSERT_SVAR_OK(svar_transaction_loan(transaction, made, wanted, false, &hole));
    std::fill_n(static_cast<float *>(hole.tensor.data), 4 * middle * 7, 8.0f);
    ASSERT_SVAR_OK(svar_transaction_commit(transaction, nullptr));
    svar_value_t view = SVAR_VALUE_INIT;
    ASSERT_SVAR_OK(svar_get_value(made, SVAR_BORROW, &view));
    EXPECT_EQ(view.shape[0], 4);
    EXPECT_EQ(view.shape[1], middle);
    EXPECT_EQ(view.shape[2], 7);
    EXPECT_EQ(contents<float>(view), std::vector<float>(4 * middle * 7, 8.0f));
    svar_value_release(&view);
  }
}

} // namespace
