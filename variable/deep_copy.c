// svar_variables_deep_copy(): variables that share nothing with the old ones, and with each other what those do.
#include <stddef.h>
#include <string.h>

#include "shared_variable/snapshot.h"
#include "shared_variable/sparse.h"
#include "variable/constructors.h"
#include "variable/container.h"
#include "variable/expression_copy.h"
#include "variable/object.h"
#include "variable/sparse_variable.h"
#include "variable/text.h"

typedef struct copier {
  svar_variable_t *const *variables; // borrowed
  size_t count;
  svar_store_t *store; // of the copies; NULL: the process's private one
  svar_allocator_t allocator;
  svari_pointer_map_t handles; // variable -> where it is given first
  svari_pointer_map_t cells;   // cell of a container -> where it is given first
  svari_pointer_map_t stores;  // store of variables -> its snapshot
  svar_snapshot_t *snapshots;  // room for as many as there are variables; not moved while open
  size_t snapshot_count;
  svar_variable_t **copies;
  svar_transaction_t *change; // of the store of the copies; NULL: not begun, or ended
} copier_t;

static svar_variable_t *
find_copy(const copier_t *copier, const svari_pointer_map_t *map, const void *original)
{
  size_t index = svari_pointer_map_find(map, original);
  return index != SIZE_MAX ? copier->copies[index] : NULL;
}

// That of the container, whichever of its handles was copied first.
static svar_variable_t *
find_container_copy(const copier_t *copier, const svar_variable_t *variable)
{
  return find_copy(copier, &copier->cells, svar_container_cell(variable->container));
}

// True for the variable that its container is copied with; those behind it are clones, or itself again.
static bool
is_first_of_container(const copier_t *copier, size_t index)
{
  const void *cell = svar_container_cell(copier->variables[index]->container);
  return svari_pointer_map_find(&copier->cells, cell) == index;
}

// --- what is given, and its values ------------------------------------------------------------------

static svar_ret_t
allocate(const copier_t *copier, size_t element_bytes, void **out_array)
{
  size_t bytes;
  *out_array =
      __builtin_mul_overflow(copier->count, element_bytes, &bytes)
          ? NULL
          : copier->allocator.allocate(bytes, _Alignof(max_align_t), copier->allocator.state);
  if (*out_array == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory to copy %zu variables", copier->count);
  }
  memset(*out_array, 0, bytes);
  return SVAR_OK;
}

static svar_ret_t
prepare(copier_t *copier)
{
  void *snapshots;
  void *copies;
  SVAR_TRY(allocate(copier, sizeof(svar_snapshot_t), &snapshots));
  copier->snapshots = snapshots;
  SVAR_TRY(allocate(copier, sizeof(svar_variable_t *), &copies));
  copier->copies = copies;
  for (size_t i = 0; i < copier->count; i++) {
    SVAR_TRY(svari_pointer_map_add(&copier->handles, copier->variables[i], i));
    SVAR_TRY(svari_pointer_map_add(&copier->cells,
                                   svar_container_cell(copier->variables[i]->container), i));
  }
  return SVAR_OK;
}

// One for each store, so that its variables are copied as they are in one version.
static svar_ret_t
begin_snapshots(copier_t *copier)
{
  for (size_t i = 0; i < copier->count; i++) {
    svar_store_t *store = svar_variable_store(copier->variables[i]);
    if (store == NULL || svari_pointer_map_find(&copier->stores, store) != SIZE_MAX) {
      continue;
    }
    SVAR_TRY(svari_pointer_map_add(&copier->stores, store, copier->snapshot_count));
    SVAR_TRY(svar_snapshot_begin(store, &copier->snapshots[copier->snapshot_count]));
    copier->snapshot_count++;
  }
  return SVAR_OK;
}

// --- handles ----------------------------------------------------------------------------------------

// A variable of a new container of the same type, which has no value yet; an object has one.
static svar_ret_t
declare(const copier_t *copier, const svar_variable_t *variable, svar_variable_t **out_copy)
{
  svari_container_t *container = variable->container;
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.store = copier->store;
  if (container->backing == SVAR_BACKING_GPU) {
    options.target = SVAR_TARGET_GPU;
    SVAR_TRY(container->ops->far->gpu(container, &options.gpu));
  }
  options.name = container->name != NULL ? container->name : svar_variable_name(variable);
  if (copier->store != NULL && options.name == NULL) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "a variable without a name cannot be copied to store '%s': "
                     "readers find it by that",
                     svar_store_name(copier->store));
  }
  switch ((svar_kind_t)container->type.kind) {
  case SVAR_KIND_OBJECT:
    return svari_object_copy_container(container, &options, out_copy);
  case SVAR_KIND_SPARSE:
    return svari_sparse_variable_declare(&container->type,
                                         ((const svari_sparse_container_t *)container)->index_dtype,
                                         &options, out_copy);
  case SVAR_KIND_TENSOR:
  case SVAR_KIND_NUMBER:
  case SVAR_KIND_RANDOM:
    break;
  }
  return svari_construct(container->type, NULL, &options, out_copy);
}

