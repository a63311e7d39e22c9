#include "bench/peer_numpy.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/child.h"

// Debian's Python, which sees Debian's NumPy; another one in the path need not.
static const char PYTHON[] = "/usr/bin/python3";

static void
become_numpy(const char *folder, int input, int output)
{
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  setenv("NUMPY_MADVISE_HUGEPAGE", "0", 0); // unless told otherwise, on pages like everybody here
  execl(PYTHON, PYTHON, BENCH_NUMPY_SCRIPT, folder, (char *)NULL);
  _exit(127);
}

bool
bench_numpy_start(const char *folder, bench_numpy_t *out_numpy)
{
  int requests[2], answers[2];
  BENCH_REQUIRE(pipe2(requests, O_CLOEXEC) == 0 && pipe2(answers, O_CLOEXEC) == 0, "no pipes");
  pid_t pid = fork();
  BENCH_REQUIRE(pid >= 0, "no process for NumPy");
  if (pid == 0) {
    become_numpy(folder, requests[0], answers[1]);
  }
  close(requests[0]);
  close(answers[1]);
  bench_numpy_t numpy = {pid, fdopen(requests[1], "we"), fdopen(answers[0], "re")};
  BENCH_REQUIRE(numpy.to != NULL && numpy.from != NULL, "no memory for pipes");
  char line[16] = "";
  if (fgets(line, sizeof(line), numpy.from) == NULL || strcmp(line, "ready\n") != 0) {
    bench_numpy_stop(&numpy);
    return false;
  }
  *out_numpy = numpy;
  return true;
}

double
bench_numpy_convert(const bench_numpy_t *numpy, const char *from, const char *to)
{
  char line[64];
  fprintf(numpy->to, "%s %s\n", from, to);
  fflush(numpy->to);
  BENCH_REQUIRE(fgets(line, sizeof(line), numpy->from) != NULL, "NumPy ended early");
  return strtod(line, NULL);
}

void
bench_numpy_stop(bench_numpy_t *numpy)
{
  fclose(numpy->to); // it reads the end of its input, and ends
  fclose(numpy->from);
  waitpid(numpy->pid, NULL, 0);
}
