// Variables that hold objects: a container of one counted cell, behind a lock.
#include "variable/object.h"

#include <pthread.h>
#include <string.h>

#include "variable/constructors.h"
#include "variable/source.h"
#include "variable/text.h"

// An object, and how many hold it: the container, and each borrowed value.
typedef struct cell {
  svar_object_t object;
  _Atomic uint32_t reference_count;
  svar_allocator_t allocator;
} cell_t;

typedef struct object_container {
  svari_container_t base;
  pthread_mutex_t lock; // of the two members below; never held while a class's function runs
  cell_t *cell;         // NULL: unset
  uint64_t version;
  char name[];
} object_container_t;

static const svari_container_ops_t object_container_ops;

static object_container_t *
container_of(const svar_variable_t *variable)
{
  bool is_object = variable->container->ops == &object_container_ops;
  return is_object ? (object_container_t *)variable->container : NULL;
}

svar_type_t
svar_object_type(void)
{
  return (svar_type_t){.dtype = {kDLOpaqueHandle, 0, 1}, .kind = SVAR_KIND_OBJECT};
}

// --- objects ---------------------------------------------------------------------------------------

svar_ret_t
svari_object_check(const svar_object_t *object)
{
  if (object == NULL || object->pointer == NULL || object->object_class == NULL) {
    return svar_fail(
        SVAR_ERR_ARGUMENT,
        "an object that is NULL, or has no class: svar_none() says that there is none");
  }
  const svar_object_class_t *object_class = object->object_class;
  // There has been one size so far; a build that knows a larger one will take this one too.
  if (object_class->size_bytes != sizeof(*object_class) || object_class->type_name == NULL) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "a class of objects with size_bytes %zu, this library knows %zu, and %s "
                     "type_name: fill in both, and use a library as new as the header",
                     object_class->size_bytes, sizeof(*object_class),
                     object_class->type_name == NULL ? "no" : "a");
  }
  return SVAR_OK;
}

static void
object_destroy(const svar_object_t *object)
{
  if (object->object_class->destroy != NULL) {
    object->object_class->destroy(object->pointer);
  }
}

static svar_ret_t
object_copy(const svar_object_t *object, svar_object_t *out_copy)
{
  const svar_object_class_t *object_class = object->object_class;
  if (object_class->copy == NULL) {
    return svar_fail(
        SVAR_ERR_NOT_IMPLEMENTED,
        "an object of type '%s' is not copied; SVAR_BORROW hands over the object itself",
        object_class->type_name);
  }
  void *pointer = NULL;
  SVAR_TRY(object_class->copy(object->pointer, &pointer));
  if (pointer == NULL) {
    return svar_fail(SVAR_ERR_STATE, "the copy of an object of type '%s' is NULL",
                     object_class->type_name);
  }
  *out_copy = (svar_object_t){pointer, object_class};
  return SVAR_OK;
}

// --- cells -----------------------------------------------------------------------------------------

static svar_ret_t
cell_new(const svar_object_t *object, const svar_allocator_t *allocator, cell_t **out_cell)
{
  cell_t *cell = allocator->allocate(sizeof(*cell), _Alignof(cell_t), allocator->state);
  if (cell == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory to hold an object of type '%s'",
                     object->object_class->type_name);
  }
  *cell = (cell_t){.object = *object, .reference_count = 1, .allocator = *allocator};
  *out_cell = cell;
  return SVAR_OK;
}

static void
cell_unref(cell_t *cell)
{
  // The order is that of svari_container_unref(), for the same reason.
  if (cell == NULL ||
      atomic_fetch_sub_explicit(&cell->reference_count, 1, memory_order_acq_rel) != 1) {
    return;
  }
  object_destroy(&cell->object);
  cell->allocator.deallocate(cell, cell->allocator.state);
}

// The current cell, with a reference for the caller; NULL: unset.
static cell_t *
cell_ref_current(object_container_t *container, uint64_t *out_version)
{
  pthread_mutex_lock(&container->lock);
  cell_t *cell = container->cell;
  *out_version = container->version;
  if (cell != NULL) {
    atomic_fetch_add_explicit(&cell->reference_count, 1, memory_order_relaxed);
  }
  pthread_mutex_unlock(&container->lock);
  return cell;
}

static void
replace_cell(object_container_t *container, cell_t *cell)
{
  pthread_mutex_lock(&container->lock);
  cell_t *old = container->cell;
  container->cell = cell;
  container->version++;
  pthread_mutex_unlock(&container->lock);
  cell_unref(old);
}

