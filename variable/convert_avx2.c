// The conversion loops in AVX2 and F16C.
#define SVARI_LOOPS svari_convert_avx2
#include "variable/convert_loops.h"
