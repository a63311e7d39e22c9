// svar_store_watch_fd(): commits as a descriptor that event loops wait for.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <set>
#include <thread>

#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

const int PATIENCE_MS = 20000;

int
watch(const Store &store)
{
  int fd = -1;
  EXPECT_SVAR_OK(svar_store_watch_fd(store.get(), &fd));
  return fd;
}

bool
is_readable(int fd, int timeout_ms)
{
  pollfd look = {fd, POLLIN, 0};
  return poll(&look, 1, timeout_ms) == 1;
}

// Clears the descriptor; as a loop does it.
void
take(int fd)
{
  uint64_t count = 0;
  EXPECT_EQ(read(fd, &count, sizeof(count)), static_cast<ssize_t>(sizeof(count)));
}

// Waits as a loop does until the store has that version.
void
expect_version(const Store &store, int fd, uint64_t version)
{
  while (svar_store_version(store.get()) < version) {
    ASSERT_TRUE(is_readable(fd, PATIENCE_MS)) << "version " << version;
    take(fd);
  }
}

// Holds the store and commits whenever it is told to, until it is killed.
class Holder
{
public:
  explicit Holder(bool no_service = false)
      : child_([this, no_service] {
          svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
          options.no_service = no_service;
          Store store = create_store("/watched", &options);
          uint64_t version = svar_store_version(store.get());
          Variable value =
              version == 0 ? make_variable<double>(store, "value", {0}) : find(store, "value");
          ready_.raise();
          for (;;) {
            go_.wait();
            set<double>(value, {1});
          }
          return 0;
        })
  {
    ready_.wait();
  }
  void commit()
  {
    go_.raise();
  }
  void kill()
  {
    child_.kill(SIGKILL);
    child_.wait();
  }

private:
  Signal ready_, go_;
  Child child_;
};

class Watch : public testing::Test
{
protected:
  ~Watch() override
  {
    EXPECT_SVAR_OK(svar_store_clean("/watched", nullptr, false, nullptr));
  }
  ScratchDirectory directory_;
};

TEST_F(Watch, ACommitMakesItReadableAndReadingItClearsIt)
{
  Holder holder;
  Store reader = open_store("/watched");
  int fd = watch(reader);
  EXPECT_EQ(watch(reader), fd) << "one a handle";
  for (uint64_t version = 2; version < 50; version++) {
    holder.commit();
    expect_version(reader, fd, version);
  }
  reader.reset();
  holder.kill();
}

TEST_F(Watch, ManyHandlesAreEachTold)
{
  Holder holder;
  std::vector<Store> readers;
  for (int i = 0; i < 20; i++) {
    readers.push_back(open_store("/watched"));
    watch(readers.back());
  }
  holder.commit();
  for (const Store &reader : readers) {
    expect_version(reader, watch(reader), 2);
  }
  readers.clear();
  holder.kill();
}

// More than there are places, one after the other.
TEST_F(Watch, WhoLeavesMakesPlace)
{
  Holder holder;
  for (uint64_t version = 2; version < 100; version++) {
    Store reader = open_store("/watched");
    int fd = watch(reader);
    holder.commit();
    expect_version(reader, fd, version);
  }
  holder.kill();
}

TEST_F(Watch, AHolderWithoutAServiceIsWatchedAsWell)
{
  Holder holder(true);
  Store reader = open_store("/watched");
  int fd = watch(reader);
  for (uint64_t version = 2; version < 10; version++) {
    holder.commit();
    expect_version(reader, fd, version);
  }
  reader.reset();
  holder.kill();
}

TEST_F(Watch, ItWorksOnWithEachNextHolder)
{
  auto holder = std::make_unique<Holder>();
  Store reader = open_store("/watched");
  int fd = watch(reader);
  uint64_t version = 1;
  for (int life = 0; life < 6; life++) {
    for (int i = 0; i < 3; i++) {
      holder->commit();
      expect_version(reader, fd, ++version);
    }
    holder->kill();
    holder = std::make_unique<Holder>(life % 3 == 1);
  }
  reader.reset();
  holder->kill();
}

