#include "gateway_operations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway_load.h"

static bool
is_text(const char text[SVAR_GATEWAY_NAME_BYTES])
{
  return memchr(text, '\0', SVAR_GATEWAY_NAME_BYTES) != NULL;
}

svar_ret_t
svari_gateway_question_read(const void *payload, uint64_t payload_bytes,
                            svari_gateway_question_t *out_question)
{
  svari_gateway_question_t question;
  if (payload_bytes < sizeof(question.request)) {
    return svar_fail(SVAR_ERR_LAYOUT, "a request of %llu bytes: it takes %zu and its data",
                     (unsigned long long)payload_bytes, sizeof(question.request));
  }
  memcpy(&question.request, payload, sizeof(question.request));
  question.data = (const svar_gateway_request_t *)payload + 1;
  const svar_gateway_request_t *request = &question.request;
  if (request->layout != SVAR_GATEWAY_LAYOUT) {
    return svar_fail(SVAR_ERR_LAYOUT, "a request of layout %u: this gateway has %d",
                     (unsigned)request->layout, SVAR_GATEWAY_LAYOUT);
  }
  if (!is_text(request->store) || !is_text(request->variable)) {
    return svar_fail(SVAR_ERR_ARGUMENT, "a request whose names do not end");
  }
  if (request->tensor.data_bytes > payload_bytes - sizeof(*request)) {
    return svar_fail(SVAR_ERR_ARGUMENT, "a request with %llu bytes of data says it has %llu",
                     (unsigned long long)(payload_bytes - sizeof(*request)),
                     (unsigned long long)request->tensor.data_bytes);
  }
  *out_question = question;
  return SVAR_OK;
}

static svar_gateway_tensor_t
describe_tensor(const svar_value_t *value)
{
  const DLTensor *tensor = &value->tensor;
  svar_gateway_tensor_t described = {.dtype_code = tensor->dtype.code,
                                     .dtype_bits = tensor->dtype.bits,
                                     .dtype_lanes = tensor->dtype.lanes,
                                     .ndim = tensor->ndim,
                                     .data_bytes = svar_value_bytes(value)};
  memcpy(described.shape, value->shape, (size_t)tensor->ndim * sizeof(int64_t));
  return described;
}

// --- SVAR_GATEWAY_STORES --------------------------------------------------------------------------

typedef struct store_names {
  char (*items)[SVAR_GATEWAY_NAME_BYTES];
  size_t count, room;
} store_names_t;

static bool
add_name(const char *name, uid_t owner, void *context)
{
  store_names_t *names = context;
  if (owner != geteuid()) {
    return true;
  }
  if (names->count == names->room) {
    size_t room = 2 * names->room + 16;
    void *items = realloc(names->items, room * sizeof(*names->items));
    if (items == NULL) {
      return false;
    }
    names->items = items;
    names->room = room;
  }
  snprintf(names->items[names->count++], SVAR_GATEWAY_NAME_BYTES, "%s", name);
  return true;
}

static int
compare_names(const void *a, const void *b)
{
  return strcmp(a, b);
}

static void
describe_store(const char *name, svar_gateway_store_t *out_store)
{
  *out_store = (svar_gateway_store_t){{0}, 0, 0, 0, 0, 0};
  snprintf(out_store->name, sizeof(out_store->name), "%s", name);
  svar_store_t *store = NULL;
  svar_store_info_t info;
  // One that cannot be opened now is listed all the same: nothing but its name is known.
  if (svar_store_open(name, NULL, &store) == SVAR_OK && svar_store_info(store, &info) == SVAR_OK) {
    out_store->version = info.version;
    out_store->created_ns = info.created_ns;
    out_store->variable_count = (uint32_t)info.variable_count;
    out_store->holder_pid = info.holder_pid;
  }
  svar_store_close(store);
}

