#include "bench/child.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void
bench_fail(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  fputs("svar_bench: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  _exit(1);
}

static void
run_body(bench_body_t body, void *context, pid_t parent_pid, bench_parent_t parent)
{
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent_pid) {
    _exit(1); // it ended before the line above
  }
  signal(SIGPIPE, SIG_IGN);
  body(&parent, context);
  fflush(NULL);
  _exit(0);
}

void
bench_child_start(bench_body_t body, void *context, bench_child_t *out_child)
{
  int down[2], up[2];
  pid_t self = getpid();
  BENCH_REQUIRE(pipe(down) == 0 && pipe(up) == 0, "no pipe for a child: %s", strerror(errno));
  fflush(NULL);
  pid_t pid = fork();
  BENCH_REQUIRE(pid >= 0, "no child process: %s", strerror(errno));
  if (pid == 0) {
    close(down[1]);
    close(up[0]);
    run_body(body, context, self, (bench_parent_t){.in = down[0], .out = up[1]});
  }
  close(down[0]);
  close(up[1]);
  *out_child = (bench_child_t){.pid = pid, .in = up[0], .out = down[1]};
}

// What the pipes carry. The end is a byte too: other children inherit the pipe, so that closing it here
// ends nothing.
static const char GO = 'g', END = 'e';

static bool
read_go(int fd)
{
  char byte = END;
  while (read(fd, &byte, 1) < 0 && errno == EINTR) {
  }
  return byte == GO;
}

void
bench_child_tell(bench_child_t *child)
{
  BENCH_REQUIRE(write(child->out, &GO, 1) == 1, "a child cannot be told to go on: %s",
                strerror(errno));
}

bool
bench_child_try_await(bench_child_t *child)
{
  return read_go(child->in);
}

void
bench_child_await(bench_child_t *child)
{
  BENCH_REQUIRE(bench_child_try_await(child), "a child ended before it was done");
}

// True if it ended by itself, with code 0.
static bool
wait_for(bench_child_t *child)
{
  int status = -1;
  close(child->in);
  close(child->out);
  while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool
bench_child_try_end(bench_child_t *child)
{
  if (write(child->out, &END, 1) != 1) {
    kill(child->pid, SIGKILL);
  }
  return wait_for(child);
}

void
bench_child_end(bench_child_t *child)
{
  BENCH_REQUIRE(bench_child_try_end(child), "a child did not end well");
}

void
bench_child_kill(bench_child_t *child)
{
  kill(child->pid, SIGKILL);
  wait_for(child);
}

bool
bench_parent_await(bench_parent_t *parent)
{
  return read_go(parent->in);
}

void
bench_parent_tell(bench_parent_t *parent)
{
  BENCH_REQUIRE(write(parent->out, &GO, 1) == 1, "the parent is gone");
}

void *
bench_share(size_t size_bytes)
{
  void *memory = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  BENCH_REQUIRE(memory != MAP_FAILED, "no shared memory of %zu bytes: %s", size_bytes,
                strerror(errno));
  return memory;
}

size_t
bench_cpu_count(void)
{
  cpu_set_t allowed;
  return sched_getaffinity(0, sizeof(allowed), &allowed) == 0 ? (size_t)CPU_COUNT(&allowed) : 1;
}

void
bench_pin(size_t index)
{
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
    return;
  }
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (CPU_ISSET(cpu, &allowed) && index-- == 0) {
      CPU_ZERO(&allowed);
      CPU_SET(cpu, &allowed);
      sched_setaffinity(0, sizeof(allowed), &allowed);
      return;
    }
  }
}

void
bench_child_greet(bench_child_t *child, void *player, bench_preparation_t make_own,
                  bench_preparation_t find_other)
{
  bench_pin(0);
  make_own(player);
  bench_child_await(child);
  bench_child_tell(child);
  find_other(player);
  bench_child_await(child);
}

void
bench_parent_greet(bench_parent_t *parent, void *player, bench_preparation_t make_own,
                   bench_preparation_t find_other)
{
  bench_pin(1);
  make_own(player);
  bench_parent_tell(parent);
  bench_parent_await(parent);
  find_other(player);
  bench_parent_tell(parent);
}