// Containers are named for what they were made for, handles may have been renamed since.
static svar_ret_t
take_name(const svar_variable_t *variable, svar_variable_t *copy)
{
  const char *name = svar_variable_name(variable);
  const char *taken = svar_variable_name(copy);
  bool is_taken = name == NULL || taken == NULL ? name == taken : strcmp(name, taken) == 0;
  return is_taken ? SVAR_OK : svar_variable_rename(copy, name);
}

static svar_ret_t
copy_clone(const svar_variable_t *variable, const svar_variable_t *copy, svar_variable_t **out_copy)
{
  svari_container_t *container = svari_container_ref(copy->container);
  svar_ret_t ret = svari_variable_create(svar_variable_name(variable), container, out_copy);
  if (ret != SVAR_OK) {
    svari_container_unref(container);
  }
  return ret;
}

static svar_ret_t
copy_handle(copier_t *copier, size_t index)
{
  const svar_variable_t *variable = copier->variables[index];
  svar_variable_t **copy = &copier->copies[index];
  svar_variable_t *same = find_copy(copier, &copier->handles, variable);
  if (same != NULL) {
    *copy = svar_variable_ref(same);
    return SVAR_OK;
  }
  if (!is_first_of_container(copier, index)) {
    SVAR_TRY(copy_clone(variable, find_container_copy(copier, variable), copy));
  } else {
    SVAR_TRY(declare(copier, variable, copy));
    SVAR_TRY(take_name(variable, *copy));
  }
  memcpy((*copy)->auto_name, variable->auto_name, sizeof((*copy)->auto_name));
  return SVAR_OK;
}

// --- values -----------------------------------------------------------------------------------------

static svar_ret_t
put_tensor(copier_t *copier, const svar_snapshot_t *snapshot, svar_variable_t *variable,
           svar_variable_t *copy)
{
  svar_value_t view = SVAR_VALUE_INIT;
  svar_value_t hole = SVAR_VALUE_INIT;
  SVAR_TRY(svar_snapshot_get(snapshot, variable, &view));
  SVAR_TRY(svar_transaction_loan(copier->change, copy, view.shape, false, &hole));
  return svari_container_fill(copy->container, &hole, &view.tensor);
}

static svar_ret_t
put_matrix(copier_t *copier, const svar_snapshot_t *snapshot, svar_variable_t *variable,
           svar_variable_t *copy)
{
  svar_sparse_value_t view = SVAR_SPARSE_VALUE_INIT;
  SVAR_TRY(svar_snapshot_get_sparse(snapshot, variable, &view));
  return svar_transaction_set(copier->change, copy, svar_sparse_source(&view.matrix));
}

static svar_ret_t
put_value(copier_t *copier, svar_variable_t *variable, svar_variable_t *copy)
{
  svar_store_t *store = svar_variable_store(variable);
  if (store == NULL) {
    return SVAR_OK; // an object, of no store: it was copied with its container
  }
  const svar_snapshot_t *snapshot =
      &copier->snapshots[svari_pointer_map_find(&copier->stores, store)];
  bool is_sparse = variable->container->type.kind == SVAR_KIND_SPARSE;
  svar_ret_t ret = is_sparse ? put_matrix(copier, snapshot, variable, copy)
                             : put_tensor(copier, snapshot, variable, copy);
  return ret == SVAR_ERR_UNSET ? svar_transaction_set(copier->change, copy, svar_none()) : ret;
}

// Only now, for the rules are for later values: a strict variable may be unset.
static void
take_rules(const svari_container_t *container, svari_container_t *copy)
{
  copy->strict = container->strict;
  copy->allow_downcast = container->allow_downcast;
  svar_container_readonly_set(copy, svar_container_is_readonly(container));
}

// A transaction of the store that the copies are in; none if they are all objects.
static svar_ret_t
begin_change(copier_t *copier)
{
  svar_store_t *store = copier->store;
  for (size_t i = 0; i < copier->count && store == NULL; i++) {
    store = svar_variable_store(copier->copies[i]);
  }
  return store == NULL ? SVAR_OK : svar_transaction_begin(store, &copier->change);
}

