// Absolute ROS names: of stores, of topics.
#ifndef SVARI_IPC_ROS_NAME_H
#define SVARI_IPC_ROS_NAME_H

#include <stdbool.h>
#include <stddef.h>

// True for '/' and a token, any number of times, in less than size_bytes. A token is of ASCII letters,
// digits and '_', does not begin with a digit and has no "__".
bool svari_ros_name_is_absolute(const char *name, size_t size_bytes);

#endif
