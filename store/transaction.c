#include "store/transaction_impl.h"

#include <string.h>

#include "store/array.h"
#include "store/crash_point.h"
#include "store/device_container.h"
#include "store/writer_impl.h"
#include "variable/filter.h"
#include "variable/layout.h"
#include "variable/source.h"
#include "variable/text.h"

svar_store_t *
svari_transaction_store(const svar_transaction_t *transaction)
{
  return transaction->store;
}

static svar_ret_t
take_spare_locked(svari_writer_t *writer, svar_transaction_t **out_transaction)
{
  svar_transaction_t *transaction = writer->spare_transactions;
  if (transaction != NULL) {
    writer->spare_transactions = transaction->next;
  } else {
    const svar_allocator_t *allocator = &writer->store->allocator;
    transaction = allocator->allocate(sizeof(*transaction), 64, allocator->state);
    if (transaction == NULL) {
      return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a transaction of store '%s'",
                       writer->store->name);
    }
    *transaction = (svar_transaction_t){0};
  }
  *out_transaction = transaction;
  return SVAR_OK;
}

svar_ret_t
svar_transaction_begin(svar_store_t *store, svar_transaction_t **out_transaction)
{
  SVAR_REQUIRE(store != NULL && out_transaction != NULL);
  SVAR_TRY(svari_store_check(store));
  if (store->writer == NULL) {
    return svar_fail(SVAR_ERR_READ_ONLY,
                     "store '%s' is open for reading here; only its holder can commit",
                     store->name);
  }
  SVAR_TRY(svari_store_check_stale(store));
  svari_writer_lock(store->writer);
  svar_ret_t ret = take_spare_locked(store->writer, out_transaction);
  svari_writer_unlock(store->writer);
  if (ret == SVAR_OK) {
    (*out_transaction)->store = svari_store_ref(store);
    (*out_transaction)->loan_count = 0;
    (*out_transaction)->source_count = 0;
    (*out_transaction)->awaited = 0;
  }
  return ret;
}

void
svari_transactions_destroy(svari_writer_t *writer)
{
  const svar_allocator_t *allocator = &writer->store->allocator;
  while (writer->spare_transactions != NULL) {
    svar_transaction_t *transaction = writer->spare_transactions;
    writer->spare_transactions = transaction->next;
    allocator->deallocate(transaction->loans, allocator->state);
    allocator->deallocate(transaction->sources, allocator->state);
    allocator->deallocate(transaction, allocator->state);
  }
}

// --- loans -----------------------------------------------------------------------------------------

svari_loan_t *
svari_transaction_find_loan_locked(svar_transaction_t *transaction, uint64_t index)
{
  const svari_writer_variable_t *variable = &transaction->store->writer->variables[index];
  if (variable->open_loans == 0) {
    return NULL;
  }
  if (variable->loaner == transaction) {
    return &transaction->loans[variable->loaner_position];
  }
  for (size_t i = 0; i < transaction->loan_count; i++) { // another transaction took the note
    if (transaction->loans[i].variable == index) {
      return &transaction->loans[i];
    }
  }
  return NULL;
}

// Without the lock. A container that has no memory on its GPU yet has no room there either.
svar_ret_t
svari_transaction_finish_earlier(svar_transaction_t *transaction,
                                 const svari_store_container_t *container)
{
  svari_device_region_t *device = container->device;
  if (device == NULL || (transaction->awaited >> (device->place - 1) & 1) == 0) {
    return SVAR_OK;
  }
  svari_writer_lock(transaction->store->writer);
  bool has_earlier = svari_transaction_find_loan_locked(transaction, container->index) != NULL;
  svari_writer_unlock(transaction->store->writer);
  return has_earlier ? svari_device_region_wait(device) : SVAR_OK;
}

// size_bytes: or SVARI_NO_BUFFER.
static svar_ret_t
replace_loan_locked(svari_writer_t *writer, svari_loan_t *loan, uint64_t size_bytes)
{
  const svari_writer_record_t *record = &writer->variables[loan->variable].records[loan->record];
  if (size_bytes != SVARI_NO_BUFFER &&
      svari_record_room(record) >=
          svari_heap_round(svari_writer_heap_of(writer, loan->variable), size_bytes)) {
    loan->size_bytes = size_bytes;
    return SVAR_OK;
  }
  svari_loan_t other = *loan;
  SVAR_TRY(svari_writer_loan(writer, loan->variable, size_bytes, &other));
  svari_writer_abandon(writer, loan);
  *loan = other;
  return SVAR_OK;
}

