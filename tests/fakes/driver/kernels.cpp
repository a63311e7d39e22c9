// gpu/kernels.cu as C++, for the stand-in driver: the very source that nvcc compiles, run thread by thread on the
// bytes behind the device's addresses.
#include <algorithm>
#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

#include "gpu/kernels_layout.h"
#include "tests/fakes/driver/fake_driver.h"

namespace
{

// Which thread is running, as a kernel sees it.
struct Place {
  unsigned x;
};
thread_local Place blockIdx, threadIdx, gridDim, blockDim;

const fake_kernel_t *all_kernels;

// A warp's lanes run one after the other, and yet give each other numbers: each lane runs as far as the next
// shuffle, leaves its numbers there, and ends. When all have, they run again from the start, and are given what the
// others left. So a kernel that shuffles must not read what it has written before its last shuffle.
struct Warp {
  struct alignas(16) Left {
    char bytes[16];
  };
  Left left[64][SVARI_KERNEL_LANES]; // at each shuffle, by each lane
  int complete;                      // shuffles that all lanes have left something at
  int passed;                        // shuffles that the running lane has come to
  int ended_early;                   // lanes, since they began again
  jmp_buf end;
};
thread_local Warp warp;

template <typename Numbers>
Numbers
shuffle(const Numbers &numbers, unsigned lanes_away)
{
  static_assert(sizeof(Numbers) <= sizeof(Warp::Left));
  unsigned lane = threadIdx.x % SVARI_KERNEL_LANES;
  if (warp.passed == warp.complete) {
    std::memcpy(&warp.left[warp.complete][lane], &numbers, sizeof(numbers));
    warp.ended_early++;
    std::longjmp(warp.end, 1); // over kernels, which have nothing to destroy
  }
  Numbers others;
  std::memcpy(&others, &warp.left[warp.passed++][lane ^ lanes_away], sizeof(others));
  return others;
}

// Runs lanes, which are threads first, first + 1 ..., from their start. True: they are to run once more.
template <typename Run>
bool
run_lanes(unsigned first, unsigned lanes, const Run &run)
{
  warp.ended_early = 0;
  for (threadIdx.x = first; threadIdx.x < first + lanes; threadIdx.x++) {
    warp.passed = 0;
    if (setjmp(warp.end) == 0) {
      run();
    }
  }
  constexpr int most = sizeof(warp.left) / sizeof(warp.left[0]);
  // A shuffle of half a warp, which is undefined on a GPU; or one more than there is room for.
  bool is_together = warp.ended_early == 0 || warp.ended_early == SVARI_KERNEL_LANES;
  if (!is_together || (warp.ended_early > 0 && ++warp.complete == most)) {
    std::abort();
  }
  return warp.ended_early > 0;
}

// Addresses in parameters are the device's; a kernel's pointer to const is an address that it reads.
template <typename T>
bool
translate(int device, T *&pointer)
{
  const int access = std::is_const<T>::value ? SVARI_CU_READ : SVARI_CU_READ_WRITE;
  auto address = static_cast<svari_cu_address_t>(reinterpret_cast<uintptr_t>(pointer));
  pointer = static_cast<T *>(fake_memory_find(device, address, sizeof(T), access));
  return pointer != nullptr;
}

template <typename T>
bool
translate(int, T &)
{
  return true; // no address
}

template <typename Kernel, Kernel *kernel> class Runner;

template <typename... Parameters, void (*kernel)(Parameters...)>
class Runner<void(Parameters...), kernel>
{
public:
  using Copies = std::tuple<std::decay_t<Parameters>...>;

  static void *copy(void **parameters)
  {
    void *memory = std::malloc(sizeof(Copies));
    return memory == nullptr ? nullptr : new (memory) Copies(copies(parameters, indices));
  }

  static bool run(int device, const void *copy, unsigned blocks, unsigned threads)
  {
    Copies parameters = *static_cast<const Copies *>(copy);
    bool may_run =
        std::apply([device](auto &...p) { return (translate(device, p) && ...); }, parameters);
    gridDim.x = blocks;
    blockDim.x = threads;
    for (blockIdx.x = 0; may_run && blockIdx.x < blocks; blockIdx.x++) {
      for (unsigned first = 0; first < threads; first += SVARI_KERNEL_LANES) {
        unsigned lanes = std::min<unsigned>(threads - first, SVARI_KERNEL_LANES);
        warp.complete = 0;
        while (run_lanes(first, lanes, [&] { std::apply(kernel, parameters); })) {
        }
      }
    }
    return may_run;
  }

private:
  static constexpr auto indices = std::index_sequence_for<Parameters...>();

  template <std::size_t... I> static Copies copies(void **parameters, std::index_sequence<I...>)
  {
    return Copies(*static_cast<std::decay_t<Parameters> *>(parameters[I])...);
  }
};

// Puts itself on the list while the driver is loaded.
template <typename Kernel, Kernel *kernel> struct Listed {
  explicit Listed(const char *name)
      : entry{name, Runner<Kernel, kernel>::copy, Runner<Kernel, kernel>::run, all_kernels}
  {
    all_kernels = &entry;
  }
  fake_kernel_t entry;
};

} // namespace

#define SVARI_CONSTANT const
#define SVARI_KERNEL(name, ...)                                                                    \
  static void name(__VA_ARGS__);                                                                   \
  static const Listed<decltype(name), name> listed_##name(#name);                                  \
  static void name(__VA_ARGS__)
#include "gpu/kernels.cu"

extern "C" const fake_kernel_t *
fake_kernel_find(const char *name)
{
  const fake_kernel_t *kernel = all_kernels;
  while (kernel != nullptr && std::strcmp(kernel->name, name) != 0) {
    kernel = kernel->next;
  }
  return kernel;
}
