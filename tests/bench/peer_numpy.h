// NumPy in a process of its own, which converts arrays when told to.
#ifndef BENCH_PEER_NUMPY_H
#define BENCH_PEER_NUMPY_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

typedef struct bench_numpy {
  pid_t pid;
  FILE *to, *from;
} bench_numpy_t;

// Starts it on a folder of arrays <dtype>.raw. False if there is no NumPy.
bool bench_numpy_start(const char *folder, bench_numpy_t *out_numpy);
// CPU time of one conversion of the whole array, in ns.
double bench_numpy_convert(const bench_numpy_t *numpy, const char *from, const char *to);
void bench_numpy_stop(bench_numpy_t *numpy);

#endif
