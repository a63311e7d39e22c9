// Values beyond 4 GiB: sizes and offsets of more than 32 bits, in real memory.
#include <sys/mman.h>
#include <sys/statvfs.h>

#include <fstream>

#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

const uint64_t GIB = UINT64_C(1) << 30;

// Why this machine, now, has no room for a test of so many bytes; "" if it has.
std::string
lack_of_memory(uint64_t bytes)
{
  const uint64_t reserve = 3 * GIB; // for whatever else runs
  std::ifstream info("/proc/meminfo");
  std::string title, unit;
  uint64_t kilobytes = 0;
  while (info >> title >> kilobytes && title != "MemAvailable:") {
    std::getline(info, unit);
  }
  struct statvfs shm = {};
  statvfs("/dev/shm", &shm);
  uint64_t shared = shm.f_bavail * shm.f_frsize;
  if (kilobytes * 1024 >= bytes + reserve && shared >= bytes + GIB / 2) {
    return "";
  }
  return "needs " + std::to_string((bytes + reserve) / GIB) + " GiB of memory; available are " +
         std::to_string(kilobytes * 1024 / GIB) + " GiB, of them " + std::to_string(shared / GIB) +
         " GiB in /dev/shm";
}

uint8_t
byte_at(uint64_t position)
{
  return static_cast<uint8_t>(1 + position % 251);
}

const uint64_t FRONTIER = UINT64_C(1) << 32;

std::vector<uint64_t>
telling_positions(uint64_t size)
{
  return {0, 1, FRONTIER / 2, FRONTIER - 1, FRONTIER, FRONTIER + 1, size / 2, size - 1};
}

Variable
make_bytes(const Store &store, const char *name)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = name;
  options.store = store.get();
  uint8_t byte = 0;
  int64_t shape[] = {1};
  DLTensor tensor = svar_tensor(SVAR_UINT8, &byte, 1, shape);
  svar_variable_t *variable = nullptr;
  EXPECT_SVAR_OK(svar_shared(svar_array(&tensor), &options, &variable));
  return Variable(variable);
}

// A process of its own reads the value in place.
int
check_in_another_process(const char *store_name, uint64_t size)
{
  Child reader([&] {
    Store store = open_store(store_name);
    Variable variable = find(store, "large");
    Variable after = find(store, "after");
    svar_value_t view = SVAR_VALUE_INIT;
    if (svar_get_value(variable.get(), SVAR_BORROW, &view) != SVAR_OK ||
        view.shape[0] != static_cast<int64_t>(size) || svar_value_bytes(&view) != size) {
      return 1;
    }
    const uint8_t *bytes = static_cast<const uint8_t *>(view.tensor.data);
    for (uint64_t position : telling_positions(size)) {
      if (bytes[position] != byte_at(position)) {
        return 2;
      }
    }
    svar_value_release(&view);
    return get<float>(after) == std::vector<float>{1, 2, 3} ? 0 : 3;
  });
  return reader.wait();
}

void
fill(uint8_t *bytes, uint64_t size)
{
  for (uint64_t position : telling_positions(size)) {
    bytes[position] = byte_at(position);
  }
}

TEST(Large, AValueBeyondFourGibibytesIsSetAndReadWhole)
{
  const uint64_t size = 4 * GIB + 4097;
  std::string lack = lack_of_memory(size);
  if (!lack.empty()) {
    GTEST_SKIP() << lack;
  }
  ScratchDirectory directory;
  Store store = create_store("/large");
  Variable variable = make_bytes(store, "large");
  // Untouched pages of the source take no memory: they all read as the kernel's page of zeros.
  void *source = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(source, MAP_FAILED);
  fill(static_cast<uint8_t *>(source), size);
  int64_t shape[] = {static_cast<int64_t>(size)};
  DLTensor tensor = svar_tensor(SVAR_UINT8, source, 1, shape);
  ASSERT_SVAR_OK(svar_set_value(variable.get(), svar_array(&tensor), SVAR_COPY));
  munmap(source, size);
  // The next value lies behind it, at an offset of 33 bits.
  Variable after = make_variable<float>(store, "after", {1, 2, 3});
  EXPECT_EQ(check_in_another_process("/large", size), 0);
  // Resumed by another holder, which takes over offsets and sizes.
  variable.reset();
  after.reset();
  store.reset();
  store = create_store("/large");
  EXPECT_EQ(check_in_another_process("/large", size), 0);
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

TEST(Large, EightGibibytesAreLoanedCommittedAndReadWhole)
{
  const uint64_t size = 8 * GIB;
  std::string lack = lack_of_memory(size);
  if (!lack.empty()) {
    GTEST_SKIP() << lack;
  }
  ScratchDirectory directory;
  Store store = create_store("/large");
  Variable variable = make_bytes(store, "large");
  svar_transaction_t *transaction = nullptr;
  svar_value_t hole = SVAR_VALUE_INIT;
  int64_t shape[] = {static_cast<int64_t>(size)};
  ASSERT_SVAR_OK(svar_transaction_begin(store.get(), &transaction));
  ASSERT_SVAR_OK(svar_transaction_loan(transaction, variable.get(), shape, false, &hole));
  fill(static_cast<uint8_t *>(hole.tensor.data), size);
  ASSERT_SVAR_OK(svar_transaction_commit(transaction, nullptr));
  Variable after = make_variable<float>(store, "after", {1, 2, 3});
  EXPECT_EQ(check_in_another_process("/large", size), 0);
  svar_store_info_t info;
  ASSERT_SVAR_OK(svar_store_info(store.get(), &info));
  EXPECT_GE(info.memory_bytes, size);
  // A small value takes its place, and the memory goes back.
  for (int i = 0; i < 3; i++) {
    ASSERT_SVAR_OK(svar_set_value(variable.get(), svar_array([&] {
                                    static uint8_t byte = 9;
                                    static int64_t one[] = {1};
                                    static DLTensor small = svar_tensor(SVAR_UINT8, &byte, 1, one);
                                    return &small;
                                  }()),
                                  SVAR_COPY));
  }
  ASSERT_SVAR_OK(svar_store_info(store.get(), &info));
  EXPECT_LT(info.memory_bytes, GIB);
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

} // namespace
