#include "components/component_parameters.h"

#include <stdio.h>
#include <string.h>

#include "components/component_library.h"
#include "components/realtime.h"

static svar_parameter_kind_t
array_of(svar_parameter_kind_t kind)
{
  return (svar_parameter_kind_t)(kind - SVAR_PARAMETER_BOOL + SVAR_PARAMETER_BOOL_ARRAY);
}

// A view of what was given, as a value of the kind declared, integers for doubles still to be turned.
static svar_parameter_value_t
view_of(const svari_parameter_value_t *given)
{
  svar_parameter_value_t view = given->items[0];
  if (given->is_sequence) {
    view.kind = array_of(view.kind);
    view.as.array.items = given->items;
    view.as.array.count = given->count;
  }
  return view;
}

static bool
fits(svar_parameter_kind_t declared, svar_parameter_kind_t given)
{
  return given == declared ||
         (declared == SVAR_PARAMETER_DOUBLE && given == SVAR_PARAMETER_INTEGER) ||
         (declared == SVAR_PARAMETER_DOUBLE_ARRAY && given == SVAR_PARAMETER_INTEGER_ARRAY);
}

static svar_ret_t
refuse_kind(const svar_parameter_descriptor_t *parameter, const char *node,
            const svari_parameter_value_t *given)
{
  char text[300];
  svari_parameter_value_describe(given, text, sizeof(text));
  bool lacks_quotes = parameter->default_value.kind == SVAR_PARAMETER_STRING && !given->is_sequence;
  bool lacks_brackets =
      !given->is_sequence && fits(parameter->default_value.kind, array_of(given->items[0].kind));
  char remedy[600] = "";
  if (lacks_quotes) {
    snprintf(remedy, sizeof(remedy), "; quote it twice to make it a string: %s:='\"value\"'",
             parameter->name);
  } else if (lacks_brackets) {
    char value[256];
    svari_parameter_print(&given->items[0], value, sizeof(value));
    snprintf(remedy, sizeof(remedy), "; give a sequence of one: %s:=\"[%s]\"", parameter->name,
             value);
  }
  return svar_fail(SVAR_ERR_TYPE,
                   "parameter '%s' of node '%s' is declared as %s, but was given %s%s",
                   parameter->name, node, svari_parameter_kind_name(parameter->default_value.kind),
                   text, remedy);
}

// Of our own copy: an integer, or an array of them, becomes doubles where those are declared.
static void
turn_to(svar_parameter_kind_t declared, svar_parameter_value_t *copy)
{
  if (copy->kind == declared) {
    return;
  }
  if (declared == SVAR_PARAMETER_DOUBLE) {
    copy->as.real = (double)copy->as.integer;
  } else {
    for (size_t i = 0; i < copy->as.array.count; ++i) {
      turn_to(SVAR_PARAMETER_DOUBLE, (svar_parameter_value_t *)&copy->as.array.items[i]);
    }
  }
  copy->kind = declared;
}

svar_ret_t
svari_component_parameter_take(const svar_parameter_descriptor_t *parameter, const char *node,
                               const svari_parameter_value_t *given,
                               svar_parameter_value_t *out_value)
{
  svar_parameter_kind_t kind = parameter->default_value.kind;
  svar_parameter_value_t view = view_of(given);
  if (!fits(kind, view.kind)) {
    return refuse_kind(parameter, node, given);
  }
  SVAR_TRY(svari_parameter_copy(&view, out_value));
  turn_to(kind, out_value);
  if (!svari_component_parameter_is_within(parameter, out_value)) {
    char text[300];
    svari_parameter_print(&view, text, sizeof(text));
    return svar_fail(SVAR_ERR_RANGE,
                     "parameter '%s' of node '%s' must lie between %g and %g, but was given the %s "
                     "%s",
                     parameter->name, node, parameter->minimum, parameter->maximum,
                     svari_parameter_kind_name(view.kind), text);
  }
  return SVAR_OK;
}

size_t
svari_component_parameter_count(const svar_component_descriptor_t *descriptor)
{
  return descriptor->parameter_count + svari_realtime_parameter_count;
}

const svar_parameter_descriptor_t *
svari_component_parameter_at(const svar_component_descriptor_t *descriptor, size_t index)
{
  return index < descriptor->parameter_count
             ? &descriptor->parameters[index]
             : &svari_realtime_parameters[index - descriptor->parameter_count];
}

ptrdiff_t
svari_component_parameter_index(const svar_component_descriptor_t *descriptor, const char *name)
{
  for (size_t i = 0; i < svari_component_parameter_count(descriptor); ++i) {
    if (strcmp(svari_component_parameter_at(descriptor, i)->name, name) == 0) {
      return (ptrdiff_t)i;
    }
  }
  return -1;
}

svar_ret_t
svari_component_parameters_fill(const svar_component_descriptor_t *descriptor,
                                const svari_parameter_table_t *table, const char *node_full_name,
                                svar_parameter_value_t *out_values)
{
  for (size_t i = 0; i < svari_component_parameter_count(descriptor); ++i) {
    const svar_parameter_descriptor_t *parameter = svari_component_parameter_at(descriptor, i);
    const svari_parameter_value_t *given =
        svari_parameter_table_find(table, node_full_name, parameter->name);
    SVAR_TRY(given != NULL
                 ? svari_component_parameter_take(parameter, node_full_name, given, &out_values[i])
                 : svari_parameter_copy(&parameter->default_value, &out_values[i]));
  }
  return SVAR_OK;
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
  return svar_fail(SVAR_ERR_NOT_FOUND,
                   "node '%s' (%s) has no parameter '%s'; it has: %s%srealtime.*", node_full_name,
                   descriptor->type_name, name, declared, declared[0] == '\0' ? "" : ", ");
}
