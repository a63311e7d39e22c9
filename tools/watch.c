#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tools/arguments.h"
#include "tools/output.h"
#include "tools/quantity.h"
#include "tools/store_lookup.h"
#include "tools/table.h"
#include "tools/tensor_text.h"

// A signal that arrives just before the wait begins is noticed this much later.
static const int64_t SLICE_NS = 200000000;
enum {
  SMALL_ELEMENTS = 6,    // values up to this size are shown
  NAMES_AT_TERMINAL = 8, // more changes than this are counted
};

static volatile sig_atomic_t is_interrupted;

typedef struct watch {
  svar_store_t *store;
  svari_variable_list_t list;
  bool only_named; // list holds the variables that were named, and does not grow
  bool has_looked;
  uint64_t seen; // the latest version looked at
  uint64_t lines;
  uint64_t most_lines; // --count; 0: no limit
  int64_t deadline_ns; // CLOCK_MONOTONIC; < 0: none
  bool for_person;
} watch_t;

static void
note_signal(int signal_number)
{
  (void)signal_number;
  is_interrupted = 1;
}

static void
catch_signals(void)
{
  struct sigaction action = {.sa_handler = note_signal}; // no SA_RESTART: waits end
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

static int64_t
monotonic_now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool
is_small(const DLTensor *tensor)
{
  return tensor->ndim == 0 || (tensor->ndim == 1 && tensor->shape[0] <= SMALL_ELEMENTS);
}

// A value on a GPU is not fetched for a glance: that takes a driver, and some of the GPU's memory.
static bool
is_shown(const svari_view_t *view)
{
  return !view->is_sparse && view->value.tensor.device.device_type == kDLCPU &&
         is_small(&view->value.tensor);
}

static void
write_change(const watch_t *watch, svar_variable_t *variable, const svari_view_t *view)
{
  const svari_tensor_text_options_t complete = SVARI_TENSOR_TEXT_COMPLETE;
  fputs(watch->for_person ? "  " : "\t", stdout);
  svari_write_escaped(svar_variable_name(variable), stdout);
  if (!view->has_value) {
    fputs(" unset", stdout);
  } else if (is_shown(view)) {
    fputc('=', stdout);
    svari_tensor_text_write(&view->value.tensor, &complete, stdout);
  }
}

// When the version was committed; if newer ones came meanwhile, when it was seen.
static int64_t
commit_time_ns(svar_store_t *store, uint64_t version)
{
  svar_store_info_t info;
  bool is_latest = svar_store_info(store, &info) == SVAR_OK && info.version == version;
  return is_latest ? info.committed_ns : svari_time_now_ns();
}

static void
write_stamp(const watch_t *watch, uint64_t version)
{
  int64_t time_ns = commit_time_ns(watch->store, version);
  char time[SVARI_QUANTITY_TEXT_BYTES];
  if (watch->for_person) {
    printf("%8" PRIu64 "  %s", version, svari_time_text(time_ns, time));
  } else {
    printf("%" PRIu64 "\t%" PRId64, version, time_ns);
  }
}

// Writes the line of a snapshot: what changed since the version seen before. Without a change that is
// of interest there is no line.
static svar_ret_t
write_line(watch_t *watch, const svar_snapshot_t *snapshot)
{
  uint64_t changes = 0;
  for (size_t i = 0; i < watch->list.count; ++i) {
    svari_view_t view;
    svar_ret_t ret = svari_snapshot_view(snapshot, watch->list.items[i], &view);
    if (ret != SVAR_OK && ret != SVAR_EMPTY) {
      return ret;
    }
    if (view.version <= watch->seen) { // 0 if it did not exist yet
      continue;
    }
    if (++changes == 1) {
      write_stamp(watch, snapshot->version);
    }
    if (!watch->for_person || changes <= NAMES_AT_TERMINAL) {
      write_change(watch, watch->list.items[i], &view);
    }
  }
  if (changes > NAMES_AT_TERMINAL && watch->for_person) {
    printf("  and %" PRIu64 " more", changes - NAMES_AT_TERMINAL);
  }
  if (changes > 0) {
    fputc('\n', stdout);
    ++watch->lines;
  }
  return SVAR_OK;
}

// Looks at the latest version, once.
static svar_ret_t
look(watch_t *watch)
{
  svar_snapshot_t snapshot = SVAR_SNAPSHOT_INIT;
  SVAR_TRY(svar_snapshot_begin(watch->store, &snapshot));
  svar_ret_t ret = SVAR_OK;
  if (!watch->has_looked && snapshot.version > 0) {
    watch->seen = snapshot.version - 1; // the first line tells what this very commit changed
  }
  watch->has_looked = true;
  if (snapshot.version > watch->seen) {
    if (!watch->only_named) {
      ret = svari_variable_list_refresh(&watch->list, watch->store);
    }
    if (ret == SVAR_OK) {
      ret = write_line(watch, &snapshot);
    }
    watch->seen = snapshot.version;
  }
  svar_snapshot_end(&snapshot);
  return ret;
}

static bool
is_done(const watch_t *watch)
{
  return is_interrupted || (watch->most_lines > 0 && watch->lines >= watch->most_lines) ||
         svari_output_has_failed();
}

// SVAR_TIMEOUT: the deadline has passed.
static svar_ret_t
wait_for_commit(watch_t *watch)
{
  int64_t slice_ns = SLICE_NS;
  if (watch->deadline_ns >= 0) {
    int64_t left_ns = watch->deadline_ns - monotonic_now_ns();
    if (left_ns <= 0) {
      return SVAR_TIMEOUT;
    }
    slice_ns = left_ns < slice_ns ? left_ns : slice_ns;
  }
  svar_ret_t ret = svar_store_wait(watch->store, watch->seen, slice_ns, NULL);
  return ret == SVAR_TIMEOUT || ret == SVAR_INTERRUPTED ? SVAR_OK : ret;
}

static int
end_of_time(const watch_t *watch)
{
  if (watch->most_lines == 0) {
    return SVARI_EXIT_OK;
  }
  return svari_say_failure("the time is over after %" PRIu64 " of %" PRIu64 " versions of '%s'",
                           watch->lines, watch->most_lines, svar_store_name(watch->store));
}

static int
follow(watch_t *watch)
{
  for (;;) {
    if (look(watch) != SVAR_OK) {
      return svari_say_error();
    }
    if (is_done(watch)) {
      return SVARI_EXIT_OK;
    }
    svar_ret_t ret = wait_for_commit(watch);
    if (ret == SVAR_TIMEOUT) {
      return end_of_time(watch);
    }
    if (ret != SVAR_OK) {
      return svari_say_error();
    }
  }
}

// The variables that were named, all of which must exist.
static svar_ret_t
take_named(watch_t *watch, char **names, size_t count)
{
  watch->list.items = calloc(count, sizeof(svar_variable_t *));
  if (watch->list.items == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the names of %zu variables", count);
  }
  watch->list.count = count;
  watch->only_named = true;
  for (size_t i = 0; i < count; ++i) {
    SVAR_TRY(svari_variable_lookup(watch->store, names[i], &watch->list.items[i]));
  }
  return SVAR_OK;
}

static int
watch_store(watch_t *watch, const svari_arguments_t *arguments)
{
  if (svari_store_lookup(arguments, arguments->operands[0], &watch->store) != SVAR_OK) {
    return svari_say_error();
  }
  int exit_code;
  size_t named = arguments->operand_count - 1;
  if (named > 0 && take_named(watch, arguments->operands + 1, named) != SVAR_OK) {
    exit_code = svari_say_error();
  } else {
    catch_signals();
    exit_code = follow(watch);
  }
  svari_variable_list_fini(&watch->list);
  svar_store_close(watch->store);
  return exit_code;
}

static int
run_watch(int argc, char **argv)
{
  watch_t watch = {.deadline_ns = -1, .for_person = svari_output_is_terminal()};
  int64_t timeout_ns = -1;
  const svari_option_t options[] = {
      {"count", SVARI_OPTION_COUNT, "N", "end after N lines", &watch.most_lines},
      {"timeout", SVARI_OPTION_DURATION, "SECONDS",
       "end after this time; a failure if --count was not reached", &timeout_ns},
  };
  svari_arguments_t arguments;
  int exit_code;
  if (!svari_arguments_parse(&svari_command_watch, options, 2, 1, SIZE_MAX, argc, argv, &arguments,
                             &exit_code)) {
    return exit_code;
  }
  if (timeout_ns >= 0) {
    watch.deadline_ns = monotonic_now_ns() + timeout_ns;
  }
  return watch_store(&watch, &arguments);
}

const svari_command_t svari_command_watch = {
    .name = "watch",
    .operands = "STORE [VARIABLE...]",
    .summary = "Follow the commits of a store.",
    .description =
        "One line for each version seen, the current one first: version, time, and the variables\n"
        "that changed since the line before, small ones in host memory with their values. Commits "
        "that follow each\n"
        "other faster than they can be printed share a line. With VARIABLE, only commits that\n"
        "change one of these. Goes on when the holder restarts; ends with Ctrl-C (exit code 0), "
        "or\n"
        "with a sentence when the store is removed. Into a pipe: tabs, nanoseconds since 1970,\n"
        "one field a variable.\n",
    .run = run_watch,
};
