// The service socket as a stranger meets it: packets made by hand, lies among them.
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "fakes/scratch.hpp"

extern "C" {
#include "ipc/service_body.h"
#include "ipc/service_protocol.h"
#include "ipc/service_socket.h"
}

namespace
{

using namespace svar_test;

const int64_t PATIENCE_NS = 20000000000;

struct Answer {
  svari_response_t head = {};
  std::string body;
  bool is_end = false; // the holder ended the connection instead
};

// A connection that says whatever it is told to.
class Peer
{
public:
  explicit Peer(const std::string &path, uid_t owner = geteuid())
  {
    EXPECT_SVAR_OK(svari_socket_connect(path.c_str(), owner, PATIENCE_NS, &fd_));
  }
  ~Peer()
  {
    close(fd_);
  }
  Peer(const Peer &) = delete;
  Peer &operator=(const Peer &) = delete;

  int send(const void *bytes, size_t size, int fd = SVARI_NO_FD)
  {
    return svari_packet_send(fd_, bytes, size, nullptr, 0, fd, 0);
  }
  int send(uint16_t kind, int fd = SVARI_NO_FD)
  {
    svari_request_t request = head(kind);
    return send(&request, sizeof(request), fd);
  }
  static svari_request_t head(uint16_t kind)
  {
    svari_request_t request = {};
    request.magic = SVARI_REQUEST_MAGIC;
    request.protocol = SVARI_SERVICE_PROTOCOL;
    request.kind = kind;
    request.id = 77;
    return request;
  }
  Answer receive()
  {
    uint8_t buffer[4096];
    svari_packet_t packet = {};
    Answer answer;
    bool is_end = false;
    int error = svari_packet_receive(fd_, buffer, sizeof(buffer), 0, &packet, &is_end);
    EXPECT_TRUE(error == 0 || error == ECONNRESET) << strerror(error);
    answer.is_end = error != 0;
    if (error == 0) {
      EXPECT_GE(packet.size_bytes, sizeof(answer.head));
      memcpy(&answer.head, buffer, sizeof(answer.head));
      answer.body.assign(reinterpret_cast<char *>(buffer) + sizeof(answer.head),
                         packet.size_bytes - sizeof(answer.head));
    }
    return answer;
  }
  Answer ask(uint16_t kind, int fd = SVARI_NO_FD)
  {
    EXPECT_EQ(send(kind, fd), 0);
    return receive();
  }

private:
  int fd_ = -1;
};

class Service : public testing::Test
{
protected:
  Service()
  {
    svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
    options.settable = "*";
    store_ = create_store("/served", &options);
    value_ = make_variable<double>(store_, "value", {1, 2});
  }
  ~Service() override
  {
    EXPECT_SVAR_OK(svar_store_remove(store_.get()));
    EXPECT_EQ(lives(), true);
  }
  std::string path() const
  {
    return directory_.path() + "/svar." + std::to_string(geteuid()) + ".served.socket";
  }
  bool lives()
  {
    return set<double>(value_, {3, 4}) == SVAR_OK ||
           strstr(svar_error_message(), "removed") != nullptr;
  }
  void expect_served()
  {
    EXPECT_EQ(Peer(path()).ask(SVARI_REQUEST_STATUS).head.ret, SVAR_OK);
  }

