// Device memory between processes: what stays when one dies, and what one can do to another. Each process loads
// the driver for itself, so that of the tests never does.
#include <sys/socket.h>

#include "gpu/stand_in.hpp"

extern "C" {
#include "ipc/service_socket.h"
}

using namespace svar_test;

namespace
{

int
receive_descriptor(int socket)
{
  char byte;
  svari_packet_t packet = {0, SVARI_NO_FD, false};
  bool is_end;
  EXPECT_EQ(svari_packet_receive(socket, &byte, 1, 0, &packet, &is_end), 0);
  return packet.fd;
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
      EXPECT_EQ(svari_packet_send(sockets[1], "", 1, nullptr, 0, fd, 0), 0);
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