svar_ret_t
svari_transaction_reserve_loans(svar_transaction_t *transaction, size_t count)
{
  return svari_array_reserve((void **)&transaction->loans, &transaction->loan_room,
                             transaction->loan_count + count, sizeof(svari_loan_t),
                             &transaction->store->allocator);
}

void
svari_transaction_keep_loan_locked(svar_transaction_t *transaction,
                                   svari_store_container_t *container)
{
  svari_loan_t *loan = &transaction->loans[transaction->loan_count];
  loan->container = svari_container_ref(&container->base);
  svari_writer_variable_t *variable = &transaction->store->writer->variables[container->index];
  variable->open_loans++;
  variable->loaner = transaction;
  variable->loaner_position = transaction->loan_count++;
}

static svar_ret_t
add_loan_locked(svar_transaction_t *transaction, svari_store_container_t *container,
                uint64_t size_bytes, svari_loan_t **out_loan)
{
  SVAR_TRY(svari_transaction_reserve_loans(transaction, 1));
  svari_loan_t *loan = &transaction->loans[transaction->loan_count];
  SVAR_TRY(svari_writer_loan(transaction->store->writer, container->index, size_bytes, loan));
  svari_transaction_keep_loan_locked(transaction, container);
  *out_loan = loan;
  return SVAR_OK;
}

static svar_ret_t
take_loan_locked(svar_transaction_t *transaction, svari_store_container_t *container,
                 uint64_t size_bytes, svari_loan_t **out_loan)
{
  SVAR_TRY(svari_store_check(transaction->store)); // it may have been closed while we waited
  *out_loan = svari_transaction_find_loan_locked(transaction, container->index);
  return *out_loan != NULL ? replace_loan_locked(transaction->store->writer, *out_loan, size_bytes)
                           : add_loan_locked(transaction, container, size_bytes, out_loan);
}

static svar_ret_t
take_room_locked(svar_transaction_t *transaction, svari_store_container_t *container,
                 const int64_t *shape, uint64_t size_bytes, uint8_t **out_data)
{
  svari_loan_t *loan;
  SVAR_TRY(take_loan_locked(transaction, container, size_bytes, &loan));
  if (container->base.type.ndim > 0) {
    memcpy(loan->shape, shape, (size_t)container->base.type.ndim * sizeof(int64_t));
  }
  *out_data = transaction->store->region->write_base + loan->offset;
  return SVAR_OK;
}

svar_ret_t
svari_transaction_take_room(svar_transaction_t *transaction, svari_store_container_t *container,
                            const int64_t *shape, uint64_t size_bytes, uint8_t **out_data)
{
  svari_writer_lock(transaction->store->writer);
  svar_ret_t ret = take_room_locked(transaction, container, shape, size_bytes, out_data);
  svari_writer_unlock(transaction->store->writer);
  return ret;
}

// A record without a buffer of its own: it unsets the variable, unless adoption (may be NULL), of a value
// of the plan, or source (may be SVARI_NO_SOURCE) gives it a value.
static svar_ret_t
take_record(svar_transaction_t *transaction, svari_store_container_t *container,
            svari_adoption_t *adoption, const svari_filter_plan_t *plan, uint64_t source)
{
  svari_writer_t *writer = transaction->store->writer;
  svari_loan_t *loan;
  SVAR_TRY(svari_transaction_finish_earlier(transaction, container));
  svari_writer_lock(writer);
  svar_ret_t ret = take_loan_locked(transaction, container, SVARI_NO_BUFFER, &loan);
  if (ret == SVAR_OK) {
    memset(loan->shape, 0, sizeof(loan->shape));
    loan->source = source;
  }
  if (ret == SVAR_OK && adoption != NULL) {
    memcpy(loan->shape, plan->shape, (size_t)plan->ndim * sizeof(int64_t));
    loan->size_bytes = plan->size_bytes;
    svari_writer_adopt(writer, loan, adoption);
  }
  svari_writer_unlock(writer);
  return ret;
}

// --- setting ---------------------------------------------------------------------------------------

