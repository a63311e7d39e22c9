#include "components/component_control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "components/component_factory.h"
#include "components/component_log.h"
#include "components/component_parameters.h"
#include "components/control_request.h"

enum { TEXT_BYTES = SVAR_ENDPOINT_PACKET_BYTES - sizeof(svari_control_answer_t) };

struct svari_component_control {
  svari_component_container_t *container;
  svari_schedule_t inherited;
  svari_node_identity_t identity; // of the container
  svar_endpoint_t *endpoint;
  uint64_t caller; // of the request that is being served
  struct {
    svari_control_answer_t head;
    char text[TEXT_BYTES];
  } answer; // that is being written
  size_t text_bytes;
};

// --- answers ---------------------------------------------------------------------------------------

static void
begin_answer(svari_component_control_t *control, svari_control_kind_t kind)
{
  control->answer.head = (svari_control_answer_t){.magic = SVARI_CONTROL_ANSWER_MAGIC,
                                                  .protocol = SVARI_CONTROL_PROTOCOL,
                                                  .kind = (uint16_t)kind};
  control->answer.text[0] = '\0';
  control->text_bytes = 0;
}

static void
send_answer(svari_component_control_t *control, uint64_t caller)
{
  svar_endpoint_answer(control->endpoint, caller, &control->answer,
                       sizeof(control->answer.head) + control->text_bytes + 1);
}

static void
send_failure(svari_component_control_t *control, uint64_t caller, svari_control_kind_t kind,
             svar_ret_t ret, const char *sentence)
{
  begin_answer(control, kind);
  control->answer.head.ret = ret;
  control->text_bytes = (size_t)snprintf(control->answer.text, TEXT_BYTES, "%s", sentence);
  send_answer(control, caller);
}

// One cell, ended by `end`; a text of the outside world is kept from ending it.
static void
write_cell(svari_component_control_t *control, const char *text, char end)
{
  char *out = control->answer.text;
  size_t used = control->text_bytes;
  for (const unsigned char *c = (const unsigned char *)text; *c != '\0' && used + 6 < TEXT_BYTES;
       ++c) {
    used += (size_t)snprintf(out + used, 5, *c < ' ' ? "\\x%02x" : "%c", *c);
  }
  if (used + 6 >= TEXT_BYTES) {
    control->answer.head.is_cut = 1;
    return; // and the next cell, and the next: the last whole row is what is told
  }
  out[used++] = end;
  out[used] = '\0';
  control->text_bytes = used;
}

static void
write_number(svari_component_control_t *control, uint64_t number, char end)
{
  char text[24];
  snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
  write_cell(control, text, end);
}

// --- looking ---------------------------------------------------------------------------------------

static svar_ret_t
find_seat(svari_component_control_t *control, const char *word, svari_container_seat_t **out_seat)
{
  char *end;
  uint64_t id = strtoull(word, &end, 10);
  bool is_id = word[0] >= '0' && word[0] <= '9' && *end == '\0';
  svari_container_seat_t *seat =
      is_id && id == 0 ? NULL
                       : svari_component_container_find(control->container, is_id ? id : 0, word);
  if (seat == NULL) {
    return svar_fail(SVAR_ERR_NOT_FOUND, "container '%s' has no node '%s'",
                     control->identity.full_name, word);
  }
  *out_seat = seat;
  return SVAR_OK;
}

static void
list(svari_component_control_t *control)
{
  begin_answer(control, SVARI_CONTROL_LIST);
  write_cell(control, control->identity.full_name, '\t');
  write_number(control, (uint64_t)getpid(), '\n');
  for (size_t i = 0; i < control->container->count; ++i) {
    const svari_container_seat_t *seat = &control->container->seats[i];
    const svari_component_node_t *node = seat->node;
    write_number(control, seat->id, '\t');
    write_cell(control, node->identity.full_name, '\t');
    write_cell(control, node->descriptor->type_name, '\t');
    write_cell(control, svari_lifecycle_state_name(atomic_load(&node->state)), '\t');
    write_cell(control, atomic_load(&node->has_failed) ? "failed" : "", '\n');
  }
  send_answer(control, control->caller);
}

