#include "tests/crash/supervisor.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/crash/random.h"
#include "tests/crash/schedule.h"

enum {
  ROUND_KILLS = 500,
  ENOUGH_FAILURES = 10,
  FILES_OF_A_STORE = 2,
};
static const int64_t SECOND_NS = 1000000000;
static const int64_t PROGRESS_NS = 5000000000;
static const int64_t NEVER = INT64_MAX;

typedef struct actor_slot {
  pid_t pid;        // 0: none runs
  int64_t start_ns; // when the next life begins
  int64_t kill_ns;  // when this one is killed; NEVER: not
  int64_t stuck_ns; // when it should have ended long ago
} actor_slot_t;

typedef struct supervisor {
  const crash_options_t *options;
  crash_arena_t *arena;
  crash_result_t *result;
  const char *directory;
  char arena_fd[16];
  crash_random_t random;
  actor_slot_t slots[CRASH_ACTORS];
  uint64_t commits_before[CRASH_STORES]; // this round
  int64_t progress_ns;                   // when to tell how far we are
} supervisor_t;

static int64_t
now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

static const char *
role_name(crash_role_t role)
{
  switch (role) {
  case CRASH_HOLDER:
    return "holder";
  case CRASH_READER:
    return "reader";
  case CRASH_SURVIVOR:
    return "survivor";
  }
  return "?";
}

// --- failures --------------------------------------------------------------------------------------

static void
count_failure(supervisor_t *supervisor, crash_verdict_t verdict, const char *who,
              const char *sentence)
{
  static const char *const names[CRASH_VERDICTS] = {"fine", "torn", "stuck",
                                                    "lost", "left", "error"};
  supervisor->result->verdicts[verdict]++;
  printf("  %s, found by the %s after %llu kills: %s\n", names[verdict], who,
         (unsigned long long)supervisor->result->kills, sentence);
}

static uint64_t
failures(const crash_result_t *result)
{
  uint64_t sum = 0;
  for (int i = CRASH_FINE + 1; i < CRASH_VERDICTS; i++) {
    sum += result->verdicts[i];
  }
  return sum;
}

// --- processes -------------------------------------------------------------------------------------

static void
count_holder(supervisor_t *supervisor, const crash_life_t *life, uint32_t change)
{
  crash_record_t *record = &supervisor->arena->stores[life->store];
  if (life->role != CRASH_READER) {
    atomic_fetch_add(&record->holders, change);
    atomic_fetch_add(&record->discarders, life->starts_empty != 0 ? change : 0);
  }
}

static void
start(supervisor_t *supervisor, int index)
{
  extern char **environ;
  crash_life_t *life = &supervisor->arena->lives[index];
  actor_slot_t *slot = &supervisor->slots[index];
  char number[16];
  snprintf(number, sizeof(number), "%d", index);
  char *arguments[] = {"svar_crash", "--actor", supervisor->arena_fd, number, NULL};
  life->verdict = CRASH_FINE;
  life->died_at = CRASH_NO_POINT;
  life->sentence[0] = '\0';
  count_holder(supervisor, life, 1);
  int error = posix_spawn(&slot->pid, "/proc/self/exe", NULL, NULL, arguments, environ);
  if (error != 0) {
    errx(2, "starting a process: %s", strerror(error));
  }
  supervisor->result->lives++;
  slot->stuck_ns = now_ns() + (int64_t)supervisor->options->deadline_s * SECOND_NS;
}

static void
start_next_life(supervisor_t *supervisor, int index)
{
  int64_t kill_after_ns;
  crash_life_t *life = &supervisor->arena->lives[index];
  crash_schedule_life(&supervisor->random, supervisor->arena, supervisor->result, life,
                      &kill_after_ns);
  start(supervisor, index);
  supervisor->slots[index].kill_ns = kill_after_ns == NEVER ? NEVER : now_ns() + kill_after_ns;
}

static void
count_kill(supervisor_t *supervisor, const crash_life_t *life)
{
  supervisor->result->kills++;
  if (life->died_at >= 0) {
    supervisor->result->killed_at[life->died_at]++;
  } else {
    supervisor->result->killed_at_random++;
  }
}

