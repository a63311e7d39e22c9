// The gateway's threads, one of which is stuck.
#include <gtest/gtest.h>

#include <future>
#include <vector>

extern "C" {
#include "components/gateway_worker.h"
}

namespace
{

struct Turns {
  std::promise<void> began;
  std::shared_future<void> may_return;
  svar_ret_t ret = SVAR_OK;
  bool is_first = true;
};

svar_ret_t
Turn(void *context)
{
  auto *turns = static_cast<Turns *>(context);
  if (turns->is_first) {
    turns->is_first = false;
    turns->began.set_value();
  }
  turns->may_return.wait();
  return turns->ret == SVAR_OK ? SVAR_OK : svar_fail(turns->ret, "the turn failed");
}

// Never freed: a thread may be left that uses it.
Turns *
MakeTurns()
{
  static auto *const all = new std::vector<Turns *>;
  all->push_back(new Turns);
  return all->back();
}

class GatewayWorker : public testing::Test
{
protected:
  svari_gateway_worker_t *Start(int64_t patience_ns)
  {
    turns_.may_return = returns_.get_future().share();
    const svari_gateway_work_t work = {"turning", Turn, &turns_, patience_ns};
    svari_gateway_worker_t *worker = nullptr;
    EXPECT_EQ(svari_gateway_worker_start(&work, &worker), SVAR_OK) << svar_error_message();
    turns_.began.get_future().wait();
    return worker;
  }

  Turns &turns_ = *MakeTurns();
  std::promise<void> returns_;
};

TEST_F(GatewayWorker, TurnsUntilItIsStopped)
{
  svari_gateway_worker_t *worker = Start(INT64_MAX);
  EXPECT_EQ(svari_gateway_worker_check(worker), SVAR_OK);
  returns_.set_value();
  EXPECT_TRUE(svari_gateway_worker_stop(worker));
  EXPECT_TRUE(svari_gateway_worker_stop(nullptr));
}

TEST_F(GatewayWorker, ThatFailsSaysWhy)
{
  turns_.ret = SVAR_ERR_STATE;
  svari_gateway_worker_t *worker = Start(INT64_MAX);
  returns_.set_value();
  svar_ret_t ret;
  while ((ret = svari_gateway_worker_check(worker)) == SVAR_OK) {
    std::this_thread::yield();
  }
  EXPECT_EQ(ret, SVAR_ERR_STATE);
  EXPECT_STREQ(svar_error_message(), "the turn failed");
  EXPECT_TRUE(svari_gateway_worker_stop(worker));
}

TEST_F(GatewayWorker, ThatIsStuckIsNoticedAndLeftBehind)
{
  svari_gateway_worker_t *worker = Start(-1); // no turn is as short
  EXPECT_EQ(svari_gateway_worker_check(worker), SVAR_ERR_MESSAGES);
  EXPECT_NE(std::string(svar_error_message()).find("turning: a call into iceoryx does not return"),
            std::string::npos)
      << svar_error_message();
  EXPECT_FALSE(svari_gateway_worker_stop(worker));
  returns_.set_value(); // the thread ends after all, perhaps later than this test
}

} // namespace
