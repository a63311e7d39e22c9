#include "tests/crash/words.h"

#include "tests/crash/random.h"

static const uint64_t STEP = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t
first_word(uint64_t stamp, uint32_t variable)
{
  return crash_scramble(stamp * CRASH_VARIABLES + variable);
}

void
crash_words_fill(uint64_t *words, size_t count, uint64_t stamp, uint32_t variable)
{
  uint64_t first = first_word(stamp, variable);
  for (size_t i = 0; i < count; i++) {
    words[i] = first + i * STEP;
  }
}

static size_t
count_right(const uint64_t *words, size_t count, uint64_t first)
{
  for (size_t i = 0; i < count; i++) {
    if (words[i] != first + i * STEP) {
      return i;
    }
  }
  return count;
}

size_t
crash_words_check(const uint64_t *words, size_t count, uint64_t stamp, uint32_t variable)
{
  return count_right(words, count, first_word(stamp, variable));
}

size_t
crash_words_check_alike(const uint64_t *words, size_t count)
{
  return count_right(words, count, count > 0 ? words[0] : 0);
}

static uint64_t
sum_of(const crash_ledger_t *ledger)
{
  const uint64_t *words = (const uint64_t *)ledger;
  uint64_t sum = 0;
  for (size_t i = 0; i + 1 < CRASH_LEDGER_WORDS; i++) {
    sum = crash_scramble(sum + words[i] + 1);
  }
  return sum;
}

void
crash_ledger_seal(crash_ledger_t *ledger)
{
  ledger->sum = sum_of(ledger);
}

bool
crash_ledger_is_whole(const crash_ledger_t *ledger)
{
  return ledger->sum == sum_of(ledger);
}
