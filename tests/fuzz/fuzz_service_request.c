// A request to a store's holder, as a client sends it: its head, and a body that follows it or is in a memfd.
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "ipc/service_set.h"
#include "shared_variable/shared_variable.h"
#include "store/device_region.h"

enum { MOST_BYTES = 1 << 24, MOST_BACKED_BYTES = 1 << 20 }; // that a memfd is made to have

// The input begins with one byte of these.
enum { AS_MEMFD = 1, AS_SENT = 2, AS_HOLE = 4, UNSEALED = 8, LONGER = 16 };

static svar_store_t *store;

static void
share(const char *name, svar_source_t source)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  svar_variable_t *variable;
  options.name = name;
  options.store = store;
  FUZZ_CHECK(svar_shared(source, &options, &variable) == SVAR_OK);
  svar_variable_unref(variable);
}

static void
make_store(void)
{
  static const float numbers[6] = {1, 2, 3, 4, 5, 6};
  static const int64_t shape[2] = {2, 3};
  FUZZ_CHECK(svar_store_create_private("/fuzz", NULL, &store) == SVAR_OK);
  DLTensor matrix = svar_tensor(SVAR_FLOAT32, (void *)(uintptr_t)numbers, 2, shape);
  DLTensor vector = svar_tensor(SVAR_INT8, (void *)(uintptr_t)numbers, 1, &shape[1]);
  share("s", svar_float(1));
  share("v", svar_array(&vector));
  share("m", svar_array(&matrix));
  const svar_random_state_t state = svar_random_seeded(1);
  share("r", svar_random_source(&state));
  static const int32_t indices[] = {0, 1};
  const svar_sparse_t sparse = {.format = SVAR_SPARSE_CSR,
                                .dtype = SVAR_FLOAT32,
                                .index_dtype = SVAR_INT32,
                                .shape = {1, 1},
                                .count = 1,
                                .data = numbers,
                                .indices = indices,
                                .indptr = indices};
  share("w", svar_sparse_source(&sparse));
}

static int
make_body(const uint8_t *bytes, size_t size_bytes, const svari_request_t *head, uint8_t how)
{
  int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  FUZZ_CHECK(fd >= 0 && write(fd, bytes, size_bytes) == (ssize_t)size_bytes);
  if ((how & AS_HOLE) != 0 && head->body_bytes <= MOST_BYTES) {
    FUZZ_CHECK(ftruncate(fd, (off_t)head->body_bytes) == 0);
  }
  if ((how & LONGER) != 0 && head->body_bytes <= MOST_BACKED_BYTES) { // of zeros, and no hole
    FUZZ_CHECK(posix_fallocate(fd, 0, (off_t)head->body_bytes + 1) == 0);
    void *map =
        mmap(NULL, head->body_bytes + 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    FUZZ_CHECK(map != MAP_FAILED && munmap(map, head->body_bytes + 1) == 0);
  }
  if ((how & UNSEALED) == 0) {
    FUZZ_CHECK(fcntl(fd, F_ADD_SEALS, SVARI_BODY_SEALS) == 0);
  }
  return fd;
}

// The store has no memory on a GPU.
static void
ask_for_device(const svari_request_packet_t *packet)
{
  svari_device_request_t request;
  int fd;
  uint64_t size_bytes;
  memcpy(&request, packet->bytes + sizeof(packet->head), sizeof(request));
  FUZZ_CHECK(svari_store_device_share(store, request.generation, request.region, request.offset,
                                      &fd, &size_bytes) == SVAR_ERR_UNSET);
}

static void
set(const svari_request_packet_t *packet, size_t packet_bytes, int fd)
{
  static svari_service_rules_t rules;
  static _Alignas(64) uint8_t buffer[SVARI_SET_BUFFER_BYTES];
  static svari_bodies_t bodies;
  svari_request_body_t body;
  bool is_understood;
  uint64_t version;
  FUZZ_CHECK(svari_rules_read("[smvrw], name?", NULL, &rules) == SVAR_OK);
  uint64_t before = svar_store_version(store);
  svar_ret_t ret = fuzz_ret(svari_request_check(packet, packet_bytes, fd, &is_understood));
  FUZZ_CHECK(ret != SVAR_OK || is_understood);
  if (ret == SVAR_OK && packet->head.kind == SVARI_REQUEST_DEVICE) {
    ask_for_device(packet);
  }
  if (ret == SVAR_OK && packet->head.kind == SVARI_REQUEST_SET) {
    ret = fuzz_ret(svari_request_body(packet, fd, &bodies, 0, &body));
  }
  if (ret == SVAR_OK && packet->head.kind == SVARI_REQUEST_SET) {
    ret = fuzz_ret(svari_service_set(store, &rules, &packet->head, &body, buffer, &version));
    FUZZ_CHECK(svar_store_version(store) ==
               before + (ret == SVAR_OK && packet->head.value_count > 0));
  }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
  svari_request_packet_t packet = {.head = {0}};
  if (store == NULL) {
    make_store();
  }
  if (size_bytes == 0) {
    return 0;
  }
  uint8_t how = data[0];
  size_t packet_bytes = size_bytes - 1 < sizeof(packet) ? size_bytes - 1 : sizeof(packet);
  memcpy(&packet, data + 1, packet_bytes);
  if ((how & AS_SENT) == 0) {
    packet.head.magic = SVARI_REQUEST_MAGIC;
    packet.head.protocol = SVARI_SERVICE_PROTOCOL;
    packet.head.kind = SVARI_REQUEST_SET;
  }
  if ((how & AS_MEMFD) == 0 || packet_bytes < sizeof(packet.head)) {
    set(&packet, packet_bytes, -1);
    return 0;
  }
  int fd = make_body(data + 1 + sizeof(packet.head), size_bytes - 1 - sizeof(packet.head),
                     &packet.head, how);
  set(&packet, sizeof(packet.head), fd);
  close(fd);
  return 0;
}