// What a robot's process looks like: its own period, its own connections, and the weights of a policy, in one
// epoll. The holder is killed in between; the loop has no code for that.
TEST_F(Watch, AnEventLoopWithATimerAndASocketOutlivesTheHolder)
{
  auto holder = std::make_unique<Holder>();
  Store weights = open_store("/watched");
  int sockets[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  const itimerspec each_millisecond = {{0, 1000000}, {0, 1000000}};
  ASSERT_EQ(timerfd_settime(timer, 0, &each_millisecond, nullptr), 0);
  int loop = epoll_create1(EPOLL_CLOEXEC);
  const int weights_fd = watch(weights);
  for (int fd : {weights_fd, timer, sockets[0]}) {
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ASSERT_EQ(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event), 0);
  }
  const uint64_t last_version = 12;
  uint64_t seen = 1, ticks = 0, packets = 0;
  holder->commit();
  while (seen < last_version || ticks < 5 || packets < last_version - 1) {
    epoll_event event = {};
    ASSERT_EQ(epoll_wait(loop, &event, 1, PATIENCE_MS), 1);
    if (event.data.fd == timer) {
      uint64_t expirations = 0;
      ticks += read(timer, &expirations, sizeof(expirations)) > 0 ? expirations : 0;
    } else if (event.data.fd == sockets[0]) {
      char packet[16];
      packets += recv(sockets[0], packet, sizeof(packet), 0) > 0 ? 1 : 0;
    } else {
      take(weights_fd);
      uint64_t version = svar_store_version(weights.get());
      for (; seen < version; seen++) {
        ASSERT_EQ(send(sockets[1], "new", 3, 0), 3);
      }
      if (version == 5) {
        holder->kill();
        holder = std::make_unique<Holder>();
      }
      if (version < last_version) {
        holder->commit();
      }
    }
  }
  for (int fd : {loop, timer, sockets[0], sockets[1]}) {
    close(fd);
  }
  weights.reset();
  holder->kill();
}

TEST_F(Watch, AHolderWatchesItselfAndPrivateStoresAreWatched)
{
  svar_store_t *made = nullptr;
  ASSERT_SVAR_OK(svar_store_create_private("/own", nullptr, &made));
  Store own(made);
  Store shared = create_store("/watched");
  for (const Store *store : {&own, &shared}) {
    int fd = watch(*store);
    EXPECT_FALSE(is_readable(fd, 0));
    Variable value = make_variable<double>(*store, "value", {1});
    EXPECT_TRUE(is_readable(fd, 0)) << "at once: by the committing thread";
    take(fd);
    EXPECT_FALSE(is_readable(fd, 0));
    set<double>(value, {2});
    EXPECT_TRUE(is_readable(fd, 0));
  }
}

TEST_F(Watch, ARemovalIsTold)
{
  Store holder = create_store("/watched");
  Variable value = make_variable<double>(holder, "value", {1});
  Store reader = open_store("/watched");
  int fd = watch(reader);
  ASSERT_SVAR_OK(svar_store_remove(holder.get()));
  svar_ret_t ret;
  while ((ret = svar_store_wait(reader.get(), 1, 0, nullptr)) == SVAR_TIMEOUT) {
    ASSERT_TRUE(is_readable(fd, PATIENCE_MS));
    take(fd);
  }
  EXPECT_EQ(ret, SVAR_ERR_STALE);
  value.reset();
  holder = create_store("/watched"); // for the fixture
  make_variable<double>(holder, "value", {1});
}

// Its copies of the descriptors must not keep the holder's places, nor its threads be waited for.
TEST_F(Watch, AChildOfAForkNeitherWatchesNorHolds)
{
  Store holder = create_store("/watched");
  Variable value = make_variable<double>(holder, "value", {1});
  Store reader = open_store("/watched");
  int fd = watch(reader);
  Signal end;
  Child child([&] {
    int none = -1;
    bool refuses = svar_store_watch_fd(reader.get(), &none) == SVAR_ERR_FORKED;
    reader.reset();
    holder.reset();
    end.wait();
    return refuses ? 0 : 1;
  });
  set<double>(value, {2});
  EXPECT_TRUE(is_readable(fd, PATIENCE_MS));
  expect_version(reader, fd, 2);
  value.reset();
  holder.reset();
  Holder next;
  next.commit();
  expect_version(reader, fd, 3);
  next.kill();
  end.raise();
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(Watch, CommitsOfManyThreadsAreToldWhileWatchersComeAndGo)
{
  Store holder = create_store("/watched");
  Variable value = make_variable<double>(holder, "value", {1});
  std::vector<std::thread> committers;
  std::atomic<bool> is_over{false};
  for (int i = 0; i < 3; i++) {
    committers.emplace_back([&] {
      while (!is_over) {
        ASSERT_SVAR_OK(set<double>(value, {2}));
      }
    });
  }
  for (int i = 0; i < 50; i++) {
    Store reader = open_store("/watched");
    int fd = watch(reader);
    expect_version(reader, fd, svar_store_version(reader.get()) + 3);
  }
  is_over = true;
  for (std::thread &committer : committers) {
    committer.join();
  }
}

} // namespace
