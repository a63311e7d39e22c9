#include "store/container.h"

#include <stdio.h>
#include <string.h>

#include "store/device_attach.h"
#include "store/device_view.h"
#include "store/slot.h"
#include "store/transaction.h"
#include "variable/sparse_variable.h"

static __attribute__((noinline)) svar_ret_t
borrow_fenced(svari_store_container_t *container, svar_value_t *out_view)
{
  uint64_t version;
  svari_pin_t *pin;
  bool is_here = !svari_store_container_is_on_device(container);
  if (!is_here) {
    svari_device_tidy(container->store);
  }
  SVAR_TRY(svari_pin_fenced(container->store, &version, &pin));
  svar_ret_t ret = is_here && svari_view(container, version, out_view)
                       ? SVAR_OK
                       : svari_view_search(container, version, out_view);
  out_view->internal.pin = ret == SVAR_OK ? pin : NULL;
  if (ret != SVAR_OK && pin != NULL) {
    svari_unpin(pin);
  }
  return ret;
}

// The version is pinned, but its view is not the common case.
static __attribute__((noinline)) svar_ret_t
search_pinned(svari_store_container_t *container, uint64_t version, svar_value_t *out_view)
{
  svar_ret_t ret = svari_view_search(container, version, out_view);
  if (ret != SVAR_OK) {
    svari_unpin(out_view->internal.pin);
    out_view->internal.pin = NULL;
  }
  return ret;
}

// What borrowing is in host memory and on GPUs: view is what fills a view in the common case, inlined.
static inline __attribute__((always_inline)) svar_ret_t
borrow(svari_store_container_t *container, svar_value_t *out_view,
       bool (*view)(const svari_store_container_t *, uint64_t, svar_value_t *))
{
  svari_pin_t *pin;
  uint64_t version;
  if (__builtin_expect(svari_pin_resume(container->store, &version, &pin), 1)) {
    out_view->internal.pin = pin;
    if (__builtin_expect(view(container, version, out_view), 1)) {
      return SVAR_OK;
    }
    return search_pinned(container, version, out_view);
  }
  return borrow_fenced(container, out_view);
}

svar_ret_t
svari_store_container_borrow(svari_container_t *self, svar_value_t *out_view)
{
  return borrow((svari_store_container_t *)self, out_view, svari_view);
}

svar_ret_t
svari_store_container_borrow_far(svari_container_t *self, svar_value_t *out_view)
{
  return borrow((svari_store_container_t *)self, out_view, svari_device_view);
}

// An array whose owner comes with it and that was copied after all is not needed any more.
static void
end_copied(const svar_source_t *source, svar_borrow_t borrow, bool is_adopted)
{
  if (borrow == SVAR_BORROW && source->kind == SVAR_SOURCE_ARRAY && source->detail != NULL &&
      !is_adopted) {
    svari_managed_delete((DLManagedTensor *)(uintptr_t)source->detail);
  }
}

static svar_ret_t
put(svar_transaction_t *transaction, svari_store_container_t *container,
    const svar_source_t *source, svar_borrow_t borrow, bool *out_is_adopted)
{
  *out_is_adopted = false;
  return borrow == SVAR_BORROW
             ? svari_transaction_borrow(transaction, container, source, out_is_adopted)
             : svari_transaction_set(transaction, container, source);
}

// An array changes its owner if and only if all goes well, so not before the commit.
svar_ret_t
svari_store_container_set(svari_container_t *self, const svar_source_t *source,
                          svar_borrow_t borrow)
{
  svari_store_container_t *container = (svari_store_container_t *)self;
  svar_transaction_t *transaction;
  bool is_adopted;
  SVAR_TRY(svar_transaction_begin(container->store, &transaction));
  svar_ret_t ret = put(transaction, container, source, borrow, &is_adopted);
  if (ret == SVAR_OK) {
    ret = svari_transaction_commit(transaction, NULL);
  }
  if (ret != SVAR_OK) {
    svari_transaction_take_back(transaction);
    return ret;
  }
  end_copied(source, borrow, is_adopted);
  return SVAR_OK;
}

svar_ret_t
svari_store_container_set_together(svari_container_t *const *members, const svar_source_t *sources,
                                   size_t count, svar_transaction_t *transaction)
{
  if (transaction != NULL) {
    return svari_transaction_set_together(transaction, members, sources, count);
  }
  svar_store_t *store = ((svari_store_container_t *)members[0])->store;
  SVAR_TRY(svar_transaction_begin(store, &transaction));
  svar_ret_t ret = svari_transaction_set_together(transaction, members, sources, count);
  if (ret != SVAR_OK) {
    svar_transaction_abort(transaction);
    return ret;
  }
  return svar_transaction_commit(transaction, NULL);
}

svar_store_t *
svari_store_container_store(svari_container_t *self)
{
  return ((svari_store_container_t *)self)->store;
}

