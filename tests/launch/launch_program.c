// The launcher as a program of its own, for tests that look at it from outside.
#include "launch/launch.h"

int
main(int argc, char **argv)
{
  return svari_launch_main(argc, argv);
}