// Judges how a process ended.
static void
look_at_end(supervisor_t *supervisor, int index, int status)
{
  const crash_life_t *life = &supervisor->arena->lives[index];
  actor_slot_t *slot = &supervisor->slots[index];
  if (life->verdict != CRASH_FINE) {
    count_failure(supervisor, life->verdict, role_name(life->role), life->sentence);
  } else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
    count_kill(supervisor, life);
  } else if (WIFSIGNALED(status) || WEXITSTATUS(status) != 0) {
    char sentence[64];
    snprintf(sentence, sizeof(sentence), "it ended with %s %d",
             WIFSIGNALED(status) ? "signal" : "exit code",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    count_failure(supervisor, CRASH_ERROR, role_name(life->role), sentence);
  }
  count_holder(supervisor, life, (uint32_t)-1);
  slot->pid = 0;
  slot->start_ns = 0;
  if (life->role == CRASH_HOLDER &&
      index % CRASH_HOLDERS != 0) { // the one that waits is not always there
    slot->start_ns = now_ns() + (int64_t)crash_below(&supervisor->random, 30000000);
  }
}

static void
reap(supervisor_t *supervisor)
{
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    for (int i = 0; i < CRASH_ACTORS; i++) {
      if (supervisor->slots[i].pid == pid) {
        look_at_end(supervisor, i, status);
      }
    }
  }
}

static void
kill_stuck(supervisor_t *supervisor, int index)
{
  const crash_life_t *life = &supervisor->arena->lives[index];
  char sentence[96];
  snprintf(sentence, sizeof(sentence), "a %s of store %u has not ended after %u s",
           role_name(life->role), life->store, supervisor->options->deadline_s);
  count_failure(supervisor, CRASH_STUCK, "supervisor", sentence);
  kill(supervisor->slots[index].pid, SIGKILL);
  supervisor->slots[index].stuck_ns = NEVER;
}

// Kills whose time has come. Returns when the next one's will.
static int64_t
kill_due(supervisor_t *supervisor)
{
  int64_t now = now_ns();
  int64_t next = NEVER;
  for (int i = 0; i < CRASH_ACTORS; i++) {
    actor_slot_t *slot = &supervisor->slots[i];
    if (slot->pid == 0) {
      continue;
    }
    if (slot->kill_ns <= now) {
      kill(slot->pid, SIGKILL);
      slot->kill_ns = NEVER;
    } else if (slot->stuck_ns <= now) {
      kill_stuck(supervisor, i);
    }
    next = slot->kill_ns < next ? slot->kill_ns : next;
    next = slot->stuck_ns < next ? slot->stuck_ns : next;
  }
  return next;
}

// Sleeps until a child ends or the time has come.
static void
sleep_until(int64_t wake_ns)
{
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  int64_t left = wake_ns - now_ns();
  if (left > SECOND_NS) {
    left = SECOND_NS;
  }
  if (left > 0) {
    struct timespec timeout = {left / SECOND_NS, left % SECOND_NS};
    sigtimedwait(&child, NULL, &timeout);
  }
}

// --- a round ---------------------------------------------------------------------------------------

static int64_t
start_due(supervisor_t *supervisor)
{
  int64_t now = now_ns();
  int64_t next = NEVER;
  for (int i = 0; i < CRASH_ACTORS; i++) {
    if (supervisor->slots[i].pid != 0) {
      continue;
    }
    if (supervisor->slots[i].start_ns <= now) {
      start_next_life(supervisor, i);
    } else if (supervisor->slots[i].start_ns < next) {
      next = supervisor->slots[i].start_ns;
    }
  }
  return next;
}

static bool
is_enough(const supervisor_t *supervisor)
{
  return supervisor->result->kills >= supervisor->options->kills ||
         failures(supervisor->result) >= ENOUGH_FAILURES;
}

static void
tell_progress(supervisor_t *supervisor)
{
  int64_t now = now_ns();
  if (now >= supervisor->progress_ns) {
    supervisor->progress_ns = now + PROGRESS_NS;
    printf("  %llu of %llu kills, %llu values verified\n",
           (unsigned long long)supervisor->result->kills,
           (unsigned long long)supervisor->options->kills,
           (unsigned long long)atomic_load(&supervisor->arena->reads));
    fflush(stdout);
  }
}

static bool
is_anybody_alive(const supervisor_t *supervisor)
{
  for (int i = 0; i < CRASH_ACTORS; i++) {
    if (supervisor->slots[i].pid != 0) {
      return true;
    }
  }
  return false;
}

// Lets whoever runs end; those that are not killed end by themselves, or are stuck.
static void
wait_for_all(supervisor_t *supervisor)
{
  reap(supervisor);
  while (is_anybody_alive(supervisor)) {
    sleep_until(kill_due(supervisor));
    reap(supervisor);
  }
}

static void
kill_all(supervisor_t *supervisor)
{
  for (int i = 0; i < CRASH_ACTORS; i++) {
    supervisor->slots[i].kill_ns = 0;
  }
  wait_for_all(supervisor);
}

