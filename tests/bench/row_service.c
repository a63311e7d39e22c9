// The service socket: a commit that wakes an epoll through an eventfd, beside a ping-pong of two plain eventfds;
// a set from another process, beside packets of the same sizes that go to and fro, and beside memcpy. A
// sample of a ping-pong is half a round trip.
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/child.h"
#include "bench/rows.h"
#include "bench/stored.h"

static const char *const stores[] = {"/bench/ping", "/bench/pong"};
static const char VARIABLE[] = "value";
static const char NUMBER[] = "number";

enum { LARGE_BYTES = 64 << 20 };
// What svar_remote_set() of a number and its response take.
enum { REQUEST_BYTES = 520, RESPONSE_BYTES = 32 };
// The games in the order in which both sides play them. Those of hits time the hit alone.
enum { WATCH, EVENTFD, WATCH_HIT, EVENTFD_HIT, PACKETS, SET, KINDS };

typedef struct sides {
  int eventfds[2]; // hit by side 0, by side 1
  int sockets[2];
  _Atomic bool *is_ending; // in shared memory
} sides_t;

// One player: side 0 serves, side 1 answers.
typedef struct player {
  size_t side;
  const sides_t *sides;
  svar_store_t *own, *other;
  svar_variable_t *variable, *number;
  svar_remote_t *remote;        // to the other's holder: of side 0
  uint64_t seen;                // version of the other's store
  int watch_epoll, plain_epoll; // for the other's hits
  int watch_fd;
} player_t;

// --- making and leaving ----------------------------------------------------------------------------

static int
make_epoll(int fd)
{
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  BENCH_REQUIRE(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "no epoll");
  return epoll;
}

static svar_variable_t *
share_number(svar_store_t *store)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  svar_variable_t *variable;
  options.name = NUMBER;
  options.store = store;
  BENCH_OK(svar_shared(svar_float(0), &options, &variable));
  return variable;
}

static void
make_own(void *context)
{
  player_t *player = context;
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.settable = "*";
  BENCH_OK(svar_store_create(stores[player->side], &options, &player->own));
  player->variable = bench_variable_make(player->own, VARIABLE, 1);
  player->number = share_number(player->own);
}

static void
find_other(void *context)
{
  player_t *player = context;
  player->other = bench_store_open(stores[1 - player->side]);
  player->seen = svar_store_version(player->other);
  BENCH_OK(svar_store_watch_fd(player->other, &player->watch_fd));
  player->watch_epoll = make_epoll(player->watch_fd);
  player->plain_epoll = make_epoll(player->sides->eventfds[1 - player->side]);
  BENCH_OK(svar_remote_open(stores[1 - player->side], NULL, &player->remote));
}

static void
leave(player_t *player)
{
  close(player->watch_epoll);
  close(player->plain_epoll);
  svar_remote_close(player->remote);
  svar_variable_unref(player->variable);
  svar_variable_unref(player->number);
  svar_store_close(player->other);
  bench_store_remove(player->own);
}

// --- the games -------------------------------------------------------------------------------------

// Waits as a loop does: for the descriptor, whose 8 bytes are then read.
static void
wait_readable(int epoll, int fd)
{
  struct epoll_event event;
  uint64_t count;
  BENCH_REQUIRE(epoll_wait(epoll, &event, 1, -1) == 1, "epoll_wait() failed");
  BENCH_REQUIRE(read(fd, &count, sizeof(count)) == sizeof(count), "no eventfd to read");
}

static void
hit(player_t *player)
{
  const int64_t shape = 1;
  bench_variable_commit(player->own, player->variable, &shape, player->seen);
}

static void
wait_for_hit(player_t *player)
{
  uint64_t version;
  do { // it may be readable once too often, at the beginning
    wait_readable(player->watch_epoll, player->watch_fd);
    version = svar_store_version(player->other);
  } while (version == player->seen);
  player->seen = version;
}

static void
plain_hit(player_t *player)
{
  const uint64_t one = 1;
  BENCH_REQUIRE(write(player->sides->eventfds[player->side], &one, sizeof(one)) == sizeof(one),
                "no eventfd to write");
}

static void
wait_for_plain_hit(player_t *player)
{
  wait_readable(player->plain_epoll, player->sides->eventfds[1 - player->side]);
}

static void
echo(const player_t *player)
{
  char packet[REQUEST_BYTES];
  int fd = player->sides->sockets[1];
  BENCH_REQUIRE(recv(fd, packet, sizeof(packet), 0) == REQUEST_BYTES &&
                    send(fd, packet, RESPONSE_BYTES, 0) == RESPONSE_BYTES,
                "no packet to echo");
}