static svar_ret_t
check_writable(const svar_transaction_t *transaction, const svari_store_container_t *container)
{
  SVAR_TRY(svari_store_check(transaction->store));
  return svari_container_check_writable(&container->base);
}

svar_ret_t
svari_transaction_filter(svari_store_container_t *container, const svar_source_t *source,
                         svari_filter_plan_t *out_plan)
{
  const svari_container_t *base = &container->base;
  svar_source_t as_host;
  if (svari_store_container_is_on_device(container)) {
    SVAR_TRY(svari_device_check_source(container, source, &as_host));
    source = &as_host;
  }
  return svari_filter_check(&base->type, base->strict, base->allow_downcast, container->name,
                            source, out_plan);
}

static bool
lies_within(const void *base, uint64_t size_bytes, const svar_source_t *source)
{
  return (uintptr_t)svari_source_data(source) - (uintptr_t)base < size_bytes;
}

// True if source lies in the room that the transaction has loaned for a value of the plan.
static bool
reads_own_loan(const svar_transaction_t *transaction, const svari_store_container_t *container,
               const svar_source_t *source, const svari_filter_plan_t *plan)
{
  const svari_region_t *region = transaction->store->region;
  if (!lies_within(region->write_base, region->space.capacity_bytes, source)) {
    return false; // what comes from elsewhere costs no search
  }
  for (size_t i = 0; i < transaction->loan_count; i++) {
    const svari_loan_t *loan = &transaction->loans[i];
    if (loan->variable == container->index && loan->offset < region->space.capacity_bytes) {
      const int64_t shape[1] = {(int64_t)plan->size_bytes};
      DLTensor room = svar_tensor(SVAR_UINT8, region->write_base + loan->offset, 1, shape);
      return svar_may_share_memory(&source->tensor, &room);
    }
  }
  return false;
}

// By way of a copy, for the same room may be taken again.
static svar_ret_t
set_from_own_loan(svar_transaction_t *transaction, svari_store_container_t *container,
                  const svar_source_t *source, const svari_filter_plan_t *plan)
{
  const svar_allocator_t *allocator = &transaction->store->allocator;
  void *copy = allocator->allocate(plan->size_bytes, SVARI_ALIGNMENT, allocator->state);
  if (copy == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no %llu bytes to set variable %s from a loan of itself",
                     (unsigned long long)plan->size_bytes, svari_name_text(container->name).text);
  }
  svari_filter_write(plan, source, copy);
  uint8_t *data;
  svar_ret_t ret =
      svari_transaction_take_room(transaction, container, plan->shape, plan->size_bytes, &data);
  if (ret == SVAR_OK) {
    memcpy(data, copy, plan->size_bytes);
  }
  allocator->deallocate(copy, allocator->state);
  return ret;
}

static svar_ret_t
unset(svar_transaction_t *transaction, svari_store_container_t *container)
{
  if (container->base.strict) {
    return svar_fail(SVAR_ERR_TYPE,
                     "variable %s is strict: it takes arrays of its type, not svar_none()",
                     svari_name_text(container->name).text);
  }
  return take_record(transaction, container, NULL, NULL, SVARI_NO_SOURCE);
}

svar_ret_t
svari_transaction_set(svar_transaction_t *transaction, svari_store_container_t *container,
                      const svar_source_t *source)
{
  svari_filter_plan_t plan;
  uint8_t *data;
  SVAR_TRY(check_writable(transaction, container));
  if (source->kind == SVAR_SOURCE_NONE) {
    return unset(transaction, container);
  }
  if (svari_store_container_is_on_device(container)) {
    svari_container_t *member = &container->base;
    return svari_transaction_set_together(transaction, &member, source, 1);
  }
  SVAR_TRY(svari_transaction_filter(container, source, &plan));
  if (reads_own_loan(transaction, container, source, &plan)) {
    return set_from_own_loan(transaction, container, source, &plan);
  }
  SVAR_TRY(svari_transaction_take_room(transaction, container, plan.shape, plan.size_bytes, &data));
  svari_filter_write(&plan, source, data);
  return SVAR_OK;
}

// That the holder writes the variable's values to.
static const svari_space_t *
space_of(const svari_store_container_t *container)
{
  const svari_device_region_t *device = container->device;
  return device != NULL ? &device->space : container->space;
}