// True if the variable holds this very object, which may have been changed in place: that counts as a set.
static bool
keeps_object(object_container_t *container, const svar_object_t *object)
{
  pthread_mutex_lock(&container->lock);
  bool is_kept = container->cell != NULL && container->cell->object.pointer == object->pointer;
  container->version += is_kept;
  pthread_mutex_unlock(&container->lock);
  return is_kept;
}

// --- the container ---------------------------------------------------------------------------------

svar_ret_t
svari_object_refuse_use(svari_container_t *self)
{
  uint64_t version;
  cell_t *cell = cell_ref_current((object_container_t *)self, &version);
  svar_ret_t ret =
      svar_fail(SVAR_ERR_TYPE,
                "variable %s holds an object of type '%s', which is no tensor: it has "
                "no elements to index or to compute with; was it to be an array "
                "(svar_array), of a dtype that tensors have? svar_object_get() reads it",
                svari_name_text(self->name).text,
                cell != NULL ? cell->object.object_class->type_name : "nothing");
  cell_unref(cell);
  return ret;
}

static svar_ret_t
refuse_read(svari_container_t *self, svar_value_t *out_value)
{
  (void)out_value;
  return svari_object_refuse_use(self);
}

static svar_ret_t
refuse_source(const svari_container_t *self, const svar_source_t *source)
{
  char text[SVARI_SOURCE_TEXT_BYTES];
  return svar_fail(SVAR_ERR_TYPE,
                   "object variable %s%s refuses %s: it takes objects "
                   "(svar_object_source)",
                   svari_name_text(self->name).text, self->strict ? ", which is strict," : "",
                   svari_source_text(source, text, sizeof(text)));
}

// The cell that a set puts in: of the object itself, or of a copy.
static svar_ret_t
cell_of_source(object_container_t *container, const svar_object_t *object, svar_borrow_t borrow,
               cell_t **out_cell)
{
  if (borrow == SVAR_BORROW) {
    return cell_new(object, &container->base.allocator, out_cell);
  }
  svar_object_t copy;
  SVAR_TRY(object_copy(object, &copy));
  svar_ret_t ret = cell_new(&copy, &container->base.allocator, out_cell);
  if (ret != SVAR_OK) {
    object_destroy(&copy);
  }
  return ret;
}

static svar_ret_t
object_set(svari_container_t *self, const svar_source_t *source, svar_borrow_t borrow)
{
  object_container_t *container = (object_container_t *)self;
  cell_t *cell = NULL;
  SVAR_TRY(svari_source_check(source));
  SVAR_TRY(svari_container_check_writable(self));
  if (source->kind != SVAR_SOURCE_OBJECT && (source->kind != SVAR_SOURCE_NONE || self->strict)) {
    return refuse_source(self, source);
  }
  if (source->kind == SVAR_SOURCE_OBJECT) {
    if (borrow == SVAR_BORROW && keeps_object(container, source->detail)) {
      return SVAR_OK;
    }
    svar_ret_t ret = cell_of_source(container, source->detail, borrow, &cell);
    if (ret != SVAR_OK) {
      svar_fail_context("object variable %s", svari_name_text(self->name).text);
      return ret;
    }
  }
  replace_cell(container, cell);
  return SVAR_OK;
}

static svar_store_t *
object_store(svari_container_t *self)
{
  (void)self;
  return NULL;
}

static void
object_container_destroy(svari_container_t *self)
{
  object_container_t *container = (object_container_t *)self;
  svar_allocator_t allocator = self->allocator;
  cell_unref(container->cell);
  pthread_mutex_destroy(&container->lock);
  allocator.deallocate(container, allocator.state);
}

static const svari_container_ops_t object_container_ops = {
    .borrow = refuse_read,
    .copy = refuse_read,
    .set = object_set,
    .store = object_store,
    .destroy = object_container_destroy,
};

// --- reading ---------------------------------------------------------------------------------------

static svar_ret_t
copy_of_cell(cell_t *cell, uint64_t version, svar_object_value_t *out_value)
{
  svar_object_t copy;
  svar_ret_t ret = object_copy(&cell->object, &copy);
  cell_unref(cell);
  if (ret == SVAR_OK) {
    *out_value = (svar_object_value_t){.object = copy, .version = version};
  }
  return ret;
}

