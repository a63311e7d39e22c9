// Waking a subscriber that waits: a ping-pong of two processes, each of which holds a store that the other
// waits on, beside the same ping-pong on two plain futex words. A sample is half a round trip.
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/child.h"
#include "bench/rows.h"
#include "bench/stored.h"

static const char *const stores[] = {"/bench/ping", "/bench/pong"};
static const char VARIABLE[] = "value";

enum { STORES, FUTEX, KINDS };

typedef struct words {
  _Alignas(128) _Atomic uint32_t ping, pong;
  _Alignas(128) _Atomic bool is_ending;
} words_t;

// One player: side 0 serves, side 1 answers.
typedef struct player {
  size_t side;
  words_t *words; // shared by both
  svar_store_t *own, *other;
  svar_variable_t *variable;
  uint64_t seen;  // version of the other's store
  uint32_t round; // of the futex game
} player_t;

static void
hit(player_t *player)
{
  const int64_t shape = 1;
  bench_variable_commit(player->own, player->variable, &shape, player->seen);
}

static void
wait_for_hit(player_t *player)
{
  BENCH_OK(svar_store_wait(player->other, player->seen, -1, &player->seen));
}

static void
futex_hit(_Atomic uint32_t *word, uint32_t round)
{
  atomic_store_explicit(word, round, memory_order_seq_cst);
  syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void
futex_wait_for_hit(_Atomic uint32_t *word, uint32_t round)
{
  uint32_t found;
  while ((found = atomic_load_explicit(word, memory_order_seq_cst)) != round) {
    syscall(SYS_futex, word, FUTEX_WAIT, found, NULL, NULL, 0);
  }
}

static void
make_own(void *context)
{
  player_t *player = context;
  player->own = bench_store_create(stores[player->side]);
  player->variable = bench_variable_make(player->own, VARIABLE, 1);
}

static void
find_other(void *context)
{
  player_t *player = context;
  player->other = bench_store_open(stores[1 - player->side]);
  player->seen = svar_store_version(player->other);
}

static void
leave(player_t *player)
{
  svar_variable_unref(player->variable);
  svar_store_close(player->other);
  bench_store_remove(player->own);
}

static void
answer(bench_parent_t *parent, void *context)
{
  player_t player = {.side = 1, .words = context};
  bench_parent_greet(parent, &player, make_own, find_other);
  for (;;) { // the two games by turns, as bench_interleave() plays them
    wait_for_hit(&player);
    if (atomic_load(&player.words->is_ending)) {
      break;
    }
    hit(&player);
    futex_wait_for_hit(&player.words->ping, ++player.round);
    futex_hit(&player.words->pong, player.round);
  }
  leave(&player);
}

static void
stores_run(void *context, size_t count)
{
  (void)count;
  hit(context);
  wait_for_hit(context);
}

static void
futex_run(void *context, size_t count)
{
  player_t *player = context;
  (void)count;
  futex_hit(&player->words->ping, ++player->round);
  futex_wait_for_hit(&player->words->pong, player->round);
}

void
bench_row_wake(const bench_run_t *run)
{
  bench_child_t other;
  player_t player = {.side = 0, .words = bench_share(sizeof(words_t))};
  bench_child_start(answer, player.words, &other);
  bench_child_greet(&other, &player, make_own, find_other);
  bench_subject_t subjects[KINDS] = {
      [STORES] = {.name = "wake of a waiting subscriber", .run = stores_run},
      [FUTEX] = {.name = "raw futex", .run = futex_run},
  };
  for (int kind = 0; kind < KINDS; kind++) {
    subjects[kind].context = &player;
    subjects[kind].batch = 1;
  }
  const bench_effort_t effort = {run->is_quick ? 3 : 10, 1000, 200000};
  bench_interleave(subjects, KINDS, &effort);
  atomic_store(&player.words->is_ending, true);
  hit(&player);
  bench_child_end(&other);
  bench_halve(subjects, KINDS);
  const bench_subject_t *neighbours[] = {&subjects[FUTEX]};
  bench_report_add(run->report, &subjects[STORES], neighbours, 1, "%s, one way",
                   subjects[STORES].name);
  bench_report_add(run->report, &subjects[FUTEX], NULL, 0, "raw futex, one way");
  double raw = bench_stats(&subjects[FUTEX]).p50;
  bench_report_hold(run->report, "wake of a waiting subscriber, p50", BENCH_AT_MOST, 1.15, "x",
                    bench_stats(&subjects[STORES]).p50 / raw,
                    "raw futex ping-pong: %.0f ns one way", raw);
  leave(&player);
}
