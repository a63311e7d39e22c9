// A variable as a handle: its references, its names, and further handles of the same container.
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared_variable/expression.h"
#include "variable/container.h"
#include "variable/text.h"

static svar_ret_t
allocate(const char *name, const svari_container_t *container, svar_variable_t **out_variable)
{
  size_t bytes = sizeof(svar_variable_t) + (name == NULL ? 0 : strlen(name) + 1);
  *out_variable =
      container->allocator.allocate(bytes, _Alignof(svar_variable_t), container->allocator.state);
  return *out_variable != NULL
             ? SVAR_OK
             : svar_fail(SVAR_ERR_NO_MEMORY, "no %zu bytes for a handle of variable %s", bytes,
                         svari_name_text(name).text);
}

static void
fill(svar_variable_t *variable, const char *name, svari_container_t *container)
{
  *variable = (svar_variable_t){.container = container, .reference_count = 1};
  if (name != NULL) {
    memcpy(variable->first_name, name, strlen(name) + 1);
    atomic_init(&variable->name, variable->first_name);
  }
}

svar_ret_t
svari_variable_reserve(const char *name, svari_container_t *container)
{
  return allocate(name, container, &container->reserved_handle);
}

svar_ret_t
svari_variable_create(const char *name, svari_container_t *container,
                      svar_variable_t **out_variable)
{
  // One counter for the process.
  static _Atomic uint64_t next_number = 0;
  assert(container != NULL && out_variable != NULL);
  svar_variable_t *variable = container->reserved_handle;
  if (variable == NULL) {
    SVAR_TRY(allocate(name, container, &variable));
  } else {
    container->reserved_handle = NULL; // the first handle: nobody else knows the container yet
  }
  fill(variable, name, container);
  snprintf(variable->auto_name, sizeof(variable->auto_name), "auto_%" PRIu64,
           atomic_fetch_add_explicit(&next_number, 1, memory_order_relaxed));
  *out_variable = variable;
  return SVAR_OK;
}

svar_variable_t *
svar_variable_ref(svar_variable_t *variable)
{
  if (variable != NULL) {
    atomic_fetch_add_explicit(&variable->reference_count, 1, memory_order_relaxed);
  }
  return variable;
}

void
svar_variable_unref(svar_variable_t *variable)
{
  // The order is that of svari_container_unref(), for the same reason.
  if (variable == NULL ||
      atomic_fetch_sub_explicit(&variable->reference_count, 1, memory_order_acq_rel) != 1) {
    return;
  }
  if (variable->default_update != NULL) {
    variable->default_update_unref(variable->default_update);
  }
  svari_container_t *container = variable->container;
  svari_label_t *label = atomic_load_explicit(&variable->labels, memory_order_relaxed);
  while (label != NULL) {
    svari_label_t *older = label->older;
    container->allocator.deallocate(label, container->allocator.state);
    label = older;
  }
  container->allocator.deallocate(variable, container->allocator.state);
  svari_container_unref(container);
}

// --- names -----------------------------------------------------------------------------------------

const char *
svar_variable_name(const svar_variable_t *variable)
{
  // Acquire, pairs with svar_variable_rename(): the text is there.
  return variable != NULL ? atomic_load_explicit(&variable->name, memory_order_acquire) : NULL;
}

const char *
svar_variable_auto_name(const svar_variable_t *variable)
{
  return variable != NULL ? variable->auto_name : NULL;
}

svar_ret_t
svar_variable_rename(svar_variable_t *variable, const char *name)
{
  SVAR_REQUIRE(variable != NULL);
  if (name == NULL) {
    atomic_store_explicit(&variable->name, NULL, memory_order_release);
    return SVAR_OK;
  }
  const svar_allocator_t *allocator = &variable->container->allocator;
  size_t name_bytes = strlen(name) + 1;
  svari_label_t *label =
      allocator->allocate(sizeof(*label) + name_bytes, _Alignof(svari_label_t), allocator->state);
  if (label == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no %zu bytes for the name '%s'",
                     sizeof(*label) + name_bytes, name);
  }
  memcpy(label->text, name, name_bytes);
  label->older = atomic_load_explicit(&variable->labels, memory_order_relaxed);
  // Relaxed: only the last reference walks the list, and that orders itself.
  while (!atomic_compare_exchange_weak_explicit(&variable->labels, &label->older, label,
                                                memory_order_relaxed, memory_order_relaxed)) {
  }
  atomic_store_explicit(&variable->name, label->text, memory_order_release);
  return SVAR_OK;
}

const char *
svar_variable_text(const svar_variable_t *variable, char *text, size_t size_bytes)
{
  const char *name = svar_variable_name(variable);
  if (name != NULL) {
    snprintf(text, size_bytes, "%s", name);
    return text;
  }
  svar_type_t type = svar_variable_type(variable);
  char type_text[SVAR_TYPE_TEXT_BYTES];
  snprintf(text, size_bytes, "<%s>", svar_type_text(&type, type_text, sizeof(type_text)));
  return text;
}

// --- further handles -------------------------------------------------------------------------------

svar_container_t *
svar_variable_container(const svar_variable_t *variable)
{
  return variable != NULL ? variable->container : NULL;
}

svar_ret_t
svar_variable_clone(svar_variable_t *variable, const char *name, svar_variable_t **out_clone)
{
  SVAR_REQUIRE(variable != NULL && out_clone != NULL);
  svari_container_t *container = svari_container_ref(variable->container);
  svar_ret_t ret = svari_variable_create(name != NULL ? name : svar_variable_name(variable),
                                         container, out_clone);
  if (ret != SVAR_OK) {
    svari_container_unref(container);
  }
  return ret;
}

svar_ret_t
svar_variable_copy(svar_variable_t *variable, svar_variable_t **out_copy)
{
  SVAR_REQUIRE(variable != NULL && out_copy != NULL);
  const char *name = svar_variable_name(variable);
  svar_variable_t *copy;
  SVAR_TRY(allocate(name, variable->container, &copy));
  fill(copy, name, svari_container_ref(variable->container));
  memcpy(copy->auto_name, variable->auto_name, sizeof(copy->auto_name));
  svar_variable_default_update_set(copy, svar_variable_default_update(variable));
  *out_copy = copy;
  return SVAR_OK;
}
