// What becomes of the gateway when RouDi dies, hangs or is restarted, and of those who need neither.
#include <poll.h>

#include <atomic>
#include <memory>

#include "components/gateway/gateway_fixture.hpp"
#include "fakes/roudi.hpp"

namespace
{

using namespace gateway_test;
using svar_test::Child;
using svar_test::create_store;
using svar_test::make_variable;
using svar_test::ScratchDirectory;
using svar_test::Signal;
using svar_test::Store;
using svar_test::Variable;

// A process that holds, and one that reads, waits and watches; neither knows of iceoryx. The test itself has no
// thread: ThreadSanitizer takes a forked child's threads for those of its parent.
class StatePlane
{
public:
  StatePlane() : holder_([this] { return Hold(); }), reader_([this] { return Read(); })
  {
    ready_.wait();
  }
  ~StatePlane()
  {
    task_.raise('r');
    seen_.wait(); // it is told of that, too
    EXPECT_EQ(holder_.wait(), 0);
    EXPECT_EQ(reader_.wait(), 0);
  }

  /// A commit is made, and the watching reader has read it in a snapshot.
  void ExpectUntouched()
  {
    task_.raise('c');
    seen_.wait();
  }

private:
  // Commits as often as it is asked to, and removes the store when it is asked for something else.
  int Hold()
  {
    alarm(120); // an orphan ends, too
    Store store = create_store(kStore);
    Variable variable = make_variable<double>(store, "w", {1});
    held_.raise();
    while (task_.wait() == 'c') {
      EXPECT_SVAR_OK(svar_test::set<double>(variable, {2}));
    }
    EXPECT_SVAR_OK(svar_store_remove(store.get()));
    return testing::Test::HasFailure() ? 1 : 0;
  }

  int Read()
  {
    alarm(120); // an orphan ends, too
    svar_store_t *store = nullptr;
    pollfd watched = {-1, POLLIN, 0};
    held_.wait();
    EXPECT_SVAR_OK(svar_store_open(kStore, nullptr, &store));
    EXPECT_SVAR_OK(svar_store_watch_fd(store, &watched.fd));
    uint64_t version = svar_store_version(store);
    ready_.raise();
    while (poll(&watched, 1, -1) == 1 && !testing::Test::HasFailure()) {
      uint64_t wakes;
      EXPECT_EQ(read(watched.fd, &wakes, sizeof(wakes)), ssize_t(sizeof(wakes)));
      svar_ret_t ret = svar_store_wait(store, version, 0, &version);
      if (ret == SVAR_ERR_STALE) {
        break;
      }
      if (ret == SVAR_OK) {
        svar_snapshot_t now = SVAR_SNAPSHOT_INIT;
        EXPECT_SVAR_OK(svar_snapshot_begin(store, &now));
        EXPECT_GE(now.version, version);
        svar_snapshot_end(&now);
        seen_.raise();
      }
    }
    svar_store_close(store);
    seen_.raise();
    return testing::Test::HasFailure() ? 1 : 0;
  }

  Signal held_, task_, ready_, seen_;
  Child holder_, reader_;
};

// In a process of its own: an event later than what is there at first.
int
AwaitNextEvent(Signal &listening)
{
  alarm(60); // an orphan ends, too
  Events events;
  uint64_t version = events.Until(1).version;
  listening.raise();
  EXPECT_GT(events.Until(version + 1).version, version);
  std::exit(testing::Test::HasFailure() ? 1 : 0);
}

class GatewayWithoutLauncher : public testing::Test
{
protected:
  static void WaitUntilFound(bool is_found)
  {
    while (iceoryx_client_finds("/policy/weights/commits") != is_found) {
      usleep(5000); // the process has an alarm set
    }
  }

