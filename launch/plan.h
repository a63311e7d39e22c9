// A launch description, resolved: the processes to start, with everything they are given. Made
// without starting anything, so that a mistake anywhere in the files starts nothing, and so that it can
// be shown (`svar launch --print`) and tested.
#ifndef SVARI_LAUNCH_PLAN_H
#define SVARI_LAUNCH_PLAN_H

#include <stdbool.h>

#include "launch/document.h"
#include "launch/packages.h"
#include "launch/scope.h"

SVAR_BEGIN_DECLS

// A parameter file to write before the process starts.
typedef struct svari_planned_file {
  const char *path; // below the request's params_directory
  const char *text;
  struct svari_planned_file *next;
} svari_planned_file_t;

// Where the lines of a process's stdout or stderr go, or'ed.
typedef enum svari_destination {
  SVARI_TO_SCREEN = 1,
  SVARI_TO_LOG = 2, // launch.log
  SVARI_TO_OWN = 4, // LABEL-stdout.log or LABEL-stderr.log
  SVARI_TO_BOTH = 8 // LABEL.log, which has both
} svari_destination_t;

typedef struct svari_planned_process {
  const char *label;   // "cartpole_actor-2": what its lines of output begin with
  const char *program; // the file to execute
  svari_words_t argv;
  const char *cwd;                    // NULL: the launcher's
  const svari_binding_t *environment; // changes to the launcher's own, newest first
  svari_planned_file_t *files;
  unsigned out_destinations, err_destinations; // svari_destination_t
  bool emulates_terminal;                      // its output is a terminal, to it
  bool is_for_shell;                           // argv's words were joined, for a shell to read
  bool needs_roudi;
  bool shutdown_on_exit; // its end ends the launch
  bool respawn;
  long respawn_max_retries; // -1: no limit
  double respawn_delay_s;
  double sigterm_timeout_s;           // from SIGINT to SIGTERM
  double sigkill_timeout_s;           // from SIGTERM to SIGKILL
  struct svari_planned_process *next; // in order of start
} svari_planned_process_t;

// An <arg>, as it was found. Texts are raw: substitutions are not performed.
typedef struct svari_declared_argument {
  const char *file; // that has it
  const char *name;
  const char *default_text; // NULL: mandatory
  const char *description;  // NULL: none
  svari_words_t choices;
  struct svari_declared_argument *next;
} svari_declared_argument_t;

// A <log> line, or a warning, to be shown before anything is started.
typedef struct svari_planned_message {
  bool is_warning;
  const char *text;
  struct svari_planned_message *next;
} svari_planned_message_t;

typedef struct svari_plan {
  svari_arena_t arena; // everything below lies in it
  svari_planned_process_t *processes;
  int process_count;
  const char
      *roudi_probe; // the program iceoryx_probe; NULL: nobody needs RouDi, or it is not installed
  svari_planned_message_t *messages;
  svari_declared_argument_t *arguments;
} svari_plan_t;

typedef struct svari_plan_request {
  const char *path;                 // the launch file
  const svari_binding_t *arguments; // given as name:=value
  const char *params_directory;     // where parameter files will be; need not exist yet
  const svari_packages_t *packages; // must outlive the plan
} svari_plan_request_t;

// Reads the file and everything it includes, and resolves it.
// SVAR_ERR_NOT_FOUND, SVAR_ERR_SYNTAX, SVAR_ERR_UNSUPPORTED, SVAR_ERR_TYPE, SVAR_ERR_VALUE, ...: the
// sentence begins with FILE:LINE where the mistake has a place.
// Arguments that no <arg> declares are as harmless as in ROS 2; see svari_arguments_have().
svar_ret_t svari_plan_create(const svari_plan_request_t *request, svari_plan_t **out_plan);
void svari_plan_destroy(svari_plan_t *plan); // NULL is a no-op

// What a launch file can be given, whatever its conditions say, in order: its own arguments and those of the
// files that it includes, but for what it sets there itself.
typedef struct svari_argument_list {
  svari_declared_argument_t *arguments;
  bool has_includes;
  bool has_unknown; // files that are known only once arguments are given
} svari_argument_list_t;

// Reads the file, and those it includes as far as the arguments of the request and defaults tell which they are.
svar_ret_t svari_plan_arguments(svari_arena_t *arena, const svari_plan_request_t *request,
                                svari_argument_list_t *out_list);
// Whether an argument of that name is declared.
bool svari_arguments_have(const svari_declared_argument_t *arguments, const char *name);

// Text for people, in memory that the caller frees: the processes as shell commands with their
// parameter files, or a list of arguments with default, choices and description; those of included files stand
// behind a line that names the file. NULL: no memory.
char *svari_plan_text(const svari_plan_t *plan);
char *svari_arguments_text(const char *path, const svari_declared_argument_t *arguments);

SVAR_END_DECLS
#endif