static void
run_round(supervisor_t *supervisor)
{
  uint64_t until = supervisor->result->kills + ROUND_KILLS;
  while (supervisor->result->kills < until && !is_enough(supervisor)) {
    int64_t next_start = start_due(supervisor);
    int64_t next_kill = kill_due(supervisor);
    sleep_until(next_start < next_kill ? next_start : next_kill);
    reap(supervisor);
    tell_progress(supervisor);
  }
  kill_all(supervisor);
}

// --- after a round ---------------------------------------------------------------------------------

static void
check_progress(supervisor_t *supervisor)
{
  for (uint32_t i = 0; i < CRASH_STORES; i++) {
    uint64_t commits = atomic_load(&supervisor->arena->stores[i].commits);
    if (commits == supervisor->commits_before[i]) {
      count_failure(supervisor, CRASH_STUCK, "supervisor", "no commit in a whole round");
    }
    supervisor->commits_before[i] = commits;
  }
}

// Files in the segment directory, and their names for a sentence.
static int
list_files(const char *directory, char *names, size_t size)
{
  int count = 0;
  DIR *stream = opendir(directory);
  if (stream == NULL) {
    err(2, "reading '%s'", directory);
  }
  names[0] = '\0';
  for (struct dirent *file = readdir(stream); file != NULL; file = readdir(stream)) {
    if (file->d_name[0] != '.') {
      size_t length = strlen(names);
      snprintf(names + length, size - length, " %s", file->d_name);
      count++;
    }
  }
  closedir(stream);
  return count;
}

// Survivors look at every store; then exactly the files of those that stay are there.
static void
survive(supervisor_t *supervisor, bool is_last)
{
  int expected = 0;
  crash_life_t roles[CRASH_STORES];
  for (uint32_t i = 0; i < CRASH_STORES; i++) {
    roles[i] = supervisor->arena->lives[i];
    bool removes = is_last || crash_once_in(&supervisor->random, 2);
    supervisor->arena->lives[i] = (crash_life_t){
        .role = CRASH_SURVIVOR,
        .store = i,
        .seed = crash_random(&supervisor->random),
        .armed_point = CRASH_NO_POINT,
        .may_remove = removes,
    };
    supervisor->slots[i].kill_ns = NEVER;
    expected += removes ? 0 : FILES_OF_A_STORE;
    start(supervisor, (int)i);
  }
  uint64_t failed_before = failures(supervisor->result);
  wait_for_all(supervisor);
  char names[512];
  int found = list_files(supervisor->directory, names, sizeof(names));
  if (found != expected && failures(supervisor->result) == failed_before) {
    char sentence[640];
    snprintf(sentence, sizeof(sentence), "%d files instead of %d:%s", found, expected, names);
    count_failure(supervisor, CRASH_LEFT, "supervisor", sentence);
  }
  for (uint32_t i = 0; i < CRASH_STORES; i++) {
    supervisor->arena->lives[i] = roles[i];
  }
}

// Which process plays what, for the whole run.
static void
cast(supervisor_t *supervisor)
{
  for (int i = 0; i < CRASH_ACTORS; i++) {
    bool is_holder = i < CRASH_STORES * CRASH_HOLDERS;
    int number = is_holder ? i / CRASH_HOLDERS : (i - CRASH_STORES * CRASH_HOLDERS) / CRASH_READERS;
    supervisor->arena->lives[i].role = is_holder ? CRASH_HOLDER : CRASH_READER;
    supervisor->arena->lives[i].store = (uint32_t)number;
  }
}

void
crash_supervise(const crash_options_t *options, crash_arena_t *arena, int arena_fd,
                const char *directory, crash_result_t *out_result)
{
  supervisor_t supervisor = {
      .options = options,
      .arena = arena,
      .result = out_result,
      .directory = directory,
      .random = {crash_scramble(options->seed)},
      .progress_ns = now_ns() + PROGRESS_NS,
  };
  *out_result = (crash_result_t){0};
  snprintf(supervisor.arena_fd, sizeof(supervisor.arena_fd), "%d", arena_fd);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, NULL); // sigtimedwait() takes it
  int64_t began_ns = now_ns();
  cast(&supervisor);
  while (!is_enough(&supervisor)) {
    run_round(&supervisor);
    check_progress(&supervisor);
    survive(&supervisor, is_enough(&supervisor));
    out_result->rounds++;
  }
  out_result->seconds = (double)(now_ns() - began_ns) / (double)SECOND_NS;
}