  ScratchDirectory directory_;
  Store store_;
  Variable value_;
};

TEST_F(Service, TellsItsStatus)
{
  Peer peer(path());
  for (uint64_t version = 1; version < 4; version++) {
    Answer answer = peer.ask(SVARI_REQUEST_STATUS);
    ASSERT_EQ(answer.head.ret, SVAR_OK);
    EXPECT_EQ(answer.head.magic, SVARI_RESPONSE_MAGIC);
    EXPECT_EQ(answer.head.id, 77u);
    ASSERT_EQ(answer.body.size(), sizeof(svari_status_t));
    svari_status_t status;
    memcpy(&status, answer.body.data(), sizeof(status));
    EXPECT_STREQ(status.name, "/served");
    EXPECT_EQ(status.version, version);
    EXPECT_EQ(status.holder_pid, getpid());
    EXPECT_EQ(status.variable_count, 1u);
    set<double>(value_, {1, 2});
  }
}

TEST_F(Service, AConnectionThatMakesNoSenseEndsWithASentence)
{
  svari_request_t wrong = Peer::head(SVARI_REQUEST_STATUS);
  wrong.magic = 1;
  svari_request_t other = Peer::head(SVARI_REQUEST_STATUS);
  other.protocol = 9;
  svari_request_t unknown = Peer::head(99);
  for (const svari_request_t &request : {wrong, other, unknown}) {
    Peer peer(path());
    ASSERT_EQ(peer.send(&request, sizeof(request)), 0);
    Answer answer = peer.receive();
    EXPECT_NE(answer.head.ret, SVAR_OK);
    EXPECT_GT(answer.body.size(), 10u);
    EXPECT_TRUE(peer.receive().is_end);
  }
  Peer brief(path());
  ASSERT_EQ(brief.send("x", 1), 0);
  EXPECT_EQ(brief.receive().head.ret, SVAR_ERR_SYNTAX);
  Peer wordy(path());
  std::string long_packet(8192, 'x');
  ASSERT_EQ(wordy.send(long_packet.data(), long_packet.size()), 0);
  EXPECT_TRUE(wordy.receive().is_end);
  expect_served();
}

TEST_F(Service, OnlyAnEventfdWatches)
{
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  Peer peer(path());
  for (int fd : {SVARI_NO_FD, pipes[1], STDERR_FILENO}) {
    Answer answer = peer.ask(SVARI_REQUEST_WATCH, fd);
    EXPECT_EQ(answer.head.ret, SVAR_ERR_SYNTAX) << answer.body;
  }
  int good = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  EXPECT_EQ(peer.ask(SVARI_REQUEST_WATCH, good).head.ret, SVAR_OK);
  EXPECT_EQ(peer.ask(SVARI_REQUEST_WATCH, good).head.ret, SVAR_ERR_STATE) << "one a connection";
  for (int fd : {pipes[0], pipes[1], good}) {
    close(fd);
  }
}

TEST_F(Service, AFullWatcherIsInNobodysWay)
{
  Peer peer(path());
  int full = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  ASSERT_EQ(peer.ask(SVARI_REQUEST_WATCH, full).head.ret, SVAR_OK);
  const uint64_t most = UINT64_MAX - 1;
  ASSERT_EQ(write(full, &most, sizeof(most)), 8);
  for (int i = 0; i < 100; i++) {
    ASSERT_SVAR_OK(set<double>(value_, {1, 2}));
  }
  close(full);
}

// Watchers of another user, who may read the store. The eventfds are shared with this process.
class ForeignWatchers : public Service
{
protected:
  void SetUp() override
  {
    if (geteuid() != 0) {
      GTEST_SKIP() << "only root can become another user";
    }
    svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
    options.mode = 0644;
    options.start_empty = true;
    value_.reset();
    store_.reset();
    store_ = create_store("/served", &options);
    value_ = make_variable<double>(store_, "value", {1, 2});
    ASSERT_EQ(chmod(directory_.path().c_str(), 0755), 0);
  }
  void watch(const std::vector<int> &fds)
  {
    Signal is_watching;
    const std::string path_of_root = path();
    child_ = std::make_unique<Child>([&] {
      const uid_t stranger = 65534;
      std::vector<std::unique_ptr<Peer>> peers;
      if (setgid(stranger) != 0 || setuid(stranger) != 0) {
        return 1;
      }
      for (int fd : fds) {
        peers.push_back(std::make_unique<Peer>(path_of_root, 0));
        if (peers.back()->ask(SVARI_REQUEST_WATCH, fd).head.ret != SVAR_OK) {
          return 2;
        }
      }
      is_watching.raise();
      pause();
      return 0;
    });
    is_watching.wait();
  }
  std::unique_ptr<Child> child_;
};

// The flag is of the open file, which the watcher shares: it may turn on the holder at any moment.
TEST_F(ForeignWatchers, AFullEventfdThatBlocksHoldsNobodyUp)
{
  int evil = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  watch({evil});
  const uint64_t most = UINT64_MAX - 1;
  ASSERT_EQ(write(evil, &most, sizeof(most)), 8);
  ASSERT_EQ(fcntl(evil, F_SETFL, 0), 0);
  for (int i = 0; i < 1000; i++) {
    ASSERT_SVAR_OK(set<double>(value_, {1, 2})); // a write would wait for ever
  }
  uint64_t count = 0;
  ASSERT_EQ(read(evil, &count, sizeof(count)), 8);
  EXPECT_GE(count, most);
  ASSERT_SVAR_OK(set<double>(value_, {1, 2}));
  ASSERT_EQ(read(evil, &count, sizeof(count)), 8) << "it is told as before";
  EXPECT_EQ(count, 1u);
  close(evil);
}

// More commits than the kernel keeps results of, from many threads, to every place that there is.
TEST_F(ForeignWatchers, EachIsToldOfEveryCommit)
{
  std::vector<int> fds;
  for (int i = 0; i < 64; i++) { // SVARI_WATCHERS
    fds.push_back(eventfd(0, EFD_CLOEXEC));
  }
  watch(fds);
  EXPECT_EQ(Peer(path()).ask(SVARI_REQUEST_WATCH, fds[0]).head.ret, SVAR_ERR_READERS_FULL);
  std::vector<std::thread> threads;
  const uint64_t each = 300;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&] {
      for (uint64_t n = 0; n < each; n++) {
        ASSERT_SVAR_OK(set<double>(value_, {1, 2}));
      }
    });
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
  for (int fd : fds) {
    uint64_t count = 0;
    ASSERT_EQ(read(fd, &count, sizeof(count)), 8);
    EXPECT_EQ(count, 4 * each);
    close(fd);
  }
}

