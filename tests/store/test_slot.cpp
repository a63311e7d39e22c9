#include <thread>

#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

class Slot : public testing::Test
{
protected:
  Slot()
      : store_(create_store("/slots")), weight_(make_variable<float>(store_, "weight", {1, 2})),
        reader_(open_store("/slots")), variable_(find(reader_, "weight"))
  {
  }
  ~Slot() override
  {
    EXPECT_SVAR_OK(svar_store_remove(store_.get()));
  }

  ScratchDirectory directory_;
  Store store_;
  Variable weight_;
  Store reader_;
  Variable variable_;
};

TEST_F(Slot, AThreadMayHoldManyViewsAtOnce)
{
  std::vector<svar_value_t> views(500);
  for (svar_value_t &view : views) {
    ASSERT_SVAR_OK(svar_get_value(variable_.get(), SVAR_BORROW, &view));
  }
  for (svar_value_t &view : views) {
    EXPECT_EQ(contents<float>(view), (std::vector<float>{1, 2}));
    svar_value_release(&view);
  }
}

TEST_F(Slot, WhenAllAreTakenTheReaderIsToldAndReleasingHelps)
{
  std::vector<svar_value_t> views;
  svar_ret_t ret = SVAR_OK;
  while (ret == SVAR_OK && views.size() < 40000) {
    svar_value_t view = SVAR_VALUE_INIT;
    ret = svar_get_value(variable_.get(), SVAR_BORROW, &view);
    if (ret == SVAR_OK) {
      views.push_back(view); // released below by its pin; the shape inside is not looked at again
    }
  }
  EXPECT_EQ(ret, SVAR_ERR_READERS_FULL) << svar_error_message();
  EXPECT_EQ(views.size(), 4096u * 7u);
  svar_value_release(&views.back());
  svar_value_t view = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(variable_.get(), SVAR_BORROW, &view));
  svar_value_release(&view);
  for (svar_value_t &each : views) {
    svar_value_release(&each);
  }
}

TEST_F(Slot, ThreadsThatEndLeaveTheirSlotsToOthers)
{
  for (int i = 0; i < 6000; i++) { // more threads than there are slots
    std::thread([this] {
      svar_value_t view = SVAR_VALUE_INIT;
      ASSERT_SVAR_OK(svar_get_value(variable_.get(), SVAR_BORROW, &view));
      svar_value_release(&view);
    }).join();
  }
}

TEST_F(Slot, AViewMayBeReleasedByAnotherThreadAfterItsReaderEnded)
{
  svar_value_t view = SVAR_VALUE_INIT;
  std::thread([&] { ASSERT_SVAR_OK(svar_get_value(variable_.get(), SVAR_BORROW, &view)); }).join();
  for (float i = 0; i < 40; i++) {
    ASSERT_SVAR_OK(set<float>(weight_, {i, i}));
  }
  EXPECT_EQ(contents<float>(view), (std::vector<float>{1, 2})) << "still pinned";
  std::thread([&] { svar_value_release(&view); }).join();
  EXPECT_EQ(view.tensor.data, nullptr);
}

TEST_F(Slot, ManyHandlesOfOneProcessAreIndependent)
{
  std::vector<Store> stores;
  std::vector<Variable> variables;
  std::vector<svar_value_t> views(20);
  for (size_t i = 0; i < views.size(); i++) {
    stores.push_back(open_store("/slots"));
    variables.push_back(find(stores.back(), "weight"));
    ASSERT_SVAR_OK(svar_get_value(variables.back().get(), SVAR_BORROW, &views[i]));
  }
  svar_store_info_t info;
  ASSERT_SVAR_OK(svar_store_info(store_.get(), &info));
  EXPECT_EQ(info.reader_count, 21u);
  for (svar_value_t &view : views) {
    EXPECT_EQ(contents<float>(view), (std::vector<float>{1, 2}));
    svar_value_release(&view);
  }
  variables.clear();
  stores.clear();
  ASSERT_SVAR_OK(svar_store_info(store_.get(), &info));
  EXPECT_EQ(info.reader_count, 1u);
}

} // namespace
