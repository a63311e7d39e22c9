// The conversion loops in the instruction set that the whole library is compiled for.
#define SVARI_LOOPS svari_convert_baseline
#include "variable/convert_loops.h"