TEST_F(Service, WhoeverOnlyConnectsIsEndedWhenItsPlaceIsNeeded)
{
  std::vector<std::unique_ptr<Peer>> idle;
  for (int i = 0; i < 300; i++) {
    idle.push_back(std::make_unique<Peer>(path()));
  }
  expect_served();
  EXPECT_EQ(idle.back()->ask(SVARI_REQUEST_STATUS).head.ret, SVAR_OK);
  EXPECT_TRUE(idle.front()->receive().is_end);
}

TEST_F(Service, WhoeverTakesNoAnswersIsEnded)
{
  Peer peer(path());
  int error = 0;
  svari_request_t request = Peer::head(SVARI_REQUEST_STATUS);
  for (int i = 0; i < 1000000 && error == 0; i++) {
    error = peer.send(&request, sizeof(request));
  }
  EXPECT_TRUE(error == EPIPE || error == ECONNRESET) << strerror(error);
  expect_served();
}

TEST_F(Service, DescriptorsThatNobodyAskedForAreClosed)
{
  auto count = [] {
    size_t fds = 0;
    DIR *stream = opendir("/proc/self/fd");
    while (readdir(stream) != nullptr) {
      fds++;
    }
    closedir(stream);
    return fds;
  };
  Peer peer(path());
  peer.ask(SVARI_REQUEST_STATUS);
  size_t before = count();
  for (int i = 0; i < 50; i++) {
    EXPECT_EQ(peer.ask(SVARI_REQUEST_STATUS, STDIN_FILENO).head.ret, SVAR_OK);
    EXPECT_NE(peer.ask(SVARI_REQUEST_WATCH, STDIN_FILENO).head.ret, SVAR_OK);
  }
  EXPECT_EQ(count(), before);
}

