// Device memory between processes that do not keep to the protocol: what a holder hands out to whom, and what a reader
// makes of a holder that hands out anything.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>

#include "gpu/store_process.hpp"

extern "C" {
#include "ipc/service_protocol.h"
#include "ipc/service_socket.h"
}
#include "fakes/failing_heap.hpp"

using namespace svar_test;

namespace
{

using Floats = StoreProcess::Floats;

const int64_t kPatienceNs = 20000000000;
const size_t kLarge = (UINT64_C(20) << 20) / sizeof(float);

struct Request {
  svari_request_t head;
  svari_device_request_t body;
};

struct Answer {
  svari_response_t head;
  union {
    svari_device_memory_t memory;
    char text[SVARI_RESPONSE_TEXT_BYTES];
  } body;
  int fd = SVARI_NO_FD;
};

class HostileDevice : public testing::Test
{
protected:
  std::string Path() const
  {
    return directory_.path() + "/svar." + std::to_string(geteuid()) + ".gpu.socket";
  }
  Request AskFor(uint32_t region, uint64_t offset) const
  {
    Request request = {};
    request.head.magic = SVARI_REQUEST_MAGIC;
    request.head.protocol = SVARI_SERVICE_PROTOCOL;
    request.head.kind = SVARI_REQUEST_DEVICE;
    request.head.id = 7;
    request.head.body_bytes = sizeof(request.body);
    request.body.region = region;
    request.body.offset = offset;
    TakeGeneration(request.body.generation);
    return request;
  }
  // As a reader has it, from the state file.
  template <size_t size> void TakeGeneration(uint8_t (&generation)[size]) const
  {
    const off_t offset = 24; // store/layout.h
    const std::string path = directory_.path() + "/svar." + std::to_string(geteuid()) + ".gpu";
    int fd = open((path + ".state").c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(pread(fd, generation, size, offset), ssize_t(size));
    close(fd);
  }
  static int Connect(const std::string &path)
  {
    int fd = -1;
    EXPECT_SVAR_OK(svari_socket_connect(path.c_str(), geteuid(), kPatienceNs, &fd));
    return fd;
  }
  static void Send(int socket, const Request &request, int fd = SVARI_NO_FD)
  {
    EXPECT_EQ(svari_packet_send(socket, &request.head, sizeof(request.head), &request.body,
                                fd == SVARI_NO_FD ? request.head.body_bytes : 0, fd, 0),
              0);
  }
  static Answer Receive(int socket)
  {
    Answer answer = {};
    svari_packet_t packet = {};
    bool is_end = false;
    EXPECT_EQ(svari_packet_receive(socket, &answer.head, sizeof(answer.head) + sizeof(answer.body),
                                   0, &packet, &is_end),
              0);
    answer.fd = packet.fd;
    return answer;
  }
  // The code of the answer, without its descriptor.
  static int Ask(int socket, const Request &request, int fd = SVARI_NO_FD)
  {
    Send(socket, request, fd);
    Answer answer = Receive(socket);
    EXPECT_EQ(answer.fd == SVARI_NO_FD, answer.head.ret != SVAR_OK);
    close(answer.fd);
    return answer.head.ret;
  }

  // No more than that, but for a connection, whose end the holder may not have looked at yet. The others' it has.
  void ExpectDescriptors(size_t most)
  {
    int peer = Connect(Path());
    EXPECT_EQ(Ask(peer, AskFor(0, 0)), SVAR_ERR_UNSET);
    close(peer);
    EXPECT_LE(holder_.Descriptors(), most + 1);
  }

  ScratchDirectory directory_;
  StoreProcess holder_, reader_;
};

// --- hostile readers ---------------------------------------------------------------------------------

TEST_F(HostileDevice, OnlyWhatIsAskedForRightlyIsHandedOut)
{
  holder_.Hold("w", {1, 2});
  const size_t before = holder_.Descriptors();
  int peer = Connect(Path());
  EXPECT_EQ(Ask(peer, AskFor(1, 0)), SVAR_OK);
  EXPECT_EQ(Ask(peer, AskFor(0, 0)), SVAR_ERR_UNSET);
  EXPECT_EQ(Ask(peer, AskFor(2, 0)), SVAR_ERR_UNSET);
  EXPECT_EQ(Ask(peer, AskFor(UINT32_MAX, 0)), SVAR_ERR_UNSET);
  for (uint64_t offset : {UINT64_C(1), UINT64_C(64), UINT64_C(1) << 24, UINT64_MAX}) {
    EXPECT_EQ(Ask(peer, AskFor(1, offset)), SVAR_ERR_INDEX) << offset;
  }
  Request other = AskFor(1, 0);
  other.body.generation[3]++;
  EXPECT_EQ(Ask(peer, other), SVAR_ERR_UNSET);
  Request longer = AskFor(1, 0);
  longer.head.body_bytes = 8;
  EXPECT_EQ(Ask(peer, longer), SVAR_ERR_SYNTAX);
  longer.head.body_bytes = 0;
  EXPECT_EQ(Ask(peer, longer), SVAR_ERR_SYNTAX);
  EXPECT_EQ(Ask(peer, AskFor(1, 0), STDIN_FILENO), SVAR_ERR_SYNTAX);
  EXPECT_EQ(Ask(peer, AskFor(1, 0)), SVAR_OK);
  close(peer);
  ExpectDescriptors(before);
  reader_.Open();
  EXPECT_EQ(reader_.Read("w"), Floats({1, 2}));
  holder_.Remove();
}

TEST_F(HostileDevice, AFloodOfRequestsEndsTheConnectionAndLeavesNothing)
{
  holder_.Hold("w", {1, 2});
  const size_t before = holder_.Descriptors();
  int peer = Connect(Path());
  const Request request = AskFor(1, 0);
  int error = 0;
  for (int i = 0; i < 1000000 && error == 0; i++) {
    error = svari_packet_send(peer, &request.head, sizeof(request), nullptr, 0, SVARI_NO_FD, 0);
  }
  EXPECT_TRUE(error == EPIPE || error == ECONNRESET) << strerror(error);
  close(peer);
  reader_.Open();
  EXPECT_EQ(reader_.Read("w"), Floats({1, 2}));
  ExpectDescriptors(before);
  holder_.Remove();
}

// --- hostile holders ---------------------------------------------------------------------------------

/// Between readers and the holder: asks this what they ask it, and answers what it likes.
class HostileHolder : public HostileDevice
{
protected:
  using Twist = std::function<void(Answer *answer, size_t *body_bytes)>;