svar_ret_t
svar_object_get(svar_variable_t *variable, svar_borrow_t borrow, svar_object_value_t *out_value)
{
  SVAR_REQUIRE(variable != NULL && out_value != NULL);
  object_container_t *container = container_of(variable);
  if (container == NULL) {
    char text[SVAR_TYPE_TEXT_BYTES];
    return svar_fail(SVAR_ERR_TYPE, "variable %s is %s, no object: svar_get_value() reads it",
                     svari_name_text(variable->container->name).text,
                     svar_type_text(&variable->container->type, text, sizeof(text)));
  }
  uint64_t version;
  cell_t *cell = cell_ref_current(container, &version);
  if (cell == NULL) {
    return svar_fail(SVAR_ERR_UNSET, "object variable %s has no value",
                     svari_name_text(container->base.name).text);
  }
  if (borrow != SVAR_BORROW) {
    return copy_of_cell(cell, version, out_value);
  }
  *out_value = (svar_object_value_t){
      .object = cell->object, .version = version, .is_alias = true, .internal = cell};
  return SVAR_OK;
}

void
svar_object_value_release(svar_object_value_t *value)
{
  if (value == NULL || value->object.pointer == NULL) {
    return;
  }
  if (value->internal != NULL) {
    cell_unref(value->internal);
  } else {
    object_destroy(&value->object);
  }
  *value = (svar_object_value_t){0};
}

// --- making ----------------------------------------------------------------------------------------

static svar_ret_t
container_new(const svar_shared_options_t *options, const svar_allocator_t *allocator,
              object_container_t **out_container)
{
  size_t name_bytes = options->name == NULL ? 0 : strlen(options->name) + 1;
  size_t bytes = sizeof(object_container_t) + name_bytes;
  object_container_t *container =
      allocator->allocate(bytes, _Alignof(object_container_t), allocator->state);
  if (container == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no %zu bytes for an object variable %s", bytes,
                     svari_name_text(options->name).text);
  }
  *container = (object_container_t){.base = {.ops = &object_container_ops,
                                             .reference_count = 1,
                                             .type = svar_object_type(),
                                             .backing = SVAR_BACKING_CPU,
                                             .strict = options->strict,
                                             .allow_downcast = options->allow_downcast,
                                             .allocator = *allocator}};
  pthread_mutex_init(&container->lock, NULL);
  if (options->name != NULL) {
    memcpy(container->name, options->name, name_bytes);
    container->base.name = container->name;
  }
  *out_container = container;
  return SVAR_OK;
}

// As Theano's generic: name and flags mean something for every variable, all else is for other kinds.
static svar_ret_t
refuse_options(const svar_shared_options_t *options)
{
  if (options->store != NULL || options->transaction != NULL) {
    return svar_fail(SVAR_ERR_TYPE, "an object is of this process alone: it is in no store");
  }
  if (options->borrow == SVAR_BORROW) {
    return svar_fail(SVAR_ERR_TYPE,
                     "it does not take the option borrow: the object itself is kept");
  }
  SVAR_TRY(svari_options_refuse_broadcastable(options));
  SVAR_TRY(svari_options_refuse_gpu(options));
  return svari_options_refuse_sparse_format(options);
}

svar_ret_t
svari_construct_object(const svar_source_t *source, const svar_shared_options_t *options,
                       void *context, svar_variable_t **out_variable)
{
  const svar_allocator_t allocator =
      context != NULL ? *(const svar_allocator_t *)context : svar_allocator_default();
  if (source->kind != SVAR_SOURCE_OBJECT) {
    return svar_fail(SVAR_ERR_TYPE, "it takes objects (svar_object_source)");
  }
  SVAR_TRY(refuse_options(options));
  object_container_t *container = NULL;
  SVAR_TRY(container_new(options, &allocator, &container));
  svar_ret_t ret = svari_variable_reserve(options->name, &container->base);
  if (ret == SVAR_OK) {
    ret = cell_new(source->detail, &allocator, &container->cell);
  }
  if (ret != SVAR_OK) {
    svari_container_unref(&container->base); // the object stays the caller's
    return ret;
  }
  container->version = 1;
  return svari_variable_create(options->name, &container->base, out_variable); // what was reserved
}

svar_ret_t
svari_object_copy_container(svari_container_t *self, const svar_shared_options_t *options,
                            svar_variable_t **out_variable)
{
  SVAR_TRY(refuse_options(options));
  object_container_t *container;
  SVAR_TRY(container_new(options, &self->allocator, &container));
  uint64_t version;
  cell_t *cell = cell_ref_current((object_container_t *)self, &version);
  svar_ret_t ret = svari_variable_reserve(options->name, &container->base);
  if (ret == SVAR_OK && cell != NULL) {
    ret = cell_of_source(container, &cell->object, SVAR_COPY, &container->cell);
  }
  cell_unref(cell);
  if (ret != SVAR_OK) {
    svari_container_unref(&container->base);
    return ret;
  }
  container->version = 1;
  return svari_variable_create(options->name, &container->base, out_variable); // what was reserved
}