static void
answer(bench_parent_t *parent, void *context)
{
  player_t player = {.side = 1, .sides = context};
  bench_parent_greet(parent, &player, make_own, find_other);
  for (;;) {
    for (int i = 0; i < 2; i++) { // for their sum, and for their hits
      wait_for_hit(&player);
      if (atomic_load(player.sides->is_ending)) {
        bench_parent_tell(parent);
        bench_parent_await(parent); // who sets large values needs a holder
        leave(&player);
        return;
      }
      hit(&player);
      wait_for_plain_hit(&player);
      plain_hit(&player);
    }
    echo(&player);
  }
}

static double
watch_measure(void *context)
{
  int64_t began = bench_now_ns();
  hit(context);
  wait_for_hit(context);
  return (double)(bench_now_ns() - began) / 2;
}

static double
eventfd_measure(void *context)
{
  int64_t began = bench_now_ns();
  plain_hit(context);
  wait_for_plain_hit(context);
  return (double)(bench_now_ns() - began) / 2;
}

static double
watch_hit_measure(void *context)
{
  int64_t began = bench_now_ns();
  hit(context);
  int64_t ended = bench_now_ns();
  wait_for_hit(context);
  return (double)(ended - began);
}

static double
eventfd_hit_measure(void *context)
{
  int64_t began = bench_now_ns();
  plain_hit(context);
  int64_t ended = bench_now_ns();
  wait_for_plain_hit(context);
  return (double)(ended - began);
}

static void
packets_run(void *context, size_t count)
{
  const player_t *player = context;
  char packet[REQUEST_BYTES] = {0};
  int fd = player->sides->sockets[0];
  (void)count;
  BENCH_REQUIRE(send(fd, packet, sizeof(packet), 0) == REQUEST_BYTES &&
                    recv(fd, packet, sizeof(packet), 0) == RESPONSE_BYTES,
                "no packet came back");
}

// The commit it makes reaches the watch of this side, too.
static void
set_run(void *context, size_t count)
{
  player_t *player = context;
  (void)count;
  BENCH_OK(svar_remote_set(player->remote, NUMBER, svar_float(1.5), &player->seen));
}

// --- large values ----------------------------------------------------------------------------------

// Long copies are timed by CPU clocks, here of both who work at one: the wakes between them are not counted.
typedef struct large {
  clockid_t holder; // its CPU time
  svar_remote_t *remote;
  svar_remote_change_t *change;
  uint8_t *source, *buffers; // of memory that processes share, as the store's
  size_t turn;
} large_t;

static void *
share_pages(size_t size_bytes)
{
  void *memory = bench_share(size_bytes);
  memset(memory, 1, size_bytes);
  return memory;
}

static void
large_prepare(large_t *large)
{
  const int64_t shape = LARGE_BYTES / 8;
  void *data;
  BENCH_OK(svar_remote_change_begin(large->remote, &large->change));
  BENCH_OK(svar_remote_change_loan(large->change, VARIABLE, SVAR_UINT64, 1, &shape, &data));
  memset(data, 2, LARGE_BYTES);
}

