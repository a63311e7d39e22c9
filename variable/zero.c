#include <string.h>

#include "shared_variable/transaction.h"
#include "variable/container.h"
#include "variable/text.h"

// A zero is all bits zero in every dtype that has one.
static svar_ret_t
check_type(const svar_variable_t *variable, const svar_type_t *type)
{
  char text[SVAR_TYPE_TEXT_BYTES];
  bool has_zero = !svar_dtype_equal(type->dtype, SVAR_FLOAT8_E8M0FNU);
  if (has_zero && (type->kind == SVAR_KIND_TENSOR || type->kind == SVAR_KIND_NUMBER)) {
    return SVAR_OK;
  }
  const char *name = svar_variable_name(variable);
  return svar_fail(SVAR_ERR_TYPE, "variable %s, %s, has no zeros", svari_name_text(name).text,
                   svar_type_text(type, text, sizeof(text)));
}

static svar_ret_t
zero_in(svar_transaction_t *transaction, svar_variable_t *variable, const svar_type_t *type)
{
  svar_value_t hole = SVAR_VALUE_INIT;
  // A loan of one number asks for no current value unless it is prefilled.
  SVAR_TRY(svar_transaction_loan(transaction, variable, NULL, type->ndim == 0, &hole));
  const svari_far_ops_t *far = variable->container->ops->far;
  if (far != NULL) {
    return far->clear(variable->container, &hole);
  }
  memset(hole.tensor.data, 0, svar_value_bytes(&hole));
  return SVAR_OK;
}

svar_ret_t
svar_zero(svar_variable_t *variable, svar_borrow_t borrow)
{
  SVAR_REQUIRE(variable != NULL && (borrow == SVAR_COPY || borrow == SVAR_BORROW));
  svari_container_t *container = variable->container;
  if (container->ops->zero != NULL) {
    return container->ops->zero(container);
  }
  svar_type_t type = container->type;
  svar_transaction_t *transaction;
  SVAR_TRY(check_type(variable, &type));
  SVAR_TRY(svar_transaction_begin(svar_variable_store(variable), &transaction));
  svar_ret_t ret = zero_in(transaction, variable, &type);
  if (ret != SVAR_OK) {
    svar_transaction_abort(transaction);
    return ret;
  }
  return svar_transaction_commit(transaction, NULL);
}