static void
set_entries(svari_gateway_answer_t *answer, uint32_t count, size_t total, size_t entry_bytes)
{
  answer->response.count = count;
  answer->response.total = (uint32_t)total;
  answer->response.tensor.data_bytes = count * entry_bytes;
  answer->data = &answer->entries;
}

static svar_ret_t
list_stores(const svari_gateway_question_t *question, svari_gateway_answer_t *answer)
{
  store_names_t names = {NULL, 0, 0};
  svar_ret_t ret = svar_store_list(NULL, add_name, &names);
  if (ret == SVAR_OK) {
    if (names.count > 0) { // qsort() takes no NULL
      qsort(names.items, names.count, sizeof(*names.items), compare_names);
    }
    uint32_t count = 0;
    for (size_t i = question->request.index; i < names.count && count < SVAR_GATEWAY_ENTRIES; i++) {
      describe_store(names.items[i], &answer->entries.stores[count++]);
    }
    set_entries(answer, count, names.count, sizeof(svar_gateway_store_t));
  }
  free(names.items);
  return ret;
}

// --- SVAR_GATEWAY_VARIABLES -----------------------------------------------------------------------

static svar_ret_t
describe_variable(const svar_snapshot_t *now, svar_variable_t *variable, uint32_t id,
                  svar_gateway_variable_t *out_variable)
{
  svar_value_t view = SVAR_VALUE_INIT;
  svar_ret_t ret = svar_snapshot_describe(now, variable, &view);
  if (ret != SVAR_OK && ret != SVAR_ERR_UNSET) {
    return ret;
  }
  *out_variable = (svar_gateway_variable_t){.id = id, .version = view.version};
  snprintf(out_variable->name, sizeof(out_variable->name), "%s", svar_variable_name(variable));
  if (ret == SVAR_OK) {
    out_variable->is_set = 1;
    out_variable->tensor = describe_tensor(&view);
  }
  return SVAR_OK;
}

// Entries from the snapshot on, until they are enough.
static svar_ret_t
list_from(const svar_snapshot_t *now, uint32_t index, svari_gateway_answer_t *answer)
{
  size_t total = svar_store_count(now->store);
  uint32_t count = 0;
  for (size_t id = index; id < total && count < SVAR_GATEWAY_ENTRIES; id++) {
    svar_variable_t *variable = NULL;
    svar_ret_t ret = svar_store_at(now->store, id, &variable);
    if (ret == SVAR_ERR_NOT_FOUND) { // it never had a value
      continue;
    }
    SVAR_TRY(ret);
    ret = describe_variable(now, variable, (uint32_t)id, &answer->entries.variables[count++]);
    svar_variable_unref(variable);
    SVAR_TRY(ret);
  }
  set_entries(answer, count, total, sizeof(svar_gateway_variable_t));
  answer->response.version = now->version;
  return SVAR_OK;
}

static svar_ret_t
list_variables(const svari_gateway_question_t *question, svari_gateway_answer_t *answer)
{
  SVAR_TRY(svar_store_open(question->request.store, NULL, &answer->store));
  svar_snapshot_t now = SVAR_SNAPSHOT_INIT;
  SVAR_TRY(svar_snapshot_begin(answer->store, &now));
  svar_ret_t ret = list_from(&now, question->request.index, answer);
  svar_snapshot_end(&now);
  return ret;
}

// --- SVAR_GATEWAY_GET, SVAR_GATEWAY_SET -----------------------------------------------------------

static svar_ret_t
get(const svari_gateway_question_t *question, svari_gateway_answer_t *answer)
{
  SVAR_TRY(svar_store_open(question->request.store, NULL, &answer->store));
  svar_variable_t *variable = NULL;
  SVAR_TRY(svar_store_find(answer->store, question->request.variable, &variable));
  svar_ret_t ret = svar_get_value(variable, SVAR_BORROW, &answer->value);
  svar_variable_unref(variable);
  SVAR_TRY(ret);
  answer->response.version = answer->value.version;
  answer->response.tensor = describe_tensor(&answer->value);
  answer->data = answer->value.tensor.data;
  return SVAR_OK;
}