TEST_F(Service, AStoreWithoutValuesOnAGpuHandsOutNoMemory)
{
  struct {
    svari_request_t head = Peer::head(SVARI_REQUEST_DEVICE);
    svari_device_request_t body = {1, 0, 0, {}};
  } request;
  Peer peer(path());
  auto ask = [&](size_t body_bytes, size_t sent_bytes) {
    request.head.body_bytes = body_bytes;
    EXPECT_EQ(peer.send(&request, sizeof(request.head) + sent_bytes), 0);
    return peer.receive().head.ret;
  };
  EXPECT_EQ(ask(sizeof(request.body), sizeof(request.body)), SVAR_ERR_UNSET);
  EXPECT_EQ(ask(sizeof(request.body), 8), SVAR_ERR_SYNTAX);
  EXPECT_EQ(ask(8, 8), SVAR_ERR_SYNTAX);
  EXPECT_EQ(ask(0, 0), SVAR_ERR_SYNTAX);
  EXPECT_EQ(ask(UINT64_MAX, sizeof(request.body)), SVAR_ERR_SYNTAX);
  EXPECT_EQ(peer.ask(SVARI_REQUEST_DEVICE, STDIN_FILENO).head.ret, SVAR_ERR_SYNTAX);
  EXPECT_EQ(ask(sizeof(request.body), sizeof(request.body)), SVAR_ERR_UNSET);
}

TEST_F(Service, SurvivesManyClientsThatAreKilledAtWork)
{
  std::vector<std::unique_ptr<Child>> clients;
  for (int i = 0; i < 8; i++) {
    clients.push_back(std::make_unique<Child>([this] {
      while (!HasFailure()) {
        Peer peer(path());
        int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        peer.ask(SVARI_REQUEST_WATCH, fd);
        peer.send(SVARI_REQUEST_STATUS);
        close(fd);
      }
      return 1;
    }));
  }
  for (int i = 0; i < 2000; i++) {
    ASSERT_SVAR_OK(set<double>(value_, {1, 2}));
  }
  for (auto &client : clients) {
    client->kill(SIGKILL);
  }
  clients.clear();
  expect_served();
}

TEST_F(Service, ALongPathAndALongNameAreServed)
{
  std::string deep = directory_.path();
  std::vector<std::string> folders;
  for (int i = 0; i < 4; i++) {
    deep += "/" + std::string(60, 'd');
    ASSERT_EQ(mkdir(deep.c_str(), 0700), 0);
    folders.push_back(deep);
  }
  std::string name = "/" + std::string(254, 'n');
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.directory = deep.c_str();
  Store holder = create_store(name.c_str(), &options);
  make_variable<double>(holder, "value", {1});
  svar_store_t *opened = nullptr;
  ASSERT_SVAR_OK(svar_store_open(name.c_str(), &options, &opened));
  Store reader(opened);
  int fd = -1;
  ASSERT_SVAR_OK(svar_store_watch_fd(reader.get(), &fd));
  set<double>(find(holder, "value"), {2});
  pollfd look = {fd, POLLIN, 0};
  EXPECT_EQ(poll(&look, 1, 20000), 1);
  EXPECT_SVAR_OK(svar_store_remove(holder.get()));
  reader.reset();
  holder.reset();
  for (size_t i = folders.size(); i-- > 0;) {
    EXPECT_EQ(rmdir(folders[i].c_str()), 0) << "left in " << folders[i];
  }
}

TEST_F(Service, CleanTakesTheSocketOfAKilledHolderAway)
{
  Signal held;
  Child holder([&] {
    Store store = create_store("/killed");
    Variable value = make_variable<double>(store, "value", {1});
    held.raise();
    pause();
    return 0;
  });
  held.wait();
  holder.kill(SIGKILL);
  holder.wait();
  std::string stem = directory_.path() + "/svar." + std::to_string(geteuid()) + ".killed";
  struct stat status;
  ASSERT_EQ(lstat((stem + ".socket").c_str(), &status), 0);
  ASSERT_EQ(unlink((stem + ".state").c_str()), 0);
  ASSERT_EQ(unlink((stem + ".readers").c_str()), 0);
  bool is_listed = false;
  ASSERT_SVAR_OK(svar_store_list(
      nullptr,
      [](const char *name, uid_t, void *found) {
        *static_cast<bool *>(found) |= strcmp(name, "/killed") == 0;
        return true;
      },
      &is_listed));
  EXPECT_TRUE(is_listed) << "what is left is listed";
  EXPECT_SVAR_OK(svar_store_clean("/killed", nullptr, true, nullptr));
  EXPECT_SVAR_OK(svar_store_clean("/killed", nullptr, false, nullptr));
  EXPECT_NE(lstat((stem + ".socket").c_str(), &status), 0);
}

