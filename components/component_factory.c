#include "components/component_factory.h"

#include <string.h>

#include "components/component_library.h"

// "shared_variable::WeightsPublisher" -> "weights_publisher", the name its own program would give it.
static void
default_node_name(const char *type, char *out_name, size_t name_bytes)
{
  const char *colon = strrchr(type, ':');
  const char *word = colon != NULL ? colon + 1 : type;
  size_t used = 0;
  for (size_t i = 0; word[i] != '\0' && used + 2 < name_bytes; ++i) {
    bool is_upper = word[i] >= 'A' && word[i] <= 'Z';
    bool was_upper = i > 0 && word[i - 1] >= 'A' && word[i - 1] <= 'Z';
    bool begins_word = word[i + 1] >= 'a' && word[i + 1] <= 'z';
    if (is_upper && i > 0 && word[i - 1] != '_' && (!was_upper || begins_word)) {
      out_name[used++] = '_';
    }
    out_name[used++] = (char)(is_upper ? word[i] - 'A' + 'a' : word[i]);
  }
  out_name[used] = '\0';
}

svar_ret_t
svari_component_find(const svari_resource_index_t *index, const char *type,
                     const svar_component_descriptor_t **out_descriptor)
{
  const svari_index_entry_t *entry;
  SVAR_TRY(svari_resource_index_find(index, type, &entry));
  return svari_component_load(entry, out_descriptor);
}

svar_ret_t
svari_component_make(const svari_resource_index_t *index, const char *type,
                     const svari_ros_arguments_t *arguments, svari_schedule_t inherited,
                     const char *node_name, bool is_own_name, svari_component_node_t **out_node)
{
  const svar_component_descriptor_t *descriptor;
  char name[SVARI_NODE_NAME_MAX + 1];
  SVAR_TRY(svari_component_find(index, type, &descriptor));
  default_node_name(type, name, sizeof(name));
  return svari_component_node_create(descriptor, arguments, inherited,
                                     node_name != NULL ? node_name : name, is_own_name, out_node);
}