static svar_ret_t
open_remote(const char *store, const svari_gateway_rules_t *rules, svar_remote_t **out_remote)
{
  if (!rules->allow_set) {
    return svar_fail(SVAR_ERR_PERMISSION,
                     "this gateway passes no values on to %s: its parameter allow_set is false",
                     store);
  }
  svar_remote_options_t options = SVAR_REMOTE_OPTIONS_INIT;
  options.timeout_ns = rules->timeout_ns;
  return svar_remote_open(store, &options, out_remote);
}

static svar_ret_t
set(const svari_gateway_question_t *question, const svari_gateway_rules_t *rules,
    svari_gateway_answer_t *answer)
{
  const svar_gateway_request_t *request = &question->request;
  const svar_gateway_tensor_t *given = &request->tensor;
  svar_dtype_t dtype = {given->dtype_code, given->dtype_bits, given->dtype_lanes};
  if (!svar_dtype_is_known(dtype)) {
    return svar_fail(SVAR_ERR_TYPE, "dtype {%u, %u, %u} is none that a variable can have",
                     given->dtype_code, given->dtype_bits, given->dtype_lanes);
  }
  uint64_t size_bytes;
  SVAR_TRY(svar_shape_bytes(dtype, given->ndim, given->shape, &size_bytes));
  if (size_bytes != given->data_bytes) {
    return svar_fail(SVAR_ERR_ARGUMENT, "the value for '%s' has %llu bytes, its shape makes %llu",
                     request->variable, (unsigned long long)given->data_bytes,
                     (unsigned long long)size_bytes);
  }
  svar_remote_t *remote = NULL;
  SVAR_TRY(open_remote(request->store, rules, &remote));
  DLTensor tensor =
      svar_tensor(dtype, (void *)(uintptr_t)question->data, given->ndim, given->shape);
  svar_ret_t ret =
      svar_remote_set(remote, request->variable, svar_array(&tensor), &answer->response.version);
  svar_remote_close(remote);
  return ret;
}

static svar_ret_t
load(const svari_gateway_question_t *question, const svari_gateway_rules_t *rules,
     svari_gateway_answer_t *answer)
{
  svar_remote_t *remote = NULL;
  SVAR_TRY(open_remote(question->request.store, rules, &remote));
  svar_ret_t ret = svari_gateway_load(remote, question->data, question->request.tensor.data_bytes,
                                      &answer->response.version);
  svar_remote_close(remote);
  return ret;
}

svar_ret_t
svari_gateway_answer_make(const svari_gateway_question_t *question,
                          const svari_gateway_rules_t *rules, svari_gateway_answer_t *answer)
{
  switch (question->request.operation) {
  case SVAR_GATEWAY_STORES:
    return list_stores(question, answer);
  case SVAR_GATEWAY_VARIABLES:
    return list_variables(question, answer);
  case SVAR_GATEWAY_GET:
    return get(question, answer);
  case SVAR_GATEWAY_SET:
    return set(question, rules, answer);
  case SVAR_GATEWAY_LOAD:
    return load(question, rules, answer);
  default:
    return svar_fail(SVAR_ERR_NOT_IMPLEMENTED, "operation %u: this gateway has %d to %d",
                     (unsigned)question->request.operation, SVAR_GATEWAY_STORES, SVAR_GATEWAY_LOAD);
  }
}

void
svari_gateway_answer_fail(svari_gateway_answer_t *answer, svar_ret_t code)
{
  answer->data = NULL;
  answer->response = (svar_gateway_response_t){.code = code};
  snprintf(answer->response.message, sizeof(answer->response.message), "%s", svar_error_message());
}

void
svari_gateway_answer_end(svari_gateway_answer_t *answer)
{
  svar_value_release(&answer->value);
  svar_store_close(answer->store);
  answer->store = NULL;
}