static bool
is_same_device(const svari_store_container_t *container, const svar_source_t *source)
{
  const DLDevice *device = &source->tensor.device;
  return device->device_type == container->view_head.device.device_type &&
         device->device_id == container->view_head.device.device_id;
}

// True if the store can show the source's own bytes to its readers: those of private memory are all in
// this process, and views are compact. Its own memory is a loan that ends, or a version's: no caller's to give.
static bool
can_adopt(const svari_store_container_t *container, const svar_source_t *source,
          const svari_filter_plan_t *plan)
{
  const svari_space_t *space = space_of(container);
  if (source->kind != SVAR_SOURCE_ARRAY || source->detail == NULL ||
      !is_same_device(container, source) ||
      container->store->region->ops->backing != SVAR_BACKING_CPU || plan->size_bytes == 0 ||
      !svar_dtype_equal(plan->from, plan->to) ||
      lies_within(space->read_base, space->capacity_bytes, source)) {
    return false;
  }
  svari_layout_t layout;
  svari_layout_of(&source->tensor, svari_source_data(source), &layout);
  return svari_layout_is_compact(&layout) &&
         (uint64_t)(uintptr_t)layout.data < SVARI_OFFSET_ADDRESS;
}

static svar_ret_t
adopt(svar_transaction_t *transaction, svari_store_container_t *container,
      const svar_source_t *source, const svari_filter_plan_t *plan)
{
  const svar_allocator_t *allocator = &transaction->store->allocator;
  svari_adoption_t *adoption;
  SVAR_TRY(svari_adoption_begin(allocator, (DLManagedTensor *)(uintptr_t)source->detail,
                                svari_source_data(source), plan->size_bytes, &adoption));
  svar_ret_t ret = take_record(transaction, container, adoption, plan, SVARI_NO_SOURCE);
  if (ret != SVAR_OK) {
    adoption->managed = NULL;
    svari_adoptions_end(allocator, adoption);
  }
  return ret;
}

svar_ret_t
svari_transaction_borrow(svar_transaction_t *transaction, svari_store_container_t *container,
                         const svar_source_t *source, bool *out_is_adopted)
{
  svari_filter_plan_t plan;
  *out_is_adopted = false;
  if (source->kind != SVAR_SOURCE_ARRAY) {
    return svari_transaction_set(transaction, container, source);
  }
  SVAR_TRY(check_writable(transaction, container));
  SVAR_TRY(svari_transaction_filter(container, source, &plan));
  if (is_same_device(container, source) && svar_dtype_equal(plan.from, plan.to) &&
      !svari_source_is_aligned(source)) {
    return svar_fail(SVAR_ERR_TYPE,
                     "variable %s: the array's data, at %p, are not aligned for %s, so they "
                     "cannot be borrowed; offer them with SVAR_COPY",
                     svari_name_text(container->name).text, (const void *)svari_source_data(source),
                     svar_dtype_name(plan.from));
  }
  if (!can_adopt(container, source, &plan)) {
    return svari_transaction_set(transaction, container, source);
  }
  *out_is_adopted = true;
  return adopt(transaction, container, source, &plan);
}

svar_ret_t
svari_transaction_refuse_stranger(const svar_transaction_t *transaction)
{
  return svar_fail(SVAR_ERR_ARGUMENT,
                   "the variable is of another handle than the transaction, which is of one of "
                   "store '%s': svar_store_find() with that handle gives it",
                   transaction->store->name);
}

// --- one variable ----------------------------------------------------------------------------------

svar_ret_t
svari_transaction_require(const svar_transaction_t *transaction, const svar_variable_t *variable,
                          svari_store_container_t **out_container)
{
  *out_container = svari_store_container_of(transaction->store, variable);
  if (*out_container != NULL) {
    return SVAR_OK;
  }
  if (svar_variable_store(variable) == transaction->store) {
    return svar_fail(SVAR_ERR_TYPE, "variable %s is no tensor: it can be set, but not loaned",
                     svari_name_text(svar_variable_name(variable)).text);
  }
  return svari_transaction_refuse_stranger(transaction);
}