const void *
svari_store_container_cell(const svari_container_t *self)
{
  return ((const svari_store_container_t *)self)->entry;
}

void
svari_store_container_destroy(svari_container_t *self)
{
  svari_store_container_t *container = (svari_store_container_t *)self;
  svar_store_t *store = container->store;
  svar_allocator_t allocator = self->allocator;
  svari_adoption_t *released = NULL;
  bool has_waiters = false;
  bool has_forgotten = false;
  if (store->writer != NULL && atomic_load(&store->state) != SVARI_STORE_FORKED) {
    svari_writer_lock(store->writer);
    if (svari_writer_own(store->writer, container->index) == self) {
      svari_writer_set_own(store->writer, container->index, NULL);
    }
    if (atomic_load(&store->state) != SVARI_STORE_OPEN) {
      // closed: the store's bytes are the next holder's
    } else if (container->is_anonymous) {
      has_waiters = svari_wake_prepare(store);
      svari_writer_forget(store->writer, container->index);
      has_forgotten = true;
    } else {
      svari_writer_undeclare(store->writer, container->index);
    }
    released = svari_writer_take_released(store->writer);
    svari_writer_unlock(store->writer);
  }
  if (has_forgotten) { // which is a version of its own
    svari_wake(store, has_waiters);
  }
  svari_adoptions_end(&allocator, released);
  allocator.deallocate(container, allocator.state);
  svari_store_unref(store);
}

const svari_container_ops_t svari_store_container_ops = {
    .borrow = svari_store_container_borrow,
    .copy = svari_container_copy_bytes,
    .set = svari_store_container_set,
    .set_together = svari_store_container_set_together,
    .store = svari_store_container_store,
    .cell = svari_store_container_cell,
    .destroy = svari_store_container_destroy,
};

// Says where the variable's values lie: on that GPU of its store's, or (0) in host memory.
static void
place(svari_store_container_t *container, uint32_t device)
{
  const svar_store_t *store = container->store;
  if (device == 0) {
    container->base.ops = &svari_store_container_ops;
    container->base.backing = store->region->ops->backing;
    container->space = &store->region->space;
    container->view_head.device = (DLDevice){kDLCPU, 0};
  } else {
    container->base.ops = &svari_device_container_ops;
    container->base.backing = SVAR_BACKING_GPU;
    container->base.device = (uint8_t)device;
    container->view_head.device = (DLDevice){kDLCUDA, -1};
  }
}

static svar_ret_t
container_new(svar_store_t *store, uint64_t index, svari_store_container_t **out_container)
{
  const svari_entry_t *entry = svari_directory_entry(store, index);
  svar_type_t type;
  if (entry == NULL) {
    return svar_fail(SVAR_ERR_CORRUPT, "store '%s': entry %llu of the directory is out of bounds",
                     store->name, (unsigned long long)index);
  }
  uint32_t device;
  SVAR_TRY(svari_directory_type(store, entry, &type, &device));
  svari_store_container_t *container =
      store->allocator.allocate(sizeof(*container), 64, store->allocator.state);
  if (container == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a variable of store '%s'", store->name);
  }
  *container = (svari_store_container_t){
      .base = {.reference_count = 1, .type = type, .allocator = store->allocator},
      .store = svari_store_ref(store),
      .entry = entry,
      .view_head = {.ndim = type.ndim, .dtype = type.dtype},
      .element_bytes = svar_dtype_bytes(type.dtype),
      .index = index,
  };
  place(container, device);
  memcpy(container->name, entry->name, SVARI_NAME_BYTES - 1); // ends in 0 whatever the file says
  container->base.name = container->name;
  *out_container = container;
  return SVAR_OK;
}

// True for "w.data" of a sparse variable "w". All parts of one get their first value together, and a value
// fixes what an entry is, so that this never changes.
static bool
is_part(svar_store_t *store, const char *name)
{
  char whole[SVARI_NAME_BYTES];
  uint64_t index;
  size_t bytes = svari_sparse_whole_bytes(name);
  memcpy(whole, name, bytes);
  whole[bytes] = '\0';
  if (bytes == 0 || svari_directory_find(store, whole, &index) != SVAR_OK) {
    return false;
  }
  const svari_entry_t *entry = svari_directory_entry(store, index);
  svar_type_t type;
  uint32_t device;
  return entry != NULL && svari_store_has_value(store, entry) &&
         svari_directory_type(store, entry, &type, &device) == SVAR_OK &&
         type.kind == SVAR_KIND_SPARSE;
}

svar_ret_t
svari_store_variable(svar_store_t *store, uint64_t index, svar_variable_t **out_variable)
{
  svari_store_container_t *container;
  SVAR_TRY(container_new(store, index, &container));
  container->base.is_part = is_part(store, container->name);
  svar_variable_t *variable;
  svar_ret_t ret = svari_variable_create(container->name, &container->base, &variable);
  if (ret != SVAR_OK) {
    svari_container_unref(&container->base);
    return ret;
  }
  if (container->base.type.kind != SVAR_KIND_SPARSE) {
    *out_variable = variable;
    return SVAR_OK;
  }
  ret = svari_sparse_variable_open(variable, out_variable);
  if (ret != SVAR_OK) {
    svar_variable_unref(variable);
  }
  return ret;
}

