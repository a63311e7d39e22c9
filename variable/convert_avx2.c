#define SVARI_LOOPS svari_convert_avx2
#include "variable/convert_loops.h"