static svar_ret_t
copy_values(copier_t *copier)
{
  SVAR_TRY(begin_change(copier));
  for (size_t i = 0; i < copier->count; i++) {
    svar_variable_t *variable = copier->variables[i];
    svar_variable_t *copy = copier->copies[i];
    if (!is_first_of_container(copier, i)) {
      continue;
    }
    svar_ret_t ret = put_value(copier, variable, copy);
    if (ret != SVAR_OK) {
      svar_fail_context("copying variable %s", svari_name_text(svar_variable_name(variable)).text);
      return ret;
    }
    take_rules(variable->container, copy->container);
  }
  return SVAR_OK;
}

// --- default updates --------------------------------------------------------------------------------

// The copy of the very handle or, if only another of its container is copied, that one.
static svar_variable_t *
replacement(void *context, const svar_variable_t *variable)
{
  const copier_t *copier = context;
  svar_variable_t *copy = find_copy(copier, &copier->handles, variable);
  return copy != NULL ? copy : find_container_copy(copier, variable);
}

static svar_ret_t
copy_default_updates(copier_t *copier)
{
  svari_expression_copier_t expressions = {.replacement = replacement,
                                           .context = copier,
                                           .applies = svari_pointer_map(copier->allocator)};
  svar_ret_t ret = SVAR_OK;
  for (size_t i = 0; i < copier->count && ret == SVAR_OK; i++) {
    svar_expression_t *update = svar_variable_default_update(copier->variables[i]);
    svar_expression_t *copy;
    if (update != NULL && (ret = svari_expression_copy(&expressions, update, &copy)) == SVAR_OK) {
      svar_variable_default_update_set(copier->copies[i], copy);
      svar_expression_unref(copy);
    }
  }
  svari_expression_copier_fini(&expressions);
  return ret;
}

// --- the whole --------------------------------------------------------------------------------------

static svar_ret_t
copy_all(copier_t *copier)
{
  SVAR_TRY(prepare(copier));
  SVAR_TRY(begin_snapshots(copier));
  for (size_t i = 0; i < copier->count; i++) {
    svar_ret_t ret = copy_handle(copier, i);
    if (ret != SVAR_OK) {
      svar_fail_context("copying variable %s",
                        svari_name_text(svar_variable_name(copier->variables[i])).text);
      return ret;
    }
  }
  SVAR_TRY(copy_values(copier));
  SVAR_TRY(copy_default_updates(copier));
  svar_transaction_t *change = copier->change;
  copier->change = NULL; // ended, however that goes
  return change != NULL ? svar_transaction_commit(change, NULL) : SVAR_OK;
}

static void
drop_copies(copier_t *copier)
{
  for (size_t i = 0; i < copier->count && copier->copies != NULL; i++) {
    svar_variable_default_update_set(copier->copies[i], NULL); // which may hold the copy itself
    svar_variable_unref(copier->copies[i]);
    copier->copies[i] = NULL;
  }
}

static void
fini(copier_t *copier)
{
  svar_transaction_abort(copier->change);
  for (size_t i = 0; i < copier->snapshot_count; i++) {
    svar_snapshot_end(&copier->snapshots[i]);
  }
  copier->allocator.deallocate(copier->snapshots, copier->allocator.state);
  copier->allocator.deallocate(copier->copies, copier->allocator.state);
  svari_pointer_map_fini(&copier->handles);
  svari_pointer_map_fini(&copier->cells);
  svari_pointer_map_fini(&copier->stores);
}

svar_ret_t
svar_variables_deep_copy(svar_variable_t *const *variables, size_t count, svar_store_t *store,
                         svar_variable_t **out_copies)
{
  SVAR_REQUIRE((variables != NULL && out_copies != NULL) || count == 0);
  for (size_t i = 0; i < count; i++) {
    SVAR_REQUIRE(variables[i] != NULL);
  }
  if (count == 0) {
    return SVAR_OK;
  }
  const svar_allocator_t allocator = variables[0]->container->allocator;
  copier_t copier = {.variables = variables,
                     .count = count,
                     .store = store,
                     .allocator = allocator,
                     .handles = svari_pointer_map(allocator),
                     .cells = svari_pointer_map(allocator),
                     .stores = svari_pointer_map(allocator)};
  svar_ret_t ret = copy_all(&copier);
  if (ret == SVAR_OK) {
    memcpy(out_copies, copier.copies, count * sizeof(*out_copies));
  } else {
    drop_copies(&copier);
  }
  fini(&copier);
  return ret;
}
