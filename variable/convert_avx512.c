#define SVARI_LOOPS svari_convert_avx512
#include "variable/convert_loops.h"
