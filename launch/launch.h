// `svar launch`: reads ROS 2 launch files and runs what they describe, without ROS.
#ifndef SVARI_LAUNCH_LAUNCH_H
#define SVARI_LAUNCH_LAUNCH_H

#include "shared_variable/export.h"

SVAR_BEGIN_DECLS

// The subcommand. argv[0] is the word that called it, the arguments follow:
//   FILE | PACKAGE FILE, NAME:=VALUE..., --print, --show-args, --help
// Returns the exit code: 0 when every process ended well; 1 when the description has a mistake (nothing was
// started) or a process failed; 2 when the command line itself is wrong. Runs until the launch
// has ended; takes over the signals and children of the process (see runner.h).
int svari_launch_main(int argc, char **argv);

SVAR_END_DECLS
#endif
