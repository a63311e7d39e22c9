#include "components/component_parameters.h"

#include <stdio.h>
#include <string.h>

#include "components/component_library.h"

static svar_ret_t
refuse_kind(const svar_parameter_descriptor_t *parameter, const char *node,
            const svari_parameter_value_t *given)
{
  char text[300];
  svari_parameter_value_describe(given, text, sizeof(text));
  bool lacks_quotes = parameter->default_value.kind == SVAR_PARAMETER_STRING && !given->is_sequence;
  return svar_fail(
      SVAR_ERR_TYPE, "parameter '%s' of node '%s' is declared as %s, but was given %s%s",
      parameter->name, node, svari_parameter_kind_name(parameter->default_value.kind), text,
      lacks_quotes ? "; quote it twice to make it a string: name:='\"value\"'" : "");
}

static svar_ret_t
take(const svar_parameter_descriptor_t *parameter, const char *node,
     const svari_parameter_value_t *given, svar_parameter_value_t *out_value)
{
  svar_parameter_kind_t kind = parameter->default_value.kind;
  if (given->is_sequence) {
    return refuse_kind(parameter, node, given);
  }
  svar_parameter_value_t value = given->items[0];
  if (kind == SVAR_PARAMETER_DOUBLE && value.kind == SVAR_PARAMETER_INTEGER) {
    value.as.real = (double)value.as.integer;
    value.kind = SVAR_PARAMETER_DOUBLE;
  }
  if (value.kind != kind) {
    return refuse_kind(parameter, node, given);
  }
  if (!svari_component_parameter_is_within(parameter, &value)) {
    char text[300];
    svari_parameter_value_describe(given, text, sizeof(text));
    return svar_fail(SVAR_ERR_RANGE,
                     "parameter '%s' of node '%s' must lie between %g and %g, but was given %s",
                     parameter->name, node, parameter->minimum, parameter->maximum, text);
  }
  *out_value = value;
  return SVAR_OK;
}

svar_ret_t
svari_component_parameters_fill(const svar_component_descriptor_t *descriptor,
                                const svari_parameter_table_t *table, const char *node_full_name,
                                svar_parameter_value_t *out_values)
{
  for (size_t i = 0; i < descriptor->parameter_count; ++i) {
    const svar_parameter_descriptor_t *parameter = &descriptor->parameters[i];
    const svari_parameter_value_t *given =
        svari_parameter_table_find(table, node_full_name, parameter->name);
    out_values[i] = parameter->default_value;
    if (given != NULL) {
      SVAR_TRY(take(parameter, node_full_name, given, &out_values[i]));
    }
  }
  return SVAR_OK;
}

ptrdiff_t
svari_component_parameter_index(const svar_component_descriptor_t *descriptor, const char *name)
{
  for (size_t i = 0; i < descriptor->parameter_count; ++i) {
    if (strcmp(descriptor->parameters[i].name, name) == 0) {
      return (ptrdiff_t)i;
    }
  }
  return -1;
}

svar_ret_t
svari_component_parameter_unknown(const svar_component_descriptor_t *descriptor,
                                  const char *node_full_name, const char *name)
{
  char declared[512] = "";
  for (size_t i = 0; i < descriptor->parameter_count; ++i) {
    size_t used = strlen(declared);
    snprintf(declared + used, sizeof(declared) - used, "%s%s", used == 0 ? "" : ", ",
             descriptor->parameters[i].name);
  }
  return svar_fail(SVAR_ERR_NOT_FOUND, "node '%s' (%s) has no parameter '%s'; it has: %s",
                   node_full_name, descriptor->type_name, name,
                   declared[0] == '\0' ? "none" : declared);
}
