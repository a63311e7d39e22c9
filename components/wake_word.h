// One word that a thread sleeps on, until it changes or an absolute time comes.
#ifndef SVARI_COMPONENTS_WAKE_WORD_H
#define SVARI_COMPONENTS_WAKE_WORD_H

#include <stdatomic.h>
#include <stdint.h>

/// {0} is a word of value 0.
typedef struct svari_wake_word {
  _Atomic uint32_t value;
} svari_wake_word_t;

#define SVARI_NO_DEADLINE INT64_MAX

/// Sleeps while the word is `value` and the deadline (CLOCK_MONOTONIC, ns) is not reached; returns the
/// word. A change that came before the call counts: no wake-up is lost.
uint32_t svari_wake_word_wait(svari_wake_word_t *word, uint32_t value, int64_t deadline_ns);
/// Changes the word and wakes its sleeper.
void svari_wake_word_set(svari_wake_word_t *word, uint32_t value);

#endif