svar_ret_t
svar_transaction_set(svar_transaction_t *transaction, svar_variable_t *variable,
                     svar_source_t source)
{
  SVAR_REQUIRE(transaction != NULL && variable != NULL);
  svari_store_container_t *container = svari_store_container_of(transaction->store, variable);
  if (container == NULL && variable->container->ops->set_in != NULL) {
    return variable->container->ops->set_in(variable->container, transaction, &source);
  }
  SVAR_TRY(svari_transaction_require(transaction, variable, &container));
  return svari_transaction_set(transaction, container, &source);
}

svar_ret_t
svar_transaction_adopt(svar_transaction_t *transaction, svar_variable_t *variable,
                       DLManagedTensor *managed)
{
  SVAR_REQUIRE(transaction != NULL && variable != NULL && managed != NULL);
  svari_store_container_t *container;
  bool is_adopted;
  svar_source_t source = svar_managed(managed);
  SVAR_TRY(svari_transaction_require(transaction, variable, &container));
  SVAR_TRY(svari_transaction_borrow(transaction, container, &source, &is_adopted));
  if (!is_adopted) {
    svari_managed_delete(managed); // its bytes were copied
  }
  return SVAR_OK;
}

// --- taking another variable's value over ----------------------------------------------------------

static svar_ret_t
check_types(const svari_store_container_t *to, const svari_store_container_t *from)
{
  if (svar_type_equal(&to->base.type, &from->base.type)) {
    return SVAR_OK;
  }
  char to_text[SVAR_TYPE_TEXT_BYTES];
  char from_text[SVAR_TYPE_TEXT_BYTES];
  return svar_fail(
      SVAR_ERR_TYPE,
      "variable %s, %s, cannot take over the value of variable %s, %s: the types must be "
      "the same",
      svari_name_text(to->name).text, svar_type_text(&to->base.type, to_text, sizeof(to_text)),
      svari_name_text(from->name).text,
      svar_type_text(&from->base.type, from_text, sizeof(from_text)));
}

static svar_ret_t
check_spaces(const svari_store_container_t *to, const svari_store_container_t *from)
{
  return to->base.device == from->base.device
             ? SVAR_OK
             : svar_fail(
                   SVAR_ERR_TYPE,
                   "variable %s cannot take over the value of variable %s, which lies in other "
                   "memory (the host's, or a GPU's): set it",
                   svari_name_text(to->name).text, svari_name_text(from->name).text);
}

static svar_ret_t
check_has_value(svari_store_container_t *container)
{
  svar_value_t current = SVAR_VALUE_INIT;
  SVAR_TRY(svari_container_view(&container->base, &current));
  svar_value_release(&current);
  return SVAR_OK;
}

svar_ret_t
svar_transaction_assign(svar_transaction_t *transaction, svar_variable_t *to, svar_variable_t *from)
{
  SVAR_REQUIRE(transaction != NULL && to != NULL && from != NULL);
  svari_store_container_t *container;
  svari_store_container_t *source;
  SVAR_TRY(svari_transaction_require(transaction, to, &container));
  SVAR_TRY(svari_transaction_require(transaction, from, &source));
  SVAR_TRY(check_writable(transaction, container));
  SVAR_TRY(check_types(container, source));
  SVAR_TRY(check_spaces(container, source));
  SVAR_TRY(check_has_value(source));
  SVAR_TRY(svari_array_reserve((void **)&transaction->sources, &transaction->source_room,
                               transaction->source_count + 1, sizeof(svari_container_t *),
                               &transaction->store->allocator));
  SVAR_TRY(take_record(transaction, container, NULL, NULL, source->index));
  transaction->sources[transaction->source_count++] = svari_container_ref(&source->base);
  return SVAR_OK;
}

// --- end -------------------------------------------------------------------------------------------

static svar_ret_t
wait_for_devices(svar_transaction_t *transaction)
{
  uint32_t awaited = transaction->awaited;
  transaction->awaited = 0; // whatever comes of it
  svar_ret_t ret = SVAR_OK;
  for (svari_device_region_t *region = svari_store_devices(transaction->store); region != NULL;
       region = region->next) {
    if ((awaited >> (region->place - 1) & 1) != 0) {
      svar_ret_t waited = svari_device_region_wait(region);
      ret = ret != SVAR_OK ? ret : waited;
    }
  }
  return ret;
}

static void
forget_loans_locked(svar_transaction_t *transaction)
{
  svari_writer_t *writer = transaction->store->writer;
  for (size_t i = 0; i < transaction->loan_count; i++) {
    svari_writer_variable_t *variable = &writer->variables[transaction->loans[i].variable];
    variable->open_loans--;
    if (variable->loaner == transaction) {
      variable->loaner = NULL;
    }
  }
}

