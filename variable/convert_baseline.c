#define SVARI_LOOPS svari_convert_baseline
#include "variable/convert_loops.h"
