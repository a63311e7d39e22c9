// Files taken away under a store that is in use: by hand, or by logind's RemoveIPC.
#include <sys/stat.h>

#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

const int64_t LONG_NS = INT64_C(20000000000);

class Stale : public testing::Test
{
protected:
  Stale()
      : store_(create_store("/taken")), weight_(make_variable<float>(store_, "weight", {1})),
        reader_(open_store("/taken")), variable_(find(reader_, "weight"))
  {
  }
  std::string path(const char *suffix) const
  {
    return directory_.path() + "/svar." + std::to_string(geteuid()) + ".taken" + suffix;
  }
  // The reader is told, goes on reading, and the holder is told by its next transaction.
  void expect_told()
  {
    EXPECT_SVAR_FAILS(SVAR_ERR_STALE, "/taken",
                      svar_store_wait(reader_.get(), 1, LONG_NS, nullptr));
    EXPECT_EQ(get<float>(variable_), std::vector<float>{1});
    EXPECT_SVAR_FAILS(SVAR_ERR_STALE, "create it again", set<float>(weight_, {2}));
    svar_transaction_t *transaction = nullptr;
    EXPECT_EQ(SVAR_ERR_STALE, svar_transaction_begin(store_.get(), &transaction));
    svar_store_info_t info;
    ASSERT_SVAR_OK(svar_store_info(store_.get(), &info));
    EXPECT_TRUE(info.is_stale);
    EXPECT_EQ(get<float>(weight_), std::vector<float>{1});
  }
  ScratchDirectory directory_;
  Store store_;
  Variable weight_;
  Store reader_;
  Variable variable_;
};

TEST_F(Stale, ALostStateFileIsToldToReadersAndHolder)
{
  ASSERT_EQ(unlink(path(".state").c_str()), 0);
  expect_told();
  // What is left does not keep the next store from the name.
  weight_.reset();
  store_.reset();
  store_ = create_store("/taken");
  EXPECT_EQ(svar_store_version(store_.get()), 0u);
}

TEST_F(Stale, ALostReaderTableIsToldToReadersAndHolder)
{
  ASSERT_EQ(unlink(path(".readers").c_str()), 0);
  expect_told();
  svar_store_t *none = nullptr;
  EXPECT_NE(SVAR_OK, svar_store_open("/taken", nullptr, &none));
  EXPECT_SVAR_OK(svar_store_remove(store_.get()));
}

TEST_F(Stale, ALostDirectoryIsToldToReadersAndHolder)
{
  ASSERT_EQ(unlink(path(".state").c_str()), 0);
  ASSERT_EQ(unlink(path(".readers").c_str()), 0);
  ASSERT_EQ(unlink(path(".socket").c_str()), 0);
  ASSERT_EQ(rmdir(directory_.path().c_str()), 0);
  expect_told();
}

TEST_F(Stale, AHolderWithoutReadersNoticesWhenItGrowsOrLooks)
{
  ASSERT_EQ(unlink(path(".state").c_str()), 0);
  ASSERT_EQ(unlink(path(".readers").c_str()), 0);
  ASSERT_SVAR_OK(set<float>(weight_, std::vector<float>(1 << 20, 2))) << "found out by growing";
  EXPECT_EQ(SVAR_ERR_STALE, set<float>(weight_, {3}));
  EXPECT_EQ(SVAR_ERR_STALE, svar_store_wait(reader_.get(), 2, LONG_NS, nullptr));
}

TEST_F(Stale, ASuspicionThatIsWrongChangesNothing)
{
  // Another name for the files: one more link, gone again.
  ASSERT_EQ(link(path(".state").c_str(), (directory_.path() + "/.other").c_str()), 0);
  ASSERT_EQ(unlink((directory_.path() + "/.other").c_str()), 0);
  EXPECT_EQ(SVAR_TIMEOUT, svar_store_wait(reader_.get(), 1, 1100000000, nullptr));
  ASSERT_SVAR_OK(set<float>(weight_, {2}));
  EXPECT_SVAR_OK(svar_store_remove(store_.get()));
}

TEST_F(Stale, AStoreMadeUnderTheNameOfALostOneIsAnother)
{
  ASSERT_EQ(unlink(path(".state").c_str()), 0);
  Store second = create_store("/taken");
  ASSERT_TRUE(second) << "nobody holds the name";
  Variable other = make_variable<float>(second, "weight", {7});
  expect_told();
  EXPECT_EQ(get<float>(find(open_store("/taken"), "weight")), std::vector<float>{7});
  weight_.reset();
  store_.reset(); // takes nothing of the second's with it
  EXPECT_EQ(get<float>(find(open_store("/taken"), "weight")), std::vector<float>{7});
  EXPECT_SVAR_OK(svar_store_remove(second.get()));
}

TEST_F(Stale, AfterItsRemovalAHolderCommitsNoMore)
{
  ASSERT_SVAR_OK(svar_store_remove(store_.get()));
  EXPECT_EQ(SVAR_ERR_STALE, set<float>(weight_, {2}));
}

} // namespace