void
svari_store_take_own_rules(svar_variable_t *variable)
{
  svari_container_t *container = variable->container;
  const svari_sparse_container_t *sparse = svari_sparse_container_of(variable);
  const svari_store_container_t *entry =
      (const svari_store_container_t *)(sparse == NULL
                                            ? container
                                            : sparse->parts[SVARI_SPARSE_HEAD]->container);
  svari_writer_lock(entry->store->writer);
  const svari_container_t *own = svari_writer_own(entry->store->writer, entry->index);
  if (own != NULL) {
    container->strict = own->strict;
    container->allow_downcast = own->allow_downcast;
    svar_container_readonly_set(container, svar_container_is_readonly(own));
  }
  svari_writer_unlock(entry->store->writer);
}

// --- the factory that variable/ makes shared variables with ----------------------------------------

static svar_ret_t
declare_locked(svar_store_t *store, const svari_container_spec_t *spec, uint32_t device,
               uint64_t *out_index)
{
  SVAR_TRY(svari_store_check(store)); // it may have been closed while we waited
  const char *name = spec->options->name;
  return spec->options->store != NULL
             ? svari_writer_declare(store->writer, name, &spec->type, device, out_index)
             : svari_writer_declare_anonymous(store->writer, &spec->type, device, out_index);
}

// A new entry: named in the store of the options, anonymous in the process's private store.
static svar_ret_t
declare(svar_store_t *store, const svari_container_spec_t *spec, uint64_t *out_index)
{
  SVAR_TRY(svari_store_check(store));
  if (store->writer == NULL) {
    return svar_fail(SVAR_ERR_READ_ONLY,
                     "store '%s' is open for reading here; only its holder can add variables",
                     store->name);
  }
  const svar_shared_options_t *options = spec->options;
  uint32_t device = 0;
  if (options->target == SVAR_TARGET_GPU) {
    SVAR_TRY(svari_store_device(store, options->gpu, &device));
  }
  svari_writer_lock(store->writer);
  svar_ret_t ret = declare_locked(store, spec, device, out_index);
  svari_writer_unlock(store->writer);
  return ret;
}

// A variable made without a store keeps its name as a label only: it need not be unique, as in Theano.
static void
set_label(svari_store_container_t *container, const char *label)
{
  container->is_anonymous = true;
  snprintf(container->name, sizeof(container->name), "%s", label != NULL ? label : "");
  container->base.name = label != NULL ? container->name : NULL;
}

// The first value, at once or with the transaction that the options name.
static svar_ret_t
set_first(svari_store_container_t *container, const svari_container_spec_t *spec)
{
  svar_transaction_t *transaction = spec->options->transaction;
  if (spec->source == NULL) {
    return SVAR_OK;
  }
  if (transaction == NULL) {
    return svari_store_container_set(&container->base, spec->source, spec->options->borrow);
  }
  if (svari_transaction_store(transaction) != container->store) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "the transaction given is of another handle than the one of store '%s' given",
                     container->store->name);
  }
  bool is_adopted;
  SVAR_TRY(put(transaction, container, spec->source, spec->options->borrow, &is_adopted));
  end_copied(spec->source, spec->options->borrow, is_adopted);
  return SVAR_OK;
}

static void
become_own(const svari_store_container_t *container)
{
  svari_writer_t *writer = container->store->writer;
  svari_writer_lock(writer);
  svari_writer_set_own(writer, container->index, &container->base);
  svari_writer_unlock(writer);
}

static svar_ret_t
store_container_create(const svari_container_spec_t *spec, svari_container_t **out_container)
{
  const svar_shared_options_t *options = spec->options;
  svar_store_t *store = options->store;
  SVAR_REQUIRE(store == NULL || options->name != NULL);
  if (store == NULL) {
    SVAR_TRY(svari_store_private(&store));
  }
  uint64_t index;
  svari_store_container_t *container;
  SVAR_TRY(declare(store, spec, &index));
  SVAR_TRY(container_new(store, index, &container));
  container->base.strict = options->strict;
  container->base.allow_downcast = options->allow_downcast;
  if (options->store == NULL) {
    set_label(container, options->name);
  }
  become_own(container); // before anybody can find its first value
  svar_ret_t ret = svari_variable_reserve(options->name, &container->base);
  if (ret == SVAR_OK) {
    ret = set_first(container, spec);
  }
  if (ret != SVAR_OK) {
    svari_container_unref(&container->base); // takes the declaration back
    return ret;
  }
  *out_container = &container->base;
  return SVAR_OK;
}

static __attribute__((constructor)) void
offer_factory(void)
{
  svari_container_factory_set(store_container_create);
}
