#include "components/component_library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "components/parameter_value.h"

enum { COMPONENTS_MAX = 256 }; // of one library: an entry that never answers NULL must end, too

// Not rcutils_load_shared_library(): it opens RTLD_LAZY | RTLD_GLOBAL. Every component library exports
// the same symbol, so each must keep its own (LOCAL), and a missing symbol must be a sentence now and
// not a crash at the first call (NOW).
static svar_ret_t
open_entry(const svari_index_entry_t *entry, svar_component_entry_t *out_function)
{
  void *library = dlopen(entry->library, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    return svar_fail(SVAR_ERR_COMPONENT, "cannot load '%s' for component '%s' (named in '%s'): %s",
                     entry->library, entry->type, entry->file, dlerror());
  }
  // Never dlclose'd: threads, TLS destructors and atexit functions of a component may still point in.
  void *symbol = dlsym(library, SVAR_COMPONENT_ENTRY);
  if (symbol == NULL) {
    return svar_fail(SVAR_ERR_COMPONENT,
                     "'%s' (named in '%s') is no component library: it does not export %s",
                     entry->library, entry->file, SVAR_COMPONENT_ENTRY);
  }
  memcpy(out_function, &symbol, sizeof(symbol)); // ISO C has no cast from object to function
  return SVAR_OK;
}

static bool
is_item_within(const svar_parameter_descriptor_t *parameter, const svar_parameter_value_t *item)
{
  double number = item->kind == SVAR_PARAMETER_INTEGER ? (double)item->as.integer : item->as.real;
  return number >= parameter->minimum && number <= parameter->maximum; // NaN is not within
}

bool
svari_component_parameter_is_within(const svar_parameter_descriptor_t *parameter,
                                    const svar_parameter_value_t *value)
{
  bool has_limits = parameter->minimum != 0 || parameter->maximum != 0;
  svar_parameter_kind_t kind = svari_parameter_item_kind(value->kind);
  if (!has_limits || (kind != SVAR_PARAMETER_INTEGER && kind != SVAR_PARAMETER_DOUBLE)) {
    return true;
  }
  if (!svari_parameter_is_array(value->kind)) {
    return is_item_within(parameter, value);
  }
  for (size_t i = 0; i < value->as.array.count; ++i) {
    if (!is_item_within(parameter, &value->as.array.items[i])) {
      return false;
    }
  }
  return true;
}

// A string must be there, an array have items of its kind.
static bool
is_complete(const svar_parameter_value_t *value)
{
  if (!svari_parameter_is_array(value->kind)) {
    return value->kind != SVAR_PARAMETER_STRING || value->as.string != NULL;
  }
  svar_parameter_kind_t item_kind = svari_parameter_item_kind(value->kind);
  for (size_t i = 0; i < value->as.array.count; ++i) {
    if (value->as.array.items == NULL || value->as.array.items[i].kind != item_kind ||
        !is_complete(&value->as.array.items[i])) {
      return false;
    }
  }
  return true;
}

static const char *
fault_of_parameter(const svar_component_descriptor_t *descriptor, size_t index)
{
  const svar_parameter_descriptor_t *parameter = &descriptor->parameters[index];
  const svar_parameter_value_t *value = &parameter->default_value;
  if (parameter->name == NULL || parameter->name[0] == '\0') {
    return "declares a parameter without a name";
  }
  if (strncmp(parameter->name, "realtime.", strlen("realtime.")) == 0) {
    return "declares a parameter of the name realtime.*, which every component has already";
  }
  if (value->kind < SVAR_PARAMETER_BOOL || value->kind > SVAR_PARAMETER_STRING_ARRAY) {
    return "declares a parameter of unknown kind";
  }
  if (!is_complete(value)) {
    return "declares a parameter whose default has a NULL, or an item of another kind";
  }
  if (!svari_component_parameter_is_within(parameter, value)) {
    return "declares a parameter whose default breaks its own limits";
  }
  for (size_t i = 0; i < index; ++i) {
    if (strcmp(descriptor->parameters[i].name, parameter->name) == 0) {
      return "declares a parameter twice";
    }
  }
  return NULL;
}

static const char *
fault_of(const svar_component_descriptor_t *descriptor)
{
  if (descriptor->type_name == NULL || descriptor->type_name[0] == '\0') {
    return "has no type_name";
  }
  if (descriptor->create == NULL || descriptor->configure == NULL || descriptor->destroy == NULL) {
    return "lacks create, configure or destroy";
  }
  if (descriptor->parameter_count > 0 && descriptor->parameters == NULL) {
    return "counts parameters but has none";
  }
  for (size_t i = 0; i < descriptor->parameter_count; ++i) {
    const char *fault = fault_of_parameter(descriptor, i);
    if (fault != NULL) {
      return fault;
    }
  }
  return NULL;
}

// In this order: what abi_version does not vouch for must not be read.
static svar_ret_t
check(const svari_index_entry_t *entry, const svar_component_descriptor_t *descriptor)
{
  if (descriptor->abi_version != SVAR_COMPONENT_ABI_VERSION) {
    return svar_fail(
        SVAR_ERR_COMPONENT,
        "'%s' was built for component ABI %u, this program runs ABI %u: rebuild one of "
        "them",
        entry->library, descriptor->abi_version, SVAR_COMPONENT_ABI_VERSION);
  }
  if (descriptor->size_bytes < sizeof(*descriptor)) {
    return svar_fail(
        SVAR_ERR_COMPONENT, "'%s' has a component descriptor of %u bytes, ABI %u has at least %zu",
        entry->library, descriptor->size_bytes, SVAR_COMPONENT_ABI_VERSION, sizeof(*descriptor));
  }
  const char *fault = fault_of(descriptor);
  if (fault != NULL) {
    return svar_fail(SVAR_ERR_COMPONENT, "component '%s' of '%s' %s",
                     descriptor->type_name != NULL ? descriptor->type_name : "?", entry->library,
                     fault);
  }
  return SVAR_OK;
}

svar_ret_t
svari_component_load(const svari_index_entry_t *entry,
                     const svar_component_descriptor_t **out_descriptor)
{
  svar_component_entry_t component_at = NULL;
  SVAR_TRY(open_entry(entry, &component_at));
  const svar_component_descriptor_t *found = NULL;
  char present[512] = "";
  for (uint32_t i = 0; i < COMPONENTS_MAX; ++i) {
    const svar_component_descriptor_t *descriptor = component_at(i);
    if (descriptor == NULL) {
      break;
    }
    SVAR_TRY(check(entry, descriptor));
    if (found == NULL && strcmp(descriptor->type_name, entry->type) == 0) {
      found = descriptor;
    }
    size_t used = strlen(present);
    snprintf(present + used, sizeof(present) - used, "%s%s", used == 0 ? "" : ", ",
             descriptor->type_name);
  }
  if (found == NULL) {
    return svar_fail(SVAR_ERR_COMPONENT,
                     "'%s' promises component '%s' in '%s', which has: %s: reinstall that package",
                     entry->file, entry->type, entry->library,
                     present[0] == '\0' ? "none" : present);
  }
  *out_descriptor = found;
  return SVAR_OK;
}
