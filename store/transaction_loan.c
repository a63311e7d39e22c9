// Loans that callers write into.
#include "store/transaction_impl.h"

#include <string.h>

#include "shared_variable/random.h"
#include "store/device_container.h"
#include "variable/text.h"

// A pinned view of the current value, for a loan that takes its shape or its bytes.
static svar_ret_t
pin_current(svari_store_container_t *container, svar_value_t *out_current)
{
  svar_ret_t ret = svari_container_view(&container->base, out_current);
  if (ret != SVAR_OK) {
    svar_fail_context("a loan that gives no shape, or is prefilled, needs a current value");
  }
  return ret;
}

static svar_ret_t
check_shape(const svari_store_container_t *container, const int64_t *shape,
            uint64_t *out_size_bytes)
{
  const svar_type_t *type = &container->base.type;
  SVAR_TRY(svar_shape_bytes(type->dtype, type->ndim, shape, out_size_bytes));
  for (int32_t i = 0; i < type->ndim; i++) {
    if ((type->broadcastable >> i & 1) != 0 && shape[i] != 1) {
      return svar_fail(SVAR_ERR_TYPE,
                       "variable %s: axis %d is broadcastable, so its extent is 1, not %lld",
                       svari_name_text(container->name).text, i, (long long)shape[i]);
    }
  }
  if (type->kind == SVAR_KIND_RANDOM && shape[0] != SVAR_RANDOM_WORDS) {
    return svar_fail(SVAR_ERR_TYPE, "variable %s: a random state has %d words, not %lld",
                     svari_name_text(container->name).text, SVAR_RANDOM_WORDS, (long long)shape[0]);
  }
  return SVAR_OK;
}

static void
fill_hole(const svari_store_container_t *container, const int64_t *shape, void *data,
          svar_value_t *out_hole)
{
  const svar_type_t *type = &container->base.type;
  *out_hole = (svar_value_t){.is_alias = true};
  if (type->ndim > 0) {
    memcpy(out_hole->shape, shape, (size_t)type->ndim * sizeof(int64_t));
  }
  out_hole->tensor = (DLTensor){.data = data,
                                .device = container->view_head.device,
                                .ndim = type->ndim,
                                .dtype = type->dtype,
                                .shape = out_hole->shape};
}

// The commit will wait for the container's device.
static void
await(svar_transaction_t *transaction, const svari_store_container_t *container)
{
  transaction->awaited |= UINT32_C(1) << (container->base.device - 1);
}

// What is written into the loan may be under way at the commit.
static svar_ret_t
loan_on_device(svar_transaction_t *transaction, svari_store_container_t *container,
               const int64_t *shape, uint64_t size_bytes, const svar_value_t *prefill,
               svar_value_t *out_hole)
{
  svari_member_t member = {.container = container,
                           .plan = {.ndim = container->base.type.ndim, .size_bytes = size_bytes}};
  if (member.plan.ndim > 0) {
    memcpy(member.plan.shape, shape, (size_t)member.plan.ndim * sizeof(int64_t));
  }
  SVAR_TRY(svari_device_require(container));
  SVAR_TRY(svari_transaction_loan_members(transaction, &member, 1));
  await(transaction, container);
  fill_hole(container, shape, svari_device_address(container, member.loan.offset), out_hole);
  svar_ret_t ret = prefill == NULL
                       ? SVAR_OK
                       : svari_container_fill(&container->base, out_hole, &prefill->tensor);
  return svari_transaction_settle_members(transaction, &member, 1, ret);
}

static svar_ret_t
loan(svar_transaction_t *transaction, svari_store_container_t *container, const int64_t *shape,
     const svar_value_t *prefill, svar_value_t *out_hole)
{
  uint64_t size_bytes;
  uint8_t *data;
  SVAR_TRY(check_shape(container, shape, &size_bytes));
  if (svari_store_container_is_on_device(container)) {
    return loan_on_device(transaction, container, shape, size_bytes, prefill, out_hole);
  }
  SVAR_TRY(svari_transaction_take_room(transaction, container, shape, size_bytes, &data));
  if (prefill != NULL) {
    memcpy(data, prefill->tensor.data, size_bytes);
  }
  fill_hole(container, shape, data, out_hole);
  return SVAR_OK;
}

svar_ret_t
svar_transaction_loan(svar_transaction_t *transaction, svar_variable_t *variable,
                      const int64_t *shape, bool prefill, svar_value_t *out_hole)
{
  SVAR_REQUIRE(transaction != NULL && variable != NULL && out_hole != NULL);
  SVAR_REQUIRE(!prefill || shape == NULL);
  svari_store_container_t *container;
  SVAR_TRY(svari_store_check(transaction->store));
  SVAR_TRY(svari_transaction_require(transaction, variable, &container));
  SVAR_TRY(svari_container_check_writable(&container->base));
  if (shape != NULL || (container->base.type.ndim == 0 && !prefill)) {
    return loan(transaction, container, shape, NULL, out_hole);
  }
  svar_value_t current = SVAR_VALUE_INIT;
  SVAR_TRY(pin_current(container, &current));
  svar_ret_t ret = loan(transaction, container, current.shape, prefill ? &current : NULL, out_hole);
  svar_value_release(&current);
  return ret;
}

svar_ret_t
svar_transaction_follow(svar_transaction_t *transaction, svar_variable_t *variable, void *stream)
{
  SVAR_REQUIRE(transaction != NULL && variable != NULL);
  svari_store_container_t *container;
  SVAR_TRY(svari_store_check(transaction->store));
  SVAR_TRY(svari_transaction_require(transaction, variable, &container));
  if (!svari_store_container_is_on_device(container)) {
    return svar_fail(SVAR_ERR_TYPE, "variable %s is in host memory: no stream writes it",
                     svari_name_text(container->name).text);
  }
  SVAR_TRY(svari_device_require(container));
  await(transaction, container);
  svari_device_region_t *device = container->device;
  return device->ops->follow(device, stream);
}