static void
write_parameter(svari_component_control_t *control, const svar_parameter_descriptor_t *parameter,
                const svar_parameter_value_t *value)
{
  char text[1024];
  bool has_limits = parameter->minimum != 0 || parameter->maximum != 0;
  write_cell(control, parameter->name, '\t');
  write_cell(control, svari_parameter_kind_name(parameter->default_value.kind), '\t');
  svari_parameter_print(value, text, sizeof(text));
  write_cell(control, text, '\t');
  svari_parameter_print(&parameter->default_value, text, sizeof(text));
  write_cell(control, text, '\t');
  snprintf(text, sizeof(text), "%.17g", parameter->minimum);
  write_cell(control, has_limits ? text : "", '\t');
  snprintf(text, sizeof(text), "%.17g", parameter->maximum);
  write_cell(control, has_limits ? text : "", '\t');
  write_cell(control, parameter->is_read_only ? "read-only" : "", '\t');
  write_cell(control, parameter->description != NULL ? parameter->description : "", '\n');
}

static svar_ret_t
tell_parameters(svari_component_control_t *control, const svari_control_words_t *request)
{
  svari_container_seat_t *seat = NULL;
  SVAR_TRY(find_seat(control, request->words[0], &seat));
  const svari_component_node_t *node = seat->node;
  if (atomic_load(&node->order.task) == SVARI_TASK_SET) {
    return svar_fail(SVAR_ERR_BUSY, "a parameter of node '%s' is being set: ask again",
                     node->identity.full_name);
  }
  begin_answer(control, SVARI_CONTROL_PARAMETERS);
  for (size_t i = 0; i < svari_component_parameter_count(node->descriptor); ++i) {
    write_parameter(control, svari_component_parameter_at(node->descriptor, i), &node->values[i]);
  }
  send_answer(control, control->caller);
  return SVAR_OK;
}

// --- loading ---------------------------------------------------------------------------------------

static const svari_lifecycle_state_t goals[] = {SVARI_STATE_UNCONFIGURED, SVARI_STATE_INACTIVE,
                                                SVARI_STATE_ACTIVE};

static svar_ret_t
read_goal(const char *word, svari_lifecycle_state_t *out_goal)
{
  for (size_t i = 0; i < sizeof(goals) / sizeof(goals[0]); ++i) {
    if (strcmp(word, svari_lifecycle_state_name(goals[i])) == 0) {
      *out_goal = goals[i];
      return SVAR_OK;
    }
  }
  return svar_fail(SVAR_ERR_VALUE,
                   "a component is brought to unconfigured, inactive or active, not to '%s'", word);
}

static svar_ret_t
make_node(svari_component_control_t *control, const char *type, svari_node_arguments_t *arguments,
          svari_component_node_t **out_node)
{
  svari_resource_index_t index = {0};
  svari_component_node_t *node = NULL;
  SVAR_TRY(svari_resource_index_load(&index)); // anew: a package may have come since
  svar_ret_t ret = svari_component_make(&index, type, &arguments->parsed, control->inherited, NULL,
                                        false, &node);
  svari_resource_index_fini(&index);
  if (ret == SVAR_OK && (ret = svari_component_node_check_parameters(
                             node, &arguments->parsed.parameters)) != SVAR_OK) {
    svari_component_node_destroy(node);
  }
  *out_node = node;
  return ret;
}

static svar_ret_t
load(svari_component_control_t *control, const svari_control_words_t *request)
{
  svari_lifecycle_state_t goal = SVARI_STATE_ACTIVE;
  svari_node_arguments_t *arguments = NULL;
  svari_component_node_t *node = NULL;
  svari_container_seat_t *seat = NULL;
  SVAR_TRY(read_goal(request->words[0], &goal));
  SVAR_TRY(svari_node_arguments_make(&request->words[2], request->count - 2, &arguments));
  svar_ret_t ret = make_node(control, request->words[1], arguments, &node);
  if (ret != SVAR_OK) {
    svari_node_arguments_free(arguments);
    return ret;
  }
  node->own_arguments = arguments;
  ret = svari_component_container_load(control->container, node, goal, &seat);
  if (ret != SVAR_OK) {
    svari_component_node_destroy(node);
    return ret;
  }
  seat->request = control->caller;
  seat->request_kind = SVARI_CONTROL_LOAD;
  return SVAR_OK;
}