static int64_t
clock_ns(clockid_t clock)
{
  struct timespec now;
  BENCH_REQUIRE(clock_gettime(clock, &now) == 0, "no clock of CPU time");
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t
work_ns(const large_t *large)
{
  return clock_ns(CLOCK_THREAD_CPUTIME_ID) + clock_ns(large->holder);
}

static double
large_measure(void *context)
{
  large_t *large = context;
  large_prepare(large);
  int64_t began = work_ns(large);
  BENCH_OK(svar_remote_change_commit(large->change, NULL));
  return (double)(work_ns(large) - began);
}

static double
large_copy_measure(void *context)
{
  const large_t *large = context;
  const int64_t shape = LARGE_BYTES / 8;
  DLTensor tensor = svar_tensor(SVAR_UINT64, large->source, 1, &shape);
  int64_t began = work_ns(large);
  BENCH_OK(svar_remote_set(large->remote, VARIABLE, svar_array(&tensor), NULL));
  return (double)(work_ns(large) - began);
}

static void
memcpy_run(void *context, size_t count)
{
  large_t *large = context;
  (void)count;
  memcpy(large->buffers + (size_t)(large->turn++ & 1) * LARGE_BYTES, large->source, LARGE_BYTES);
}

static void
measure_large(const bench_run_t *run, svar_remote_t *remote, pid_t holder)
{
  enum { IN_PLACE, COPIED, MEMCPY, LARGE_KINDS };
  large_t large = {.remote = remote,
                   .source = share_pages(LARGE_BYTES),
                   .buffers = share_pages(2 * (size_t)LARGE_BYTES)};
  BENCH_REQUIRE(clock_getcpuclockid(holder, &large.holder) == 0, "no clock of the holder's time");
  bench_subject_t subjects[LARGE_KINDS] = {
      [IN_PLACE] = {.name = "set from outside", .measure = large_measure},
      [COPIED] = {.name = "set from outside, copied", .measure = large_copy_measure},
      [MEMCPY] = {.name = "memcpy", .run = memcpy_run, .is_cpu_time = true},
  };
  for (int kind = 0; kind < LARGE_KINDS; kind++) {
    subjects[kind].context = &large;
    subjects[kind].batch = 1;
  }
  const bench_effort_t effort = {run->is_quick ? 2 : 8, 8, 300};
  bench_interleave(subjects, LARGE_KINDS, &effort);
  const bench_subject_t *neighbours[] = {&subjects[MEMCPY]};
  bench_report_add(run->report, &subjects[IN_PLACE], neighbours, 1,
                   "set of 64 MiB from outside, written in place");
  bench_report_add(run->report, &subjects[COPIED], neighbours, 1,
                   "set of 64 MiB from outside, copied first");
  double copy = bench_stats(&subjects[MEMCPY]).p50;
  bench_report_hold(run->report, "set of 64 MiB from outside, speed", BENCH_AT_LEAST, 0.90, "x",
                    copy / bench_stats(&subjects[IN_PLACE]).p50, "memcpy: %.1f ms", copy / 1e6);
  bench_subjects_fini(subjects, LARGE_KINDS);
}

// --- the row ---------------------------------------------------------------------------------------

static void
report_games(const bench_run_t *run, bench_subject_t *subjects)
{
  const bench_subject_t *raw_wake[] = {&subjects[EVENTFD]};
  const bench_subject_t *raw_hit[] = {&subjects[EVENTFD_HIT]};
  const bench_subject_t *raw_packets[] = {&subjects[PACKETS]};
  bench_report_add(run->report, &subjects[WATCH], raw_wake, 1, "%s", subjects[WATCH].name);
  bench_report_add(run->report, &subjects[WATCH_HIT], raw_hit, 1, "%s", subjects[WATCH_HIT].name);
  bench_report_add(run->report, &subjects[SET], raw_packets, 1, "%s", subjects[SET].name);
  double wake = bench_stats(&subjects[EVENTFD]).p50;
  double write_ns = bench_stats(&subjects[EVENTFD_HIT]).p50;
  double packets = bench_stats(&subjects[PACKETS]).p50;
  bench_report_hold(run->report, "commit to epoll, one watcher, p50", BENCH_AT_MOST, 1.15, "x",
                    bench_stats(&subjects[WATCH]).p50 / wake, "raw eventfd: %.0f ns one way", wake);
  bench_report_hold(run->report, "commit with one watcher, beyond the wake", BENCH_AT_MOST, 1000,
                    "ns", bench_stats(&subjects[WATCH_HIT]).p50 - write_ns,
                    "raw write to an eventfd: %.0f ns", write_ns);
  bench_report_hold(run->report, "set of a number from outside, p50", BENCH_AT_MOST, 1.5, "x",
                    bench_stats(&subjects[SET]).p50 / packets, "raw packets to and fro: %.0f ns",
                    packets);
}

static void
make_sides(sides_t *sides)
{
  sides->is_ending = bench_share(sizeof(*sides->is_ending));
  for (int side = 0; side < 2; side++) {
    sides->eventfds[side] = eventfd(0, EFD_CLOEXEC);
    BENCH_REQUIRE(sides->eventfds[side] >= 0, "no eventfd");
  }
  BENCH_REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sides->sockets) == 0,
                "no sockets");
}

static void
play(const bench_run_t *run, player_t *player)
{
  bench_subject_t subjects[KINDS] = {
      [WATCH] = {.name = "commit to epoll, one way", .measure = watch_measure},
      [EVENTFD] = {.name = "raw eventfd", .measure = eventfd_measure},
      [WATCH_HIT] = {.name = "commit with one watcher", .measure = watch_hit_measure},
      [EVENTFD_HIT] = {.name = "raw write to an eventfd", .measure = eventfd_hit_measure},
      [PACKETS] = {.name = "raw packets to and fro", .run = packets_run},
      [SET] = {.name = "set of a number from outside", .run = set_run},
  };
  for (int kind = 0; kind < KINDS; kind++) {
    subjects[kind].context = player;
    subjects[kind].batch = 1;
  }
  const bench_effort_t effort = {run->is_quick ? 3 : 10, 1000, 100000};
  bench_interleave(subjects, KINDS, &effort);
  report_games(run, subjects);
  bench_subjects_fini(subjects, KINDS);
}

void
bench_row_service(const bench_run_t *run)
{
  sides_t sides;
  bench_child_t other;
  make_sides(&sides);
  player_t player = {.side = 0, .sides = &sides};
  bench_child_start(answer, &sides, &other);
  bench_child_greet(&other, &player, make_own, find_other);
  play(run, &player);
  atomic_store(sides.is_ending, true);
  hit(&player);
  bench_child_await(&other);
  measure_large(run, player.remote, other.pid);
  bench_child_end(&other);
  leave(&player);
}
