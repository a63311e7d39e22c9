#include "store/transaction_impl.h"

#include <assert.h>
#include <string.h>

#include "store/device_container.h"

// Room for every member beside what the transaction has loaned of it already, or for none.
static svar_ret_t
loan_members_locked(svar_transaction_t *transaction, svari_member_t *members, size_t count)
{
  svari_writer_t *writer = transaction->store->writer;
  SVAR_TRY(svari_store_check(transaction->store)); // it may have been closed while we waited
  SVAR_TRY(svari_transaction_reserve_loans(transaction, count));
  for (size_t i = 0; i < count; i++) {
    svar_ret_t ret = svari_writer_loan(writer, members[i].container->index,
                                       members[i].plan.size_bytes, &members[i].loan);
    if (ret != SVAR_OK) {
      while (i-- > 0) {
        svari_writer_abandon(writer, &members[i].loan);
      }
      return ret;
    }
  }
  return SVAR_OK;
}

// The member's new loan is the transaction's, perhaps in the place of an earlier one.
static void
keep_member_locked(svar_transaction_t *transaction, svari_member_t *member)
{
  memset(member->loan.shape, 0, sizeof(member->loan.shape));
  memcpy(member->loan.shape, member->plan.shape,
         (size_t)member->plan.ndim * sizeof(member->plan.shape[0]));
  svari_loan_t *earlier = svari_transaction_find_loan_locked(transaction, member->container->index);
  if (earlier == NULL) {
    transaction->loans[transaction->loan_count] = member->loan;
    svari_transaction_keep_loan_locked(transaction, member->container);
    return;
  }
  svari_writer_abandon(transaction->store->writer, earlier);
  member->loan.container = earlier->container;
  *earlier = member->loan;
}

svar_ret_t
svari_transaction_loan_members(svar_transaction_t *transaction, svari_member_t *members,
                               size_t count)
{
  for (size_t i = 0; i < count; i++) {
    SVAR_TRY(svari_transaction_finish_earlier(transaction, members[i].container));
  }
  svari_writer_lock(transaction->store->writer);
  svar_ret_t ret = loan_members_locked(transaction, members, count);
  svari_writer_unlock(transaction->store->writer);
  return ret;
}

svar_ret_t
svari_transaction_settle_members(svar_transaction_t *transaction, svari_member_t *members,
                                 size_t count, svar_ret_t ret)
{
  svari_writer_lock(transaction->store->writer);
  for (size_t i = 0; i < count; i++) {
    if (ret == SVAR_OK) {
      keep_member_locked(transaction, &members[i]);
    } else {
      svari_writer_abandon(transaction->store->writer, &members[i].loan);
    }
  }
  svari_writer_unlock(transaction->store->writer);
  return ret;
}

// Only a device can fail.
static svar_ret_t
write_members(const svar_transaction_t *transaction, const svari_member_t *members,
              const svar_source_t *sources, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    const svari_member_t *member = &members[i];
    if (sources[i].kind == SVAR_SOURCE_NONE) {
      continue;
    }
    if (svari_store_container_is_on_device(member->container)) {
      SVAR_TRY(
          svari_device_write(member->container, &member->plan, &sources[i], member->loan.offset));
    } else {
      svari_filter_write(&member->plan, &sources[i],
                         transaction->store->region->write_base + member->loan.offset);
    }
  }
  return SVAR_OK;
}

static svar_ret_t
plan_member(const svar_transaction_t *transaction, svari_container_t *container,
            const svar_source_t *source, svari_member_t *member)
{
  member->container = (svari_store_container_t *)container;
  if (member->container->store != transaction->store) {
    return svari_transaction_refuse_stranger(transaction);
  }
  if (source->kind == SVAR_SOURCE_NONE) {
    member->plan = (svari_filter_plan_t){.size_bytes = SVARI_NO_BUFFER};
    return SVAR_OK;
  }
  return svari_transaction_filter(member->container, source, &member->plan);
}

svar_ret_t
svari_transaction_set_together(svar_transaction_t *transaction,
                               svari_container_t *const *containers, const svar_source_t *sources,
                               size_t count)
{
  svari_member_t members[SVARI_TOGETHER_MAX];
  assert(count <= SVARI_TOGETHER_MAX);
  SVAR_TRY(svari_store_check(transaction->store));
  for (size_t i = 0; i < count; i++) {
    SVAR_TRY(plan_member(transaction, containers[i], &sources[i], &members[i]));
  }
  SVAR_TRY(svari_transaction_loan_members(transaction, members, count));
  svar_ret_t ret = write_members(transaction, members, sources, count);
  return svari_transaction_settle_members(transaction, members, count, ret);
}
