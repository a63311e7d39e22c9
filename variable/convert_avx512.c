// The conversion loops in AVX-512 with F, BW, DQ and VL, and F16C.
#define SVARI_LOOPS svari_convert_avx512
#include "variable/convert_loops.h"
