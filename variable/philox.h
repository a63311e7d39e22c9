// Philox4x64-10 itself: a keyed bijection of counters, ten rounds of wide multiplication. The numbers of a
// sequence are the images of 1, 2, 3, ...
#ifndef SVARI_VARIABLE_PHILOX_H
#define SVARI_VARIABLE_PHILOX_H

#include <stdint.h>

enum { SVARI_PHILOX_WORDS = 4, SVARI_PHILOX_KEY_WORDS = 2 };

// The block of random words that belongs to counter under key.
void svari_philox_block(const uint64_t key[SVARI_PHILOX_KEY_WORDS],
                        const uint64_t counter[SVARI_PHILOX_WORDS],
                        uint64_t out_block[SVARI_PHILOX_WORDS]);

#endif
