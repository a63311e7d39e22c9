#include "components/component_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "components/component_log.h"
#include "components/component_parameters.h"

static const svari_component_node_t *
node_of(const svar_component_host_t *host)
{
  return (const svari_component_node_t *)host;
}

SVAR_PRINTF(3, 4)
static void
host_log(const svar_component_host_t *host, svar_log_level_t level, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  svari_log_list(node_of(host)->logger, level, format, arguments);
  va_end(arguments);
}

static svar_ret_t
host_parameter(const svar_component_host_t *host, const char *name,
               svar_parameter_value_t *out_value)
{
  SVAR_REQUIRE(host != NULL && name != NULL && out_value != NULL);
  const svari_component_node_t *node = node_of(host);
  ptrdiff_t index = svari_component_parameter_index(node->descriptor, name);
  if (index < 0) {
    return svari_component_parameter_unknown(node->descriptor, host->node_name, name);
  }
  *out_value = node->values[index];
  return SVAR_OK;
}

static svar_ret_t
host_resolve_name(const svar_component_host_t *host, const char *name, char *out_name,
                  size_t name_bytes)
{
  SVAR_REQUIRE(host != NULL && name != NULL && out_name != NULL);
  const svari_component_node_t *node = node_of(host);
  return svari_remap_name(node->arguments->rules, node->arguments->rule_count, &node->identity,
                          name, out_name, name_bytes);
}

static void
host_set_period(const svar_component_host_t *host, int64_t period_ns)
{
  // The host is const for the component, not for us: its node was made writable.
  svari_component_node_t *node = (svari_component_node_t *)host;
  atomic_store(&node->period_ns, period_ns);
}

static bool
host_is_stopping(const svar_component_host_t *host)
{
  return svari_component_node_is_stopping(node_of(host));
}

static void
set_logger(svari_component_node_t *node)
{
  snprintf(node->logger, sizeof(node->logger), "%s", node->identity.full_name + 1);
  for (char *c = node->logger; *c != '\0'; ++c) {
    *c = *c == '/' ? '.' : *c;
  }
}

static svar_ret_t
fill_values(svari_component_node_t *node, svari_schedule_t inherited)
{
  const svar_component_descriptor_t *descriptor = node->descriptor;
  size_t count = svari_component_parameter_count(descriptor);
  node->values = calloc(count, sizeof(*node->values));
  if (node->values == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for %zu parameters of node '%s'", count,
                     node->identity.full_name);
  }
  SVAR_TRY(svari_component_parameters_fill(descriptor, &node->arguments->parameters,
                                           node->identity.full_name, node->values));
  SVAR_TRY(svari_realtime_read(&node->values[descriptor->parameter_count], inherited,
                               node->identity.full_name, &node->realtime));
  node->granted = node->realtime;
  return SVAR_OK;
}

svar_ret_t
svari_component_node_create(const svar_component_descriptor_t *descriptor,
                            const svari_ros_arguments_t *arguments, svari_schedule_t inherited,
                            const char *default_name, bool is_own_name,
                            svari_component_node_t **out_node)
{
  svari_component_node_t *node = calloc(1, sizeof(*node));
  if (node == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for node '%s'", default_name);
  }
  node->descriptor = descriptor;
  node->arguments = arguments;
  node->period_ns = -1;
  node->state = SVARI_STATE_UNCONFIGURED;
  svar_ret_t ret;
  if ((ret = svari_remap_node(arguments->rules, arguments->rule_count, default_name, is_own_name,
                              &node->identity)) != SVAR_OK ||
      (ret = fill_values(node, inherited)) != SVAR_OK) {
    svari_component_node_destroy(node);
    return ret;
  }
  set_logger(node);
  node->host = (svar_component_host_t){.abi_version = SVAR_COMPONENT_ABI_VERSION,
                                       .size_bytes = sizeof(node->host),
                                       .node_name = node->identity.full_name,
                                       .log = host_log,
                                       .parameter = host_parameter,
                                       .resolve_name = host_resolve_name,
                                       .set_period = host_set_period,
                                       .is_stopping = host_is_stopping};
  *out_node = node;
  return SVAR_OK;
}

void
svari_component_node_destroy(svari_component_node_t *node)
{
  if (node == NULL) {
    return;
  }
  size_t count = node->values != NULL ? svari_component_parameter_count(node->descriptor) : 0;
  for (size_t i = 0; i < count; ++i) {
    svari_parameter_free(&node->values[i]);
  }
  free(node->values);
  svari_parameter_free(&node->order.value);
  svari_node_arguments_free(node->own_arguments);
  free(node);
}

svar_ret_t
svari_component_node_check_parameters(const svari_component_node_t *node,
                                      const svari_parameter_table_t *table)
{
  const char *full_name = node->identity.full_name;
  for (size_t i = 0; i < table->count; ++i) {
    const svari_parameter_section_t *section = &table->sections[i];
    for (size_t k = 0; k < section->count && svari_section_matches(section->pattern, full_name);
         ++k) {
      const char *name = section->parameters[k].name;
      if (svari_component_parameter_index(node->descriptor, name) < 0) {
        return svari_component_parameter_unknown(node->descriptor, full_name, name);
      }
    }
  }
  return SVAR_OK;
}

bool
svari_component_node_is_stopping(const svari_component_node_t *node)
{
  return atomic_load(node->is_container_stopping) || atomic_load(&node->is_leaving);
}

bool
svari_component_node_is_idle(const svari_component_node_t *node)
{
  return atomic_load(&node->order.task) == SVARI_TASK_NONE;
}
