// The subcommands of svar: one file each, one entry each in the table of svar.c.
#ifndef SVARI_TOOLS_COMMAND_H
#define SVARI_TOOLS_COMMAND_H

enum { SVARI_EXIT_OK = 0, SVARI_EXIT_FAILURE = 1, SVARI_EXIT_USAGE = 2 };

typedef struct svari_command {
  const char *name;
  const char *operands;              // "STORE VARIABLE", for the usage line
  const char *summary;               // one line, for the list of commands
  const char *description;           // what --help says more; whole lines
  int (*run)(int argc, char **argv); // argv[0] is the command's name; returns the exit code
} svari_command_t;

extern const svari_command_t svari_command_component;
extern const svari_command_t svari_command_list;
extern const svari_command_t svari_command_info;
extern const svari_command_t svari_command_get;
extern const svari_command_t svari_command_set;
extern const svari_command_t svari_command_save;
extern const svari_command_t svari_command_load;
extern const svari_command_t svari_command_watch;
extern const svari_command_t svari_command_clean;
extern const svari_command_t svari_command_doctor;

#endif
