// The loops for every pair of dtypes, once for each instruction set that they are compiled for.
#ifndef SVARI_VARIABLE_CONVERT_TABLE_H
#define SVARI_VARIABLE_CONVERT_TABLE_H

#include "variable/convert.h"
#include "variable/promotion.h"

typedef struct svari_convert_table {
  svari_convert_t loop[SVARI_CONVERTIBLE_COUNT][SVARI_CONVERTIBLE_COUNT]; // [from][to]
} svari_convert_table_t;

extern const svari_convert_table_t svari_convert_baseline;
#ifdef SVARI_CONVERT_X86
extern const svari_convert_table_t svari_convert_avx2;
extern const svari_convert_table_t svari_convert_avx512;
#endif

#endif
