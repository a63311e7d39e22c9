// A commit's event through the gateway: a ping-pong of two processes, each of which commits to a store and waits in
// a WaitSet for the event of the other's, beside the same ping-pong on two iceoryx topics. A sample is half a
// round trip.
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/child.h"
#include "bench/peer_iceoryx.h"
#include "bench/peer_iceoryx_wake.h"
#include "bench/rows.h"
#include "bench/stored.h"
#include "shared_variable/gateway.h"

static const char *const stores[] = {"/bench/ping", "/bench/pong"};
static const char *const topics[] = {"/bench/ping" SVAR_COMMIT_TOPIC_SUFFIX,
                                     "/bench/pong" SVAR_COMMIT_TOPIC_SUFFIX};
static const char *const bells[] = {"ping", "pong"};
static const char VARIABLE[] = "value";

enum { GATEWAY, WAIT_SET, KINDS };
enum { VERSION_WORD = offsetof(svar_commit_message_t, event.version) / sizeof(uint64_t) };

// One player: side 0 serves, side 1 answers.
typedef struct player {
  size_t side;
  _Atomic bool *is_ending; // in shared memory
  svar_store_t *own;
  svar_variable_t *variable;
  bench_iceoryx_bell_t *bell;
  bench_iceoryx_ear_t *commits, *other_bell;
} player_t;

static pid_t
start_gateway(void)
{
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setenv("AMENT_PREFIX_PATH", BENCH_PREFIX, 1);
    execl(BENCH_GATEWAY_PROGRAM, BENCH_GATEWAY_PROGRAM, "--ros-args", "--log-level", "warn", NULL);
    _exit(127);
  }
  BENCH_REQUIRE(pid > 0, "no process for the gateway");
  return pid;
}

static void
hit(player_t *player)
{
  const int64_t shape = 1;
  bench_variable_commit(player->own, player->variable, &shape, 1);
}

static void
make_own(void *context)
{
  player_t *player = context;
  bench_iceoryx_join(bells[player->side]);
  player->own = bench_store_create(stores[player->side]);
  player->variable = bench_variable_make(player->own, VARIABLE, 1);
  player->bell = bench_iceoryx_bell_create(bells[player->side]);
}

static void
find_other(void *context)
{
  player_t *player = context;
  player->commits =
      bench_iceoryx_ear_create(SVAR_MESSAGE_SERVICE, topics[1 - player->side], SVAR_MESSAGE_EVENT);
  while (bench_iceoryx_ear_wait(player->commits, VERSION_WORD) < 1) {
  } // the first commit is told: from here on there is one event for each
  player->other_bell = bench_iceoryx_ear_for_bell(bells[1 - player->side]);
}

static void
leave(player_t *player)
{
  bench_iceoryx_ear_destroy(player->commits);
  bench_iceoryx_ear_destroy(player->other_bell);
  bench_iceoryx_bell_destroy(player->bell);
  svar_variable_unref(player->variable);
  bench_store_remove(player->own);
}

static void
answer(bench_parent_t *parent, void *context)
{
  player_t player = {.side = 1, .is_ending = context};
  bench_parent_greet(parent, &player, make_own, find_other);
  for (;;) { // the two games by turns, as bench_interleave() plays them
    (void)bench_iceoryx_ear_wait(player.commits, VERSION_WORD);
    if (atomic_load(player.is_ending)) {
      break;
    }
    hit(&player);
    (void)bench_iceoryx_ear_wait(player.other_bell, 0);
    bench_iceoryx_bell_ring(player.bell);
  }
  leave(&player);
}

static void
gateway_run(void *context, size_t count)
{
  player_t *player = context;
  (void)count;
  hit(player);
  (void)bench_iceoryx_ear_wait(player->commits, VERSION_WORD);
}

static void
wait_set_run(void *context, size_t count)
{
  player_t *player = context;
  (void)count;
  bench_iceoryx_bell_ring(player->bell);
  (void)bench_iceoryx_ear_wait(player->other_bell, 0);
}

static void
report(const bench_run_t *run, bench_subject_t subjects[KINDS])
{
  bench_halve(subjects, KINDS);
  const bench_subject_t *neighbours[] = {&subjects[WAIT_SET]};
  bench_report_add(run->report, &subjects[GATEWAY], neighbours, 1, "%s, one way",
                   subjects[GATEWAY].name);
  bench_report_add(run->report, &subjects[WAIT_SET], NULL, 0, "raw iceoryx WaitSet, one way");
  double raw = bench_stats(&subjects[WAIT_SET]).p50;
  bench_report_hold(run->report, "iceoryx event through the gateway, p50", BENCH_AT_MOST, 2.2, "x",
                    bench_stats(&subjects[GATEWAY]).p50 / raw,
                    "raw WaitSet ping-pong: %.0f ns one way", raw);
}

static void
play(const bench_run_t *run)
{
  bench_child_t other;
  player_t player = {.side = 0, .is_ending = bench_share(sizeof(_Atomic bool))};
  bench_child_start(answer, player.is_ending, &other);
  bench_child_greet(&other, &player, make_own, find_other);
  bench_subject_t subjects[KINDS] = {
      [GATEWAY] = {.name = "iceoryx event of a commit", .run = gateway_run},
      [WAIT_SET] = {.name = "raw iceoryx WaitSet", .run = wait_set_run},
  };
  for (int kind = 0; kind < KINDS; kind++) {
    subjects[kind].context = &player;
    subjects[kind].batch = 1;
  }
  const bench_effort_t effort = {run->is_quick ? 3 : 10, 1000, 100000};
  bench_interleave(subjects, KINDS, &effort);
  atomic_store(player.is_ending, true);
  hit(&player);
  bench_child_end(&other);
  report(run, subjects);
  leave(&player);
}

void
bench_row_gateway(const bench_run_t *run)
{
  if (!run->has_roudi) {
    bench_report_missing(run->report, "iceoryx event through the gateway: no RouDi");
    return;
  }
  pid_t gateway = start_gateway();
  play(run);
  kill(gateway, SIGTERM);
  waitpid(gateway, NULL, 0);
}