// --- changing --------------------------------------------------------------------------------------

static svar_ret_t
unload(svari_component_control_t *control, const svari_control_words_t *request)
{
  svari_container_seat_t *seat = NULL;
  SVAR_TRY(find_seat(control, request->words[0], &seat));
  if (seat->is_leaving) {
    return svar_fail(SVAR_ERR_BUSY, "node '%s' is being unloaded already",
                     seat->node->identity.full_name);
  }
  seat->farewell = control->caller;
  svari_component_container_unload(control->container, seat);
  return SVAR_OK;
}

static svar_ret_t
change(svari_component_control_t *control, const svari_control_words_t *request)
{
  svari_container_seat_t *seat = NULL;
  svari_lifecycle_transition_t transition = SVARI_TRANSITION_CONFIGURE;
  SVAR_TRY(find_seat(control, request->words[0], &seat));
  SVAR_TRY(svari_lifecycle_transition_parse(request->words[1], &transition));
  SVAR_TRY(svari_component_container_change(seat, transition));
  seat->request = control->caller;
  seat->request_kind = SVARI_CONTROL_CHANGE;
  return SVAR_OK;
}

static svar_ret_t
set_value(svari_container_seat_t *seat, const svari_parameter_table_t *table)
{
  svari_component_node_t *node = seat->node;
  const svari_parameter_t *given = &table->sections[0].parameters[0];
  ptrdiff_t index = svari_component_parameter_index(node->descriptor, given->name);
  if (index < 0) {
    return svari_component_parameter_unknown(node->descriptor, node->identity.full_name,
                                             given->name);
  }
  const svar_parameter_descriptor_t *parameter =
      svari_component_parameter_at(node->descriptor, (size_t)index);
  if (parameter->is_read_only) {
    return svar_fail(SVAR_ERR_PERMISSION,
                     "parameter '%s' of node '%s' is read-only: give it when the component is "
                     "loaded",
                     given->name, node->identity.full_name);
  }
  svar_parameter_value_t value = {0};
  svar_ret_t ret =
      svari_component_parameter_take(parameter, node->identity.full_name, &given->value, &value);
  if (ret == SVAR_OK) {
    ret = svari_component_container_set(seat, (size_t)index, &value);
  }
  svari_parameter_free(&value); // {0} if it moved
  return ret;
}

static svar_ret_t
set(svari_component_control_t *control, const svari_control_words_t *request)
{
  svari_container_seat_t *seat = NULL;
  svari_parameter_table_t table = {0};
  SVAR_TRY(find_seat(control, request->words[0], &seat));
  svar_ret_t ret = svari_parameter_rule_parse(request->words[1], &table);
  if (ret == SVAR_OK) {
    ret = set_value(seat, &table);
  }
  svari_parameter_table_fini(&table);
  if (ret == SVAR_OK) {
    seat->request = control->caller;
    seat->request_kind = SVARI_CONTROL_SET;
  }
  return ret;
}

// --- serving ---------------------------------------------------------------------------------------

// SVAR_OK: it was answered, or will be.
static svar_ret_t
obey(svari_component_control_t *control, const svari_control_words_t *request)
{
  switch (request->kind) {
  case SVARI_CONTROL_LIST:
    list(control);
    return SVAR_OK;
  case SVARI_CONTROL_LOAD:
    return load(control, request);
  case SVARI_CONTROL_UNLOAD:
    return unload(control, request);
  case SVARI_CONTROL_CHANGE:
    return change(control, request);
  case SVARI_CONTROL_PARAMETERS:
    return tell_parameters(control, request);
  case SVARI_CONTROL_SET:
    return set(control, request);
  }
  return SVAR_ERR_SYNTAX; // there is no other: svari_control_request_check()
}

