#include "variable/convert.h"

#ifdef SVARI_CONVERT_X86
#include <cpuid.h>
#include <stdatomic.h>
#endif

#include "variable/convert_table.h"

static const svari_convert_table_t *const sets[] = {
    &svari_convert_baseline,
#ifdef SVARI_CONVERT_X86
    &svari_convert_avx2,
    &svari_convert_avx512,
#endif
};

// A table of loops for each set, chosen by hand, where the compiler's own multiversioning would need
// ifunc: that fails under sanitizers, in some C libraries, and with compilers that lack it.
#ifdef SVARI_CONVERT_X86
static bool
has_f16c(void) // not every compiler knows it by name
{
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

static size_t
count_sets(void)
{
  __builtin_cpu_init(); // a constructor of another library may be the caller
  if (!__builtin_cpu_supports("avx2") || !has_f16c()) {
    return 1;
  }
  bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return has_avx512 ? 3 : 2;
}

size_t
svari_convert_set_count(void)
{
  static _Atomic size_t known; // 0 until somebody asked; CPUID takes long in a virtual machine
  size_t count = atomic_load_explicit(&known, memory_order_relaxed);
  if (count == 0) {
    count = count_sets(); // the same for whoever counts
    atomic_store_explicit(&known, count, memory_order_relaxed);
  }
  return count;
}
#else
size_t
svari_convert_set_count(void)
{
  return 1;
}
#endif

svari_convert_t
svari_convert_find_in(size_t set, svar_dtype_t from, svar_dtype_t to)
{
  if (!svari_dtype_is_convertible(from) || !svari_dtype_is_convertible(to)) {
    return NULL;
  }
  return sets[set]->loop[svari_dtype_index(from)][svari_dtype_index(to)];
}

svari_convert_t
svari_convert_find(svar_dtype_t from, svar_dtype_t to)
{
  return svari_convert_find_in(svari_convert_set_count() - 1, from, to);
}
