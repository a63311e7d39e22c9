// Files that take what processes print, in a directory for each launch, where ROS 2 has it too.
#ifndef SVARI_LAUNCH_LOG_FILE_H
#define SVARI_LAUNCH_LOG_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

typedef struct svari_log_dir {
  char path[PATH_MAX];       // "": none
  char failed[NAME_MAX + 1]; // the file that could not be written; "": none
  int error;                 // its errno
} svari_log_dir_t;

// One file. {.fd = -1} takes nothing.
typedef struct svari_log_file {
  int fd;
  bool has_times; // each line begins with the seconds since 1970
  svari_log_dir_t *dir;
  char name[NAME_MAX + 1];
} svari_log_file_t;

// Makes DIRECTORY/TIME-HOST-PID and points DIRECTORY/latest to it. DIRECTORY is $ROS_LOG_DIR, else $ROS_HOME/log,
// else ~/.ros/log; what is missing of it is made.
// SVAR_ERR_SYSTEM: it cannot be had; the sentence names it and the remedy.
svar_ret_t svari_log_dir_create(svari_log_dir_t *dir);

// Opens the file in dir, which must live as long. SVAR_ERR_SYSTEM.
svar_ret_t svari_log_file_open(svari_log_file_t *file, svari_log_dir_t *dir, const char *name,
                               bool has_times);
// Writes "[label] text\n" at the file's end. A failure is noted in the directory; the file takes nothing more.
void svari_log_file_line(svari_log_file_t *file, const char *label, const char *text,
                         size_t length);
// Harmless where there is none.
void svari_log_file_close(svari_log_file_t *file);

SVAR_END_DECLS
#endif