  HostileHolder()
  {
    holder_.Hold("w", {1, 2});
    holder_.Add("large", Floats(kLarge, 3));
    reader_.Open();
    EXPECT_EQ(rename(Path().c_str(), (Path() + ".true").c_str()), 0);
    EXPECT_SVAR_OK(svari_socket_listen(Path().c_str(), 0600, getegid(), &listening_));
  }
  ~HostileHolder() override
  {
    close(listening_);
    unlink(Path().c_str());
    EXPECT_EQ(rename((Path() + ".true").c_str(), Path().c_str()), 0);
    holder_.Remove();
  }

  int Accept() const
  {
    pollfd ready = {listening_, POLLIN, 0};
    EXPECT_EQ(poll(&ready, 1, 20000), 1);
    return accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
  }
  // Serves one connection, of one request.
  void Serve(const Twist &twist) const
  {
    int reader = Accept();
    Request request = {};
    svari_packet_t packet = {};
    bool is_end = false;
    EXPECT_EQ(svari_packet_receive(reader, &request, sizeof(request), 0, &packet, &is_end), 0);
    int holder = Connect(Path() + ".true");
    Send(holder, request);
    Answer answer = Receive(holder);
    int own = answer.fd;
    size_t body_bytes = answer.head.body_bytes;
    twist(&answer, &body_bytes);
    EXPECT_EQ(svari_packet_send(reader, &answer.head, sizeof(answer.head), &answer.body, body_bytes,
                                answer.fd, 0),
              0);
    for (int fd : {reader, holder, own}) {
      close(fd);
    }
  }
  // What reading "w" fails with; and when it is answered truly, all is well.
  void ExpectFailure(svar_ret_t ret, const std::string &text, const Twist &twist)
  {
    const size_t before = reader_.Descriptors();
    std::thread server([&] { Serve(twist); });
    reader_.ExpectFailure("w", ret, text);
    server.join();
    EXPECT_EQ(reader_.Descriptors(), before);
  }
  void ExpectValue()
  {
    std::thread server([&] { Serve([](Answer *, size_t *) {}); });
    EXPECT_EQ(reader_.Read("w"), Floats({1, 2}));
    server.join();
  }
  static int MemfdOf(off_t bytes)
  {
    int fd = memfd_create("nothing of a GPU", MFD_CLOEXEC);
    EXPECT_EQ(ftruncate(fd, bytes), 0);
    return fd;
  }

