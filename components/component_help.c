#include "components/component_help.h"

#include "components/component_library.h"
#include "components/component_log.h"
#include "components/parameter_value.h"
#include "components/realtime.h"

static const char ros_arguments_help[] =
    "ROS arguments, after --ros-args:\n"
    "  -r __node:=NAME, -r __ns:=/NAMESPACE  name the node\n"
    "  -r FROM:=TO                           rename a topic or a store\n"
    "  -p NAME:=VALUE                        set a parameter\n"
    "  --params-file FILE                    set parameters from a YAML file\n"
    "  --log-level [LOGGER:=]LEVEL           debug, info, warn, error or fatal\n";

static void
print_parameter(FILE *out, const svar_parameter_descriptor_t *parameter)
{
  char text[256];
  svari_parameter_print(&parameter->default_value, text, sizeof(text));
  fprintf(out, "  %s (%s, default %s", parameter->name,
          svari_parameter_kind_name(parameter->default_value.kind), text);
  if (parameter->minimum != 0 || parameter->maximum != 0) {
    fprintf(out, ", %g to %g", parameter->minimum, parameter->maximum);
  }
  fprintf(out, "%s)\n", parameter->is_read_only ? ", read-only" : "");
  if (parameter->description != NULL) {
    fprintf(out, "      %s\n", parameter->description);
  }
}

// What every component has beside its own parameters.
static void
print_realtime(FILE *out)
{
  fprintf(out, "Parameters of every component, about the thread that it runs in:\n");
  for (size_t i = 0; i < svari_realtime_parameter_count; ++i) {
    print_parameter(out, &svari_realtime_parameters[i]);
  }
}

void
svari_help_container(FILE *out)
{
  fprintf(
      out,
      "Runs components in one process, each in a thread of its own or in one that it shares.\n"
      "\n"
      "Usage: component_container [--exit-on-failure] TYPE[=NODE_NAME]... [--ros-args ...]\n"
      "       component_container --list            the types that are installed\n"
      "       component_container --help [TYPE...]  this text, or the parameters of types\n"
      "\n"
      "Components come up in the order given and go down in reverse, on SIGINT, SIGTERM or\n"
      "SIGHUP. One that is done or fails goes down alone; with --exit-on-failure the failure of\n"
      "one takes all down. The exit code is 0 when all were done or stopped, 1 when any failed.\n"
      "\n"
      "%s"
      "\n",
      ros_arguments_help);
  print_realtime(out);
}

static const char *
description_of(const svar_component_descriptor_t *descriptor)
{
  return descriptor->description != NULL ? descriptor->description : "(no description)";
}

void
svari_help_component(FILE *out, const svar_component_descriptor_t *descriptor)
{
  fprintf(out, "%s: %s\n\nParameters:%s\n", descriptor->type_name, description_of(descriptor),
          descriptor->parameter_count == 0 ? " none" : "");
  for (size_t i = 0; i < descriptor->parameter_count; ++i) {
    print_parameter(out, &descriptor->parameters[i]);
  }
}

void
svari_help_program(FILE *out, const char *program, const svar_component_descriptor_t *descriptor)
{
  fprintf(out, "Usage: %s [--ros-args ...]\n\n", program);
  svari_help_component(out, descriptor);
  fprintf(out, "\n%s\n", ros_arguments_help);
  print_realtime(out);
}

bool
svari_help_list(FILE *out, const char *logger, const svari_resource_index_t *index)
{
  bool is_complete = true;
  for (size_t i = 0; i < index->count; ++i) {
    const svar_component_descriptor_t *descriptor;
    if (svari_component_load(&index->entries[i], &descriptor) == SVAR_OK) {
      fprintf(out, "%s\t%s\n", descriptor->type_name, description_of(descriptor));
    } else {
      svari_log(logger, SVAR_LOG_ERROR, "%s", svar_error_message());
      is_complete = false;
    }
  }
  return is_complete;
}