// A SET of one value by hand: two doubles for "value".
struct HandMade {
  svari_request_t head = Peer::head(SVARI_REQUEST_SET);
  svari_value_description_t value = {};
  double numbers[2] = {8, 9};

  HandMade()
  {
    strcpy(value.name, "value");
    value.source_kind = SVAR_SOURCE_ARRAY;
    value.dtype = SVAR_FLOAT64;
    value.ndim = 1;
    value.shape[0] = 2;
    value.size_bytes = sizeof(numbers);
    value.offset = sizeof(value);
    head.value_count = 1;
    head.body_bytes = sizeof(value) + sizeof(numbers);
  }
  std::string body() const
  {
    return std::string(reinterpret_cast<const char *>(&value), sizeof(value)) +
           std::string(reinterpret_cast<const char *>(numbers), sizeof(numbers));
  }
  std::string packet() const
  {
    return std::string(reinterpret_cast<const char *>(&head), sizeof(head)) + body();
  }
};

int
make_memfd(const std::string &bytes, int seals)
{
  int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  EXPECT_EQ(write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  EXPECT_EQ(fcntl(fd, F_ADD_SEALS, seals), 0);
  return fd;
}

TEST_F(Service, SetsWhatIsDescribedRightly)
{
  HandMade set;
  Peer peer(path());
  std::string packet = set.packet();
  ASSERT_EQ(peer.send(packet.data(), packet.size()), 0);
  Answer answer = peer.receive();
  EXPECT_EQ(answer.head.ret, SVAR_OK) << answer.body;
  EXPECT_EQ(answer.head.version, 2u);
  EXPECT_EQ(get<double>(value_), (std::vector<double>{8, 9}));
  set.numbers[0] = 7;
  int fd = make_memfd(set.body(), SVARI_BODY_SEALS);
  ASSERT_EQ(peer.send(&set.head, sizeof(set.head), fd), 0);
  EXPECT_EQ(peer.receive().head.version, 3u);
  EXPECT_EQ(get<double>(value_), (std::vector<double>{7, 9}));
  close(fd);
}

TEST_F(Service, ALyingDescriptionChangesNothing)
{
  std::vector<std::pair<const char *, std::function<void(HandMade &)>>> lies = {
      {"name", [](HandMade &set) { memset(set.value.name, 'x', sizeof(set.value.name)); }},
      {"empty name", [](HandMade &set) { set.value.name[0] = 0; }},
      {"kind", [](HandMade &set) { set.value.source_kind = SVAR_SOURCE_OBJECT; }},
      {"huge kind", [](HandMade &set) { set.value.source_kind = UINT32_MAX; }},
      {"dtype",
       [](HandMade &set) {
         set.value.dtype = {200, 7, 9};
       }},
      {"rank", [](HandMade &set) { set.value.ndim = 17; }},
      {"negative rank", [](HandMade &set) { set.value.ndim = -1; }},
      {"extent", [](HandMade &set) { set.value.shape[0] = -2; }},
      {"large extent", [](HandMade &set) { set.value.shape[0] = INT64_MAX; }},
      {"size", [](HandMade &set) { set.value.size_bytes = 8; }},
      {"offset", [](HandMade &set) { set.value.offset = UINT64_MAX - 7; }},
      {"offset at the end", [](HandMade &set) { set.value.offset += 1; }},
      {"literal",
       [](HandMade &set) {
         set.value.source_kind = SVAR_SOURCE_LITERAL;
         set.value.dtype = SVAR_FLOAT32;
         set.value.size_bytes = 8;
       }},
      {"scalar of rank 1", [](HandMade &set) { set.value.source_kind = SVAR_SOURCE_SCALAR; }},
      {"table", [](HandMade &set) { set.head.table_offset = 64; }},
      {"table at the end of numbers", [](HandMade &set) { set.head.table_offset = UINT64_MAX; }},
      {"count", [](HandMade &set) { set.head.value_count = UINT32_MAX; }},
      {"body", [](HandMade &set) { set.head.body_bytes = UINT64_MAX; }},
      {"short body", [](HandMade &set) { set.head.body_bytes -= 8; }},
  };
  Peer peer(path());
  for (const auto &[what, lie] : lies) {
    HandMade set;
    lie(set);
    std::string packet = set.packet();
    ASSERT_EQ(peer.send(packet.data(), packet.size()), 0) << what;
    Answer answer = peer.receive();
    EXPECT_NE(answer.head.ret, SVAR_OK) << what;
    EXPECT_NE(answer.head.ret, SVAR_ERR_PERMISSION) << what;
    EXPECT_GT(answer.body.size(), 10u) << what;
    int fd = make_memfd(set.body(), SVARI_BODY_SEALS);
    ASSERT_EQ(peer.send(&set.head, sizeof(set.head), fd), 0);
    EXPECT_NE(peer.receive().head.ret, SVAR_OK) << what;
    close(fd);
  }
  EXPECT_EQ(svar_store_version(store_.get()), 1u);
}

TEST_F(Service, OnlyASealedMemfdIsABody)
{
  HandMade set;
  Peer peer(path());
  int file = open(directory_.path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  std::string body = set.body();
  ASSERT_EQ(write(file, body.data(), body.size()), static_cast<ssize_t>(body.size()));
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  int huge = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB);
  ASSERT_EQ(ftruncate(huge, 2 << 20), 0);
  ASSERT_EQ(fcntl(huge, F_ADD_SEALS, SVARI_BODY_SEALS), 0);
  const int others[] = {make_memfd(body, 0),
                        make_memfd(body, F_SEAL_SHRINK),
                        make_memfd(body, F_SEAL_FUTURE_WRITE),
                        make_memfd(body, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE),
                        make_memfd(body.substr(1), SVARI_BODY_SEALS),
                        make_memfd("", SVARI_BODY_SEALS),
                        huge,
                        file,
                        pipes[0]};
  for (int fd : others) {
    ASSERT_EQ(peer.send(&set.head, sizeof(set.head), fd), 0);
    Answer answer = peer.receive();
    EXPECT_EQ(answer.head.ret, SVAR_ERR_SYNTAX) << answer.body;
    close(fd);
  }
  close(pipes[1]);
  EXPECT_EQ(svar_store_version(store_.get()), 1u);
}

// A hole costs its sender nothing. It must not cost the holder its memory.
TEST_F(Service, ABodyWithAHoleIsRefused)
{
  const uint64_t size = UINT64_C(1) << 40;
  HandMade set;
  set.value.size_bytes = size;
  set.value.shape[0] = static_cast<int64_t>(size / 8);
  set.head.body_bytes = sizeof(set.value) + size;
  int fd = memfd_create("hole", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  ASSERT_EQ(pwrite(fd, &set.value, sizeof(set.value), 0), static_cast<ssize_t>(sizeof(set.value)));
  ASSERT_EQ(ftruncate(fd, static_cast<off_t>(set.head.body_bytes)), 0);
  ASSERT_EQ(fcntl(fd, F_ADD_SEALS, SVARI_BODY_SEALS), 0);
  Peer peer(path());
  ASSERT_EQ(peer.send(&set.head, sizeof(set.head), fd), 0);
  Answer answer = peer.receive();
  EXPECT_EQ(answer.head.ret, SVAR_ERR_SYNTAX);
  EXPECT_NE(answer.body.find("hole at byte 4096"), std::string::npos) << answer.body;
  close(fd);
  EXPECT_EQ(get<double>(value_), (std::vector<double>{1, 2}));
}

// A client's memfd that stays mapped for writing.
class Scribble
{
public:
  explicit Scribble(uint64_t size_bytes)
      : size_bytes_(size_bytes), fd_(memfd_create("scribble", MFD_CLOEXEC | MFD_ALLOW_SEALING))
  {
    EXPECT_EQ(ftruncate(fd_, static_cast<off_t>(size_bytes)), 0);
    map_ = static_cast<uint8_t *>(
        mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_, 0));
    EXPECT_NE(map_, MAP_FAILED);
    EXPECT_EQ(fcntl(fd_, F_ADD_SEALS, SVARI_BODY_SEALS), 0);
  }
  ~Scribble()
  {
    munmap(map_, size_bytes_);
    close(fd_);
  }
  Scribble(const Scribble &) = delete;
  Scribble &operator=(const Scribble &) = delete;
  int fd() const
  {
    return fd_;
  }
  uint8_t *map() const
  {
    return map_;
  }

private:
  uint64_t size_bytes_;
  int fd_;
  uint8_t *map_;
};

// What the holder's safety rests on: once the seals are on, no page goes, whoever asks.
TEST_F(Service, NobodyTakesPagesFromASealedBody)
{
  const int64_t half = 1 << 16;
  Scribble body(2 * half);
  EXPECT_EQ(ftruncate(body.fd(), half), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(fallocate(body.fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, half), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(madvise(body.map(), half, MADV_REMOVE), -1);
  EXPECT_EQ(madvise(body.map(), half, MADV_DONTNEED), 0) << "from its own mapping it may";
  EXPECT_EQ(open(("/proc/self/fd/" + std::to_string(body.fd())).c_str(), O_RDWR | O_TRUNC), -1);
  EXPECT_EQ(fallocate(body.fd(), FALLOC_FL_COLLAPSE_RANGE, 0, half), -1);
  EXPECT_EQ(lseek(body.fd(), 0, SEEK_HOLE), 2 * half);
}

// Descriptions and elements change all the time while the holder reads them.
TEST_F(Service, ABodyThatIsChangedWhileItIsReadHarmsNobody)
{
  const int64_t count = 100000; // too many for the holder's buffer
  HandMade set;
  set.value.shape[0] = count;
  set.value.size_bytes = count * sizeof(double);
  set.head.body_bytes = sizeof(set.value) + set.value.size_bytes;
  Scribble body(set.head.body_bytes);
  memcpy(body.map(), &set.value, sizeof(set.value));
  std::atomic<bool> is_over = false;
  std::thread scribbler([&] {
    auto *description = reinterpret_cast<volatile uint8_t *>(body.map());
    for (unsigned n = 0; !is_over; n++) {
      size_t at = sizeof(set.value.name) + n % (sizeof(set.value) - sizeof(set.value.name));
      uint8_t before = description[at];
      description[at] = static_cast<uint8_t>(n * 31);
      body.map()[sizeof(set.value) + n % set.value.size_bytes] ^= 0x55;
      description[at] = before;
    }
  });
  Peer peer(path());
  int refused = 0;
  int accepted = 0;
  while (refused < 20 || accepted < 20) {
    ASSERT_EQ(peer.send(&set.head, sizeof(set.head), body.fd()), 0);
    Answer answer = peer.receive();
    ASSERT_FALSE(answer.is_end);
    (answer.head.ret == SVAR_OK ? accepted : refused)++;
    ASSERT_GE(get<double>(value_).size(), 0u);
  }
  is_over = true;
  scribbler.join();
}

size_t
count_mapped_bodies()
{
  size_t count = 0;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    count += line.find("r--s") != std::string::npos && line.find("memfd:") != std::string::npos;
  }
  return count;
}

TEST_F(Service, BodiesAreKeptForTheirClientsAndNotTooMany)
{
  HandMade set;
  std::string body = set.body();
  std::vector<std::unique_ptr<Peer>> peers;
  std::vector<std::unique_ptr<Scribble>> bodies;
  auto ask = [&](size_t i) {
    memcpy(bodies[i]->map(), body.data(), body.size());
    EXPECT_EQ(peers[i]->send(&set.head, sizeof(set.head), bodies[i]->fd()), 0);
    EXPECT_EQ(peers[i]->receive().head.ret, SVAR_OK);
  };
  for (size_t i = 0; i < 2 * SVARI_BODIES; i++) {
    peers.push_back(std::make_unique<Peer>(path()));
    bodies.push_back(std::make_unique<Scribble>(body.size()));
    ask(i);
    ask(i);
    EXPECT_EQ(count_mapped_bodies(), std::min<size_t>(i + 1, SVARI_BODIES));
  }
  bodies[0] = std::make_unique<Scribble>(3 * body.size()); // another one, of an evicted client
  ask(0);
  bodies[0] = std::make_unique<Scribble>(2 * body.size());
  ask(0);
  EXPECT_EQ(count_mapped_bodies(), static_cast<size_t>(SVARI_BODIES));
  peers.clear();
  while (count_mapped_bodies() > 0) { // the holder learns of each end in turn
    expect_served();
  }
}

// A memfd that grew is looked at again, and so are its new holes.
TEST_F(Service, ABodyMayGrow)
{
  HandMade set;
  std::string body = set.body();
  Scribble grown(4096);
  Peer peer(path());
  memcpy(grown.map(), body.data(), body.size());
  ASSERT_EQ(peer.send(&set.head, sizeof(set.head), grown.fd()), 0);
  EXPECT_EQ(peer.receive().head.ret, SVAR_OK);
  ASSERT_EQ(ftruncate(grown.fd(), 8192), 0);
  ASSERT_EQ(peer.send(&set.head, sizeof(set.head), grown.fd()), 0);
  EXPECT_EQ(peer.receive().head.ret, SVAR_ERR_SYNTAX);
  uint8_t byte = 0;
  ASSERT_EQ(pwrite(grown.fd(), &byte, 1, 4096), -1) << "only through a mapping";
  void *map = mremap(grown.map(), 4096, 8192, 0);
  if (map != MAP_FAILED) {
    static_cast<uint8_t *>(map)[4096] = 1;
    ASSERT_EQ(peer.send(&set.head, sizeof(set.head), grown.fd()), 0);
    EXPECT_EQ(peer.receive().head.ret, SVAR_OK);
    munmap(static_cast<uint8_t *>(map) + 4096, 4096);
  }
}

// While some shout, and one stands still with its queue full, another is served, and the holder commits.
TEST_F(Service, AFloodKeepsNobodyElseFromBeingServed)
{
  std::vector<std::unique_ptr<Child>> flood;
  for (int i = 0; i < 6; i++) {
    flood.push_back(std::make_unique<Child>([this, i] {
      HandMade set;
      std::string packet = set.packet();
      for (;;) {
        Peer peer(path());
        for (int n = 0; n < 1000; n++) {
          if (peer.send(packet.data(), packet.size()) != 0) {
            break;
          }
          if (i % 2 == 0) {
            peer.receive();
          }
        }
      }
      return 0;
    }));
  }
  ASSERT_SVAR_OK(svar_store_wait(store_.get(), 200, PATIENCE_NS, nullptr)) << "they are at it";
  flood[1]->kill(SIGSTOP);
  Peer peer(path());
  for (int i = 0; i < 200; i++) {
    Answer answer = peer.ask(SVARI_REQUEST_STATUS);
    ASSERT_EQ(answer.head.ret, SVAR_OK);
    ASSERT_SVAR_OK(set<double>(value_, {1, 2}));
  }
}

TEST_F(Service, ThreadsOfTheServiceAreOrdinaryOnes)
{
  std::vector<std::string> names;
  DIR *stream = opendir("/proc/self/task");
  bool found = false;
  while (dirent *entry = readdir(stream)) {
    char name[64] = "";
    FILE *file = fopen(("/proc/self/task/" + std::string(entry->d_name) + "/comm").c_str(), "r");
    if (file != nullptr && fgets(name, sizeof(name), file) != nullptr &&
        strcmp(name, "svar_service\n") == 0) {
      found = true;
      EXPECT_EQ(sched_getscheduler(atoi(entry->d_name)), SCHED_OTHER);
    }
    if (file != nullptr) {
      fclose(file);
    }
  }
  closedir(stream);
  EXPECT_TRUE(found);
}

} // namespace
