#include "tools/doctor.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/found_stores.h"
#include "tools/output.h"

static const char *
segment_directory(const svari_arguments_t *arguments)
{
  const char *from_environment = getenv("SVAR_SEGMENT_DIR");
  if (arguments->directory != NULL) {
    return arguments->directory;
  }
  return from_environment != NULL && from_environment[0] != '\0' ? from_environment : "/dev/shm";
}

static int
run_doctor(int argc, char **argv)
{
  bool all_users = false;
  const svari_option_t options[] = {
      {"all-users", SVARI_OPTION_FLAG, NULL, "look at the stores of every user", &all_users}};
  svari_arguments_t arguments;
  int exit_code;
  if (!svari_arguments_parse(&svari_command_doctor, options, 1, 0, 0, argc, argv, &arguments,
                             &exit_code)) {
    return exit_code;
  }
  if (svari_refuse_two_owners(&svari_command_doctor, &arguments, all_users)) {
    return SVARI_EXIT_USAGE;
  }
  svari_diagnosis_t diagnosis = svari_diagnosis_init(svari_output_is_terminal());
  svari_doctor_machine(&diagnosis, segment_directory(&arguments));
  if (svari_doctor_stores(&diagnosis, &arguments, all_users) != SVAR_OK) {
    svari_diagnosis_add(&diagnosis, SVARI_FINDING_PROBLEM, "stores", "%s", svar_error_message());
  }
  exit_code = diagnosis.problem_count == 0 ? SVARI_EXIT_OK : SVARI_EXIT_FAILURE;
  if (svari_table_write(&diagnosis.table, stdout) != SVAR_OK) {
    exit_code = svari_say_error();
  }
  svari_diagnosis_fini(&diagnosis);
  return exit_code;
}

const svari_command_t svari_command_doctor = {
    .name = "doctor",
    .operands = "",
    .summary = "Say what is wrong with this machine and its stores.",
    .description =
        "One line a finding: ok, note or PROBLEM; what it is about; and a sentence, with what to\n"
        "do about a problem. First the machine, then each store: who holds it, who reads it, what\n"
        "they keep in use, and what cannot be read: on GPUs, too, if it has variables there. Exit\n"
        "code 1 if there is a problem.\n",
    .run = run_doctor,
};