  int listening_ = -1;
};

TEST_F(HostileHolder, SizesThatNoMemoryHas)
{
  for (uint64_t size : {UINT64_C(0), UINT64_C(1), UINT64_C(4096), UINT64_C(1) << 62, UINT64_MAX}) {
    ExpectFailure(SVAR_ERR_CORRUPT, "device memory of " + std::to_string(size) + " bytes",
                  [size](Answer *answer, size_t *) { answer->body.memory.size_bytes = size; });
  }
  const size_t before = reader_.Live();
  ExpectFailure(SVAR_ERR_DEVICE, "mapping 67108864 bytes", // more than there is
                [](Answer *answer, size_t *) { answer->body.memory.size_bytes = 64 << 20; });
  EXPECT_EQ(reader_.Live(), before);
  ExpectValue();
}

TEST_F(HostileHolder, AnswersThatAreNone)
{
  ExpectFailure(SVAR_ERR_LAYOUT, "8 bytes and no descriptor",
                [](Answer *answer, size_t *) { answer->fd = SVARI_NO_FD; });
  ExpectFailure(
      SVAR_ERR_LAYOUT, "0 bytes and a descriptor",
      [](Answer *answer, size_t *body_bytes) { *body_bytes = answer->head.body_bytes = 0; });
  ExpectFailure(SVAR_ERR_LAYOUT, "does not answer as this build",
                [](Answer *, size_t *body_bytes) { *body_bytes = 4; });
  ExpectFailure(SVAR_ERR_LAYOUT, "does not answer as this build",
                [](Answer *answer, size_t *) { answer->head.id++; });
  ExpectFailure(SVAR_ERR_SYSTEM, "", [](Answer *answer, size_t *) { answer->head.ret = -5; });
  ExpectFailure(SVAR_ERR_SYSTEM, "", [](Answer *answer, size_t *) { answer->head.ret = 1; });
  ExpectValue();
}

TEST_F(HostileHolder, ADescriptorOfSomethingElse)
{
  const size_t before = reader_.Descriptors();
  for (int fd : {MemfdOf(16 << 20), MemfdOf(0), open("/dev/null", O_RDWR | O_CLOEXEC)}) {
    ExpectFailure(SVAR_ERR_DEVICE, "from descriptor",
                  [fd](Answer *answer, size_t *) { answer->fd = fd; });
    close(fd);
  }
  EXPECT_EQ(reader_.Descriptors(), before);
  ExpectValue();
}

TEST_F(HostileHolder, AnEndOfTheConnectionIsAnEndOfTheHolder)
{
  std::thread server([&] {
    for (int i = 0; i < 2; i++) {
      int reader = Accept();
      Request request = {};
      svari_packet_t packet = {};
      bool is_end = false;
      EXPECT_EQ(svari_packet_receive(reader, &request, sizeof(request), 0, &packet, &is_end), 0);
      close(reader);
    }
  });
  reader_.ExpectFailure("w", SVAR_ERR_UNSET, "ended before it did");
  reader_.ExpectFailure("w", SVAR_ERR_UNSET, "ended before it did");
  server.join();
  ExpectValue();
}

TEST_F(HostileHolder, SilenceEndsWithASentence)
{
  const size_t before = reader_.Descriptors();
  reader_.ExpectFailure("w", SVAR_ERR_SYSTEM,
                        "the holder of store '/gpu' does not answer: it is stopped, or busy");
  EXPECT_EQ(reader_.Descriptors(), before);
  close(Accept());
  ExpectValue();
}

// What begins at 0 in the place of each part: the reader reads what it is given, and nothing beyond it.
TEST_F(HostileHolder, TheSameMemoryAgainAndAgain)
{
  ExpectValue();
  std::atomic<bool> is_over = false;
  std::thread server([&] {
    pollfd ready = {listening_, POLLIN, 0};
    while (!is_over) {
      if (poll(&ready, 1, 10) == 1) {
        Serve([this](Answer *answer, size_t *body_bytes) {
          int holder = Connect(Path() + ".true");
          Send(holder, AskFor(1, 0));
          close(answer->fd);
          answer->head.ret = SVAR_OK;
          *body_bytes = answer->head.body_bytes = sizeof(answer->body.memory);
          Answer first = Receive(holder);
          answer->fd = first.fd;
          answer->body.memory = first.body.memory;
          close(holder);
        });
      }
    }
  });
  EXPECT_EQ(reader_.Read("large").size(), kLarge);
  is_over = true;
  server.join();
  EXPECT_EQ(reader_.Read("w"), Floats({1, 2}));
}

// --- failures ----------------------------------------------------------------------------------------

class AttachFails : public HostileDevice
{
protected:
  AttachFails()
  {
    holder_.Hold("w", {1, 2});
    holder_.Add("large", Floats(kLarge, 3));
  }
  ~AttachFails() override
  {
    holder_.Remove();
  }
  static svar_ret_t Read(svar_store_t *store, const char *name)
  {
    svar_variable_t *variable = nullptr;
    svar_value_t view = SVAR_VALUE_INIT;
    SVAR_TRY(svar_store_find(store, name, &variable));
    svar_ret_t ret = svar_get_device_view(variable, &view);
    svar_value_release(&view);
    svar_variable_unref(variable);
    return ret;
  }
  static svar_ret_t OpenAndRead(const svar_allocator_t *allocator)
  {
    svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
    svar_store_t *store = nullptr;
    options.allocator = allocator;
    SVAR_TRY(svar_store_open("/gpu", &options, &store));
    svar_ret_t ret = Read(store, "w");
    if (ret == SVAR_OK) {
      ret = Read(store, "large");
    }
    if (ret == SVAR_OK) {
      stand_in().fail(nullptr, 0, 0); // the end looks at no results
    }
    svar_store_close(store);
    return ret;
  }
};

TEST_F(AttachFails, AtEachCallOfTheDriver)
{
  in_a_child([] {
    int32_t count = 0;
    use_stand_in();
    ASSERT_SVAR_OK(svar_gpu_count(&count));
    EXPECT_GT(fail_each_call([] { return OpenAndRead(nullptr); }), 10);
  });
}

TEST_F(AttachFails, AtEachAllocation)
{
  in_a_child([] {
    use_stand_in();
    EXPECT_GT(fail_each_allocation([](FailingHeap &heap) {
                const svar_allocator_t allocator = heap.allocator();
                svar_ret_t ret = OpenAndRead(&allocator);
                EXPECT_TRUE(ret == SVAR_OK || ret == SVAR_ERR_NO_MEMORY) << svar_error_message();
                return ret == SVAR_OK;
              }),
              5);
    EXPECT_EQ(stand_in().live(), 0);
  });
}

TEST_F(AttachFails, AndTheNextReadTriesAgain)
{
  if (is_on_gpu()) {
    skip_on_gpu();
  }
  StoreProcess failing(
      StoreProcess::Environment{{"FAKE_DRIVER_FAIL", "cuMemImportFromShareableHandle:2:2"}});
  failing.Open();
  EXPECT_EQ(failing.Read("w"), Floats({1, 2}));
  failing.ExpectFailure("large", SVAR_ERR_NO_SPACE, "reading variable 'large' of store '/gpu'");
  EXPECT_EQ(failing.Read("w"), Floats({1, 2}));
  EXPECT_EQ(failing.Read("large"), Floats(kLarge, 3));
}

TEST_F(HostileDevice, AHolderThatCannotShareSaysWhy)
{
  if (is_on_gpu()) {
    skip_on_gpu();
  }
  StoreProcess holder(
      StoreProcess::Environment{{"FAKE_DRIVER_FAIL", "cuMemExportToShareableHandle:1:2"}});
  holder.Hold("w", {1, 2});
  reader_.Open();
  reader_.ExpectFailure("w", SVAR_ERR_NO_SPACE, "sharing");
  EXPECT_EQ(reader_.Read("w"), Floats({1, 2}));
  holder.Remove();
}

// To a reader SVAR_ERR_DEVICE says that its own use of the GPU is over.
TEST_F(HostileDevice, AHolderWhoseGpuFailsIsNotTheReadersGpu)
{
  if (is_on_gpu()) {
    skip_on_gpu();
  }
  StoreProcess holder(
      StoreProcess::Environment{{"FAKE_DRIVER_FAIL", "cuMemExportToShareableHandle:1:719"}});
  holder.Hold("w", {1, 2});
  reader_.Open();
  reader_.ExpectFailure("w", SVAR_ERR_SYSTEM,
                        "the GPU of the holder of store '/gpu' fails: start it again (sharing ");
  EXPECT_EQ(reader_.Read("w"), Floats({1, 2}));
  holder.Remove();
}

} // namespace
