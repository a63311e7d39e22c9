// Device memory between processes: what stays when one dies, and what one can do to another. Each process loads
// the driver for itself, so that of the tests never does.
#include <sys/socket.h>

#include "gpu/stand_in.hpp"

using namespace svar_test;

namespace
{

void
send_descriptor(int socket, int fd)
{
  char byte = 0;
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
  iovec part = {&byte, 1};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof(room);
  cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  EXPECT_EQ(sendmsg(socket, &message, 0), 1);
}

int
receive_descriptor(int socket)
{
  char byte;
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
  iovec part = {&byte, 1};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof(room);
  int fd = -1;
  if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message) != nullptr) {
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
  }
  return fd;
}

TEST(MemoryOfProcesses, StaysWithItsReadersWhenItsMakerIsKilled)
{
  in_a_child([] {
    use_stand_in();
    int sockets[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
    Child maker([&sockets] {
      svari_device_t *device = nullptr;
      svari_memory_t *memory = nullptr;
      svari_stream_t stream = {};
      int fd = -1;
      EXPECT_SVAR_OK(svari_device_open(0, nullptr, &device));
      EXPECT_SVAR_OK(svari_memory_create(device, 1, sizeof(int), &memory));
      EXPECT_SVAR_OK(svari_stream_init(&stream, device));
      int value = 42;
      EXPECT_SVAR_OK(svari_stream_to_device(&stream, memory->address, &value, sizeof(value)));
      EXPECT_SVAR_OK(svari_stream_synchronize(&stream));
      EXPECT_SVAR_OK(svari_memory_export(memory, &fd));
      send_descriptor(sockets[1], fd);
      pause();
      return 0;
    });
    int fd = receive_descriptor(sockets[0]);
    svari_device_t *device = nullptr;
    svari_memory_t *memory = nullptr;
    svari_stream_t stream = {};
    ASSERT_SVAR_OK(svari_device_open(0, nullptr, &device));
    ASSERT_SVAR_OK(svari_stream_init(&stream, device));
    ASSERT_SVAR_OK(svari_memory_import(device, fd, 1, sizeof(int), SVARI_MEMORY_READ, &memory));
    close(fd);
    maker.kill(SIGKILL);
    EXPECT_EQ(maker.wait(), 128 + SIGKILL);
    int value = 0;
    EXPECT_SVAR_OK(svari_stream_to_host(&stream, &value, memory->address, sizeof(value)));
    EXPECT_SVAR_OK(svari_stream_synchronize(&stream));
    EXPECT_EQ(value, 42);
    svari_stream_fini(&stream);
    svari_memory_destroy(memory);
    svari_device_close(device);
  });
}

TEST(MemoryOfProcesses, WrittenThroughAReadersMappingEndsThatReaderOnly)
{
  in_a_child([] {
    use_stand_in();
    svari_device_t *device = nullptr;
    svari_memory_t *writers = nullptr;
    svari_memory_t *readers = nullptr;
    svari_stream_t stream = {};
    int fd = -1;
    ASSERT_SVAR_OK(svari_device_open(0, nullptr, &device));
    ASSERT_SVAR_OK(svari_stream_init(&stream, device));
    ASSERT_SVAR_OK(svari_memory_create(device, 1, 64, &writers));
    ASSERT_SVAR_OK(svari_memory_export(writers, &fd));
    ASSERT_SVAR_OK(svari_memory_import(device, fd, 1, 64, SVARI_MEMORY_READ, &readers));
    EXPECT_SVAR_OK(svari_stream_zero(&stream, writers->address, 64));
    EXPECT_SVAR_OK(svari_stream_synchronize(&stream));
    // The call cannot know; the work does.
    EXPECT_SVAR_OK(svari_stream_zero(&stream, readers->address, 64));
    EXPECT_SVAR_FAILS(SVAR_ERR_DEVICE,
                      "CUDA_ERROR_ILLEGAL_ADDRESS (700); this process can use the GPU no more",
                      svari_stream_synchronize(&stream));
    // And from then on nothing is done, functions of the host included.
    static bool was_called = false;
    EXPECT_EQ(svari_stream_call(
                  &stream, [](void *) { was_called = true; }, nullptr),
              SVAR_ERR_DEVICE);
    svari_stream_fini(&stream);
    EXPECT_FALSE(was_called);
    svari_memory_destroy(readers);
    svari_memory_destroy(writers);
    svari_device_close(device);
    close(fd);
  });
}

} // namespace
