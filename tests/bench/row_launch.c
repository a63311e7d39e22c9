// Ten nodes up: `svar launch` with a file of ten publishers, beside fork and exec of the same ten. A node is up
// when it says that its store has a first version.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/child.h"
#include "bench/rows.h"
#include "shared_variable/safetensors.h"

enum { NODES = 10, WORDS_MAX = 12, TEXT_BYTES = 512 };

static const char IS_UP[] = "version 1 of";

enum { LAUNCH, EXEC, KINDS };

typedef struct command {
  const char *program;
  char texts[WORDS_MAX][TEXT_BYTES];
  int count;
} command_t;

typedef struct launching {
  command_t commands[NODES];
  int command_count;
  pid_t pids[NODES];
  int output; // of all of them
} launching_t;

static void add_word(command_t *command, const char *format, ...) SVAR_PRINTF(2, 3);

static void
add_word(command_t *command, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(command->texts[command->count++], TEXT_BYTES, format, arguments);
  va_end(arguments);
}

static _Noreturn void
become(command_t *command, int output)
{
  char *argv[WORDS_MAX + 1] = {NULL};
  for (int i = 0; i < command->count; i++) {
    argv[i] = command->texts[i];
  }
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  execv(command->program, argv);
  _exit(127);
}

static void
start(launching_t *launching)
{
  int ends[2];
  BENCH_REQUIRE(pipe2(ends, O_CLOEXEC) == 0, "no pipe: %s", strerror(errno));
  for (int i = 0; i < launching->command_count; i++) {
    launching->pids[i] = fork();
    BENCH_REQUIRE(launching->pids[i] >= 0, "no process: %s", strerror(errno));
    if (launching->pids[i] == 0) {
      become(&launching->commands[i], ends[1]);
    }
  }
  close(ends[1]);
  launching->output = ends[0];
}

// Reads until each node has said that it is up.
static void
await(const launching_t *launching)
{
  static char text[1 << 16];
  size_t used = 0;
  int up = 0;
  for (char *at = text; up < NODES;) {
    ssize_t count = read(launching->output, text + used, sizeof(text) - used - 1);
    BENCH_REQUIRE(count > 0, "the nodes ended, or said too much: %s", text);
    used += (size_t)count;
    text[used] = '\0';
    for (char *found = strstr(at, IS_UP); found != NULL; found = strstr(at, IS_UP)) {
      at = found + sizeof(IS_UP) - 1;
      up++;
    }
  }
}

static void
launch_run(void *context, size_t count)
{
  (void)count;
  start(context);
  await(context);
}

static void
launch_finish(void *context, size_t count)
{
  launching_t *launching = context;
  char text[4096];
  (void)count;
  for (int i = 0; i < launching->command_count; i++) {
    kill(launching->pids[i], SIGINT);
  }
  while (read(launching->output, text, sizeof(text)) > 0) {
  }
  for (int i = 0; i < launching->command_count; i++) {
    waitpid(launching->pids[i], NULL, 0);
  }
  close(launching->output);
}

static void
write_weights(const char *path)
{
  static float values[16];
  int64_t shape[] = {16};
  const svar_safetensors_item_t item = {
      .name = "weight",
      .tensor = {.data = values,
                 .device = {kDLCPU, 0},
                 .ndim = 1,
                 .dtype = {kDLFloat, 32, 1},
                 .shape = shape},
  };
  BENCH_OK(svar_safetensors_write(path, &item, 1, NULL, 0));
}

static void
write_launch_file(const char *path, const char *weights)
{
  FILE *file = fopen(path, "we");
  BENCH_REQUIRE(file != NULL, "'%s' cannot be written: %s", path, strerror(errno));
  fprintf(file, "<launch>\n<set_parameter name=\"file\" value=\"%s\"/>\n", weights);
  for (int i = 0; i < NODES; i++) {
    fprintf(
        file,
        "<group><set_parameter name=\"store\" value=\"/bench/launch_%d\"/>\n"
        "<node pkg=\"shared_variable\" exec=\"weights_publisher\" output=\"screen\"/></group>\n",
        i);
  }
  fprintf(file, "</launch>\n");
  fclose(file);
}

static void
prepare(const bench_run_t *run, launching_t *launch, launching_t *exec)
{
  char weights[TEXT_BYTES / 2], file[TEXT_BYTES / 2];
  snprintf(weights, sizeof(weights), "%s/launch.safetensors", run->directory);
  snprintf(file, sizeof(file), "%s/ten.launch.xml", run->directory);
  write_weights(weights);
  write_launch_file(file, weights);
  launch->command_count = 1;
  launch->commands[0].program = BENCH_SVAR_PROGRAM;
  add_word(&launch->commands[0], "svar");
  add_word(&launch->commands[0], "launch");
  add_word(&launch->commands[0], "%s", file);
  exec->command_count = NODES;
  for (int i = 0; i < NODES; i++) {
    command_t *command = &exec->commands[i];
    command->program = BENCH_NODE_PROGRAM;
    add_word(command, "weights_publisher");
    add_word(command, "--ros-args");
    add_word(command, "-p");
    add_word(command, "file:=%s", weights);
    add_word(command, "-p");
    add_word(command, "store:=/bench/launch_%d", i);
  }
}

void
bench_row_launch(const bench_run_t *run)
{
  static launching_t launch, exec;
  setenv("AMENT_PREFIX_PATH", BENCH_PREFIX, 1);
  prepare(run, &launch, &exec);
  bench_subject_t subjects[KINDS] = {
      [LAUNCH] = {.name = "svar launch, ten nodes up",
                  .run = launch_run,
                  .finish = launch_finish,
                  .context = &launch,
                  .batch = 1},
      [EXEC] = {.name = "fork + exec of the ten",
                .run = launch_run,
                .finish = launch_finish,
                .context = &exec,
                .batch = 1},
  };
  const bench_effort_t effort = {run->is_quick ? 1 : 5, 5, 200};
  bench_interleave(subjects, KINDS, &effort);
  const bench_subject_t *neighbours[] = {&subjects[EXEC]};
  bench_report_add(run->report, &subjects[LAUNCH], neighbours, 1, "svar launch, ten nodes up");
  bench_report_hold(run->report, "svar launch, ten nodes up, p50", BENCH_AT_MOST, 1000, "ms",
                    bench_stats(&subjects[LAUNCH]).p50 / 1e6, "fork + exec of the ten: %.1f ms",
                    bench_stats(&subjects[EXEC]).p50 / 1e6);
  bench_subjects_fini(subjects, KINDS);
}