  ScratchDirectory directory_;
  Roudi roudi_;
};

TEST_F(GatewayWithoutLauncher, GoesOnForWhoListensAndEndsWhenAnotherRoudiRuns)
{
  StatePlane state; // first, so that the first event is of its commit: see GatewayEvents
  Gateway gateway;
  Signal listening;
  Child listener([&]() -> int { return AwaitNextEvent(listening); });
  listening.wait();
  roudi_.Kill();
  EXPECT_TRUE(gateway.process().WaitFor("RouDi, the iceoryx daemon, has died"));
  state.ExpectUntouched();
  EXPECT_EQ(listener.wait(), 0);
  roudi_.Start();
  EXPECT_TRUE(gateway.process().WaitFor("RouDi, the iceoryx daemon, was restarted"));
  EXPECT_EQ(gateway.process().Wait(), 1);
  state.ExpectUntouched();
}

TEST_F(GatewayWithoutLauncher, EndsWhenItWasPausedAndCutOff)
{
  Gateway gateway;
  StatePlane state;
  EXPECT_TRUE(gateway.process().WaitFor("following /policy/weights"));
  // What RouDi shows tells that it has cut the gateway off.
  InProcess([&] {
    iceoryx_client_join("svar-test-client");
    WaitUntilFound(true);
    gateway.process().Stop();
    WaitUntilFound(false);
  });
  gateway.process().Signal(SIGCONT);
  state.ExpectUntouched();
  EXPECT_TRUE(gateway.process().WaitFor("this process was paused for"));
  EXPECT_EQ(gateway.process().Wait(), 1);
}

class GatewayUnderLaunch : public testing::Test
{
protected:
  void SetUp() override
  {
    ASSERT_FALSE(HasFailure()); // nobody else's RouDi runs
    launch_ =
        std::make_unique<Process>(std::vector<std::string>{SVAR_PROGRAM, "launch", GATEWAY_LAUNCH},
                                  Process::Environment{{"AMENT_PREFIX_PATH", PREFIX}});
    ASSERT_TRUE(launch_->WaitFor("iox-roudi started with pid "));
    roudi_ = std::stoi(LastWordAfter("iox-roudi started with pid "));
    state_ = std::make_unique<StatePlane>();
    ASSERT_TRUE(launch_->WaitFor("iceoryx_gateway-1 started"));
    ExpectEvents();
  }
  void TearDown() override
  {
    state_.reset();
    launch_->Signal(SIGINT);
    EXPECT_EQ(launch_->Wait(), 1); // it went well in the end, but RouDi failed
    const std::string text = launch_->Errors();
    EXPECT_EQ(Count(text, ": starting one again, and then iceoryx_gateway-1"), 1) << text;
    EXPECT_EQ(Count(text, "iceoryx_gateway-1 started"), 2) << text;
  }
  /// The message side is away for the time being; the state plane is not. Then it is back.
  void ExpectRecovery(const std::string &what)
  {
    state_->ExpectUntouched();
    EXPECT_TRUE(launch_->WaitFor("iox-roudi " + what + ": starting one again"));
    state_->ExpectUntouched();
    EXPECT_TRUE(launch_->WaitFor("iceoryx_gateway-1 started"));
    state_->ExpectUntouched();
    ExpectEvents();
  }
  /// A process that joins now gets the event of a commit that is made now.
  void ExpectEvents()
  {
    Signal listening;
    Child listener([&]() -> int { return AwaitNextEvent(listening); });
    listening.wait();
    state_->ExpectUntouched();
    EXPECT_EQ(listener.wait(), 0);
  }

  pid_t roudi_ = 0;

private:
  std::string LastWordAfter(const std::string &text)
  {
    const std::string &errors = launch_->Errors();
    return errors.substr(errors.rfind(text) + text.size());
  }
  static int Count(const std::string &text, const std::string &part)
  {
    int count = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
      count++;
    }
    return count;
  }

  ScratchDirectory directory_;
  RoudiTurn turn_;
  std::unique_ptr<Process> launch_;
  std::unique_ptr<StatePlane> state_;
};

TEST_F(GatewayUnderLaunch, IsBackAfterRoudiWasKilled)
{
  kill(roudi_, SIGKILL);
  ExpectRecovery("was ended by SIGKILL");
}

TEST_F(GatewayUnderLaunch, IsBackAfterRoudiWasPaused)
{
  kill(roudi_, SIGSTOP);
  ExpectRecovery("does not answer");
}

TEST_F(GatewayUnderLaunch, IsBackAfterAProcessWasKilledInsidePublishAndRoudiWedged)
{
  Child victim([]() -> int {
    execl(KILLED_IN_PUBLISH, KILLED_IN_PUBLISH, nullptr);
    return 126;
  });
  ASSERT_EQ(victim.wait(), 128 + SIGKILL);
  ExpectRecovery("does not answer");
}

TEST_F(GatewayUnderLaunch, IsBackAfterRoudiWasToldToEnd)
{
  kill(roudi_, SIGTERM); // it takes those that joined it along
  ExpectRecovery("ended");
}

} // namespace