static void
take_request(void *context, uint64_t caller, const void *bytes, size_t size_bytes)
{
  svari_component_control_t *control = context;
  svari_control_words_t request;
  uint16_t kind = 0;
  control->caller = caller;
  svar_ret_t ret = svari_control_request_check(bytes, size_bytes, &kind, &request);
  if (ret == SVAR_OK) {
    ret = obey(control, &request);
  }
  if (ret != SVAR_OK) {
    send_failure(control, caller, (svari_control_kind_t)kind, ret, svar_error_message());
  }
}

// Who reads the node's log sees what somebody changed from outside.
static void
log_request(const svari_component_node_t *node, svari_control_kind_t kind)
{
  if (kind == SVARI_CONTROL_CHANGE) {
    svari_log(node->logger, SVAR_LOG_INFO, "was asked to %s, and is %s",
              svari_lifecycle_transition_name(node->order.transition),
              svari_lifecycle_state_name(atomic_load(&node->state)));
  } else if (kind == SVARI_CONTROL_SET) {
    char text[256];
    svari_parameter_print(&node->values[node->order.parameter], text, sizeof(text));
    for (char *c = text; *c != '\0'; ++c) {
      *c = (unsigned char)*c < ' ' ? '?' : *c; // one line
    }
    svari_log(node->logger, SVAR_LOG_INFO, "was asked to set '%s', which is %s now",
              svari_component_parameter_at(node->descriptor, node->order.parameter)->name, text);
  }
}

void
svari_component_control_report(svari_component_control_t *control, svari_container_seat_t *seat)
{
  const svari_component_node_t *node = seat->node;
  uint64_t caller = seat->request;
  svari_control_kind_t kind = (svari_control_kind_t)seat->request_kind;
  if (control == NULL || caller == 0) {
    return;
  }
  seat->request = 0;
  if (node->outcome.ret != SVAR_OK) {
    char sentence[SVARI_OUTCOME_BYTES + SVARI_FULL_NAME_BYTES];
    snprintf(sentence, sizeof(sentence), "node '%s': %s", node->identity.full_name,
             node->outcome.text);
    send_failure(control, caller, kind, node->outcome.ret, sentence);
    return;
  }
  log_request(node, kind);
  begin_answer(control, kind);
  if (kind == SVARI_CONTROL_LOAD) {
    write_number(control, seat->id, '\t');
    write_cell(control, node->identity.full_name, '\n');
  } else if (kind == SVARI_CONTROL_CHANGE) {
    write_cell(control, svari_lifecycle_state_name(atomic_load(&node->state)), '\n');
  }
  send_answer(control, caller);
}

void
svari_component_control_farewell(svari_component_control_t *control, svari_container_seat_t *seat)
{
  if (control != NULL && seat->farewell != 0) {
    begin_answer(control, SVARI_CONTROL_UNLOAD);
    send_answer(control, seat->farewell);
  }
}

int
svari_component_control_fd(const svari_component_control_t *control)
{
  return control != NULL ? svar_endpoint_fd(control->endpoint) : -1;
}

void
svari_component_control_serve(svari_component_control_t *control)
{
  svar_endpoint_serve(control->endpoint);
}

svar_ret_t
svari_component_control_open(svari_component_container_t *container,
                             const svari_ros_arguments_t *arguments, svari_schedule_t inherited,
                             svari_component_control_t **out_control)
{
  svari_component_control_t *control = calloc(1, sizeof(*control));
  if (control == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the endpoint of a container");
  }
  control->container = container;
  control->inherited = inherited;
  svar_endpoint_options_t options = SVAR_ENDPOINT_OPTIONS_INIT;
  options.kind = SVARI_CONTROL_KIND;
  options.request = take_request;
  options.context = control;
  svar_ret_t ret;
  if ((ret = svari_remap_node(arguments->rules, arguments->rule_count, container->logger, false,
                              &control->identity)) != SVAR_OK ||
      (ret = svar_endpoint_open(&options, &control->endpoint)) != SVAR_OK) {
    svari_component_control_close(control);
    return ret;
  }
  *out_control = control;
  return SVAR_OK;
}

void
svari_component_control_close(svari_component_control_t *control)
{
  if (control != NULL) {
    svar_endpoint_close(control->endpoint);
    free(control);
  }
}