// Lets go of the containers, the last of which may take the writer's lock to end its variable, and
// keeps the object for the next transaction. Then adopted arrays go that this transaction, or readers since
// the last one, left without a use.
static void
end(svar_transaction_t *transaction)
{
  svar_store_t *store = transaction->store;
  for (size_t i = 0; i < transaction->loan_count; i++) {
    svari_container_unref(transaction->loans[i].container);
  }
  for (size_t i = 0; i < transaction->source_count; i++) {
    svari_container_unref(transaction->sources[i]);
  }
  transaction->loan_count = 0;
  transaction->source_count = 0;
  svari_writer_lock(store->writer);
  if (svari_store_is_open(store)) {
    svari_writer_reclaim_adoptions(store->writer);
  }
  svari_adoption_t *released = svari_writer_take_released(store->writer);
  transaction->next = store->writer->spare_transactions;
  store->writer->spare_transactions = transaction;
  svari_writer_unlock(store->writer);
  svari_adoptions_end(&store->allocator, released);
  svari_store_unref(store);
}

static svar_ret_t
commit_locked(svar_transaction_t *transaction, uint64_t *out_version)
{
  svari_writer_t *writer = transaction->store->writer;
  SVAR_TRY(svari_store_check(transaction->store)); // it may have been closed while we waited
  if (transaction->source_count > 0) {
    svari_writer_resolve(writer, transaction->loans, transaction->loan_count);
    SVARI_CRASH_POINT("commit.sources_resolved");
  }
  *out_version = svari_writer_commit(writer, transaction->loans, transaction->loan_count);
  forget_loans_locked(transaction);
  return SVAR_OK;
}

svar_ret_t
svari_transaction_commit(svar_transaction_t *transaction, uint64_t *out_version)
{
  svar_store_t *store = transaction->store;
  uint64_t version;
  svar_ret_t ret = svari_store_check(store);
  if (ret == SVAR_OK && transaction->awaited != 0) {
    ret = wait_for_devices(transaction); // readers may read at once: what they find is written
  }
  if (ret == SVAR_OK) {
    svari_writer_lock(store->writer);
    bool has_waiters = svari_wake_prepare(store);
    ret = commit_locked(transaction, &version);
    svari_writer_unlock(store->writer);
    svari_wake(store, has_waiters);
  }
  if (ret != SVAR_OK) {
    return ret;
  }
  if (out_version != NULL) {
    *out_version = version;
  }
  end(transaction);
  return SVAR_OK;
}

svar_ret_t
svar_transaction_commit(svar_transaction_t *transaction, uint64_t *out_version)
{
  SVAR_REQUIRE(transaction != NULL);
  svar_ret_t ret = svari_transaction_commit(transaction, out_version);
  if (ret != SVAR_OK) {
    svar_transaction_abort(transaction);
  }
  return ret;
}

static void
disown(svar_transaction_t *transaction)
{
  svari_writer_lock(transaction->store->writer);
  for (size_t i = 0; i < transaction->loan_count; i++) {
    svari_writer_disown(transaction->store->writer, &transaction->loans[i]);
  }
  svari_writer_unlock(transaction->store->writer);
}

void
svari_transaction_take_back(svar_transaction_t *transaction)
{
  if (atomic_load(&transaction->store->state) != SVARI_STORE_FORKED) {
    disown(transaction);
  }
  svar_transaction_abort(transaction);
}

void
svar_transaction_abort(svar_transaction_t *transaction)
{
  if (transaction == NULL) {
    return;
  }
  svar_store_t *store = transaction->store;
  if (atomic_load(&store->state) == SVARI_STORE_FORKED) {
    return; // the parent's: a child has no way to its lock
  }
  if (transaction->awaited != 0) {
    (void)wait_for_devices(
        transaction); // the next user of a loan's room need not know of this one's stream
  }
  svari_writer_lock(store->writer);
  for (size_t i = 0; i < transaction->loan_count; i++) {
    svari_writer_abandon(store->writer, &transaction->loans[i]);
  }
  forget_loans_locked(transaction);
  svari_writer_unlock(store->writer);
  end(transaction);
}
