// What the machine itself asks for the steps that a shared variable is made of.
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include <stddef.h>

// bench_subject_t.run functions; the context of all is NULL.
void bench_raw_clock(void *unused, size_t count);    // two readings of the clock around nothing
void bench_raw_load(void *unused, size_t count);     // a plain load of a word
void bench_raw_exchange(void *unused, size_t count); // atomic exchange on a line of one's own
void bench_raw_fence(void *unused, size_t count);    // seq_cst store and load: the price of a fence
void bench_raw_call(void *unused, size_t count);     // an empty function of a shared library

// The empty function, in a library of its own so that the call goes through the PLT.
void bench_empty(void);

#endif
