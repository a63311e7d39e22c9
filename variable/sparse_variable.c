#include "variable/sparse_variable.h"

#include <stdio.h>
#include <string.h>

#include "shared_variable/shared.h"
#include "variable/constructors.h"
#include "variable/source.h"
#include "variable/sparse_filter.h"
#include "variable/text.h"

enum { PART_NAME_BYTES = 512 };

static const char *const SUFFIXES[SVARI_SPARSE_PARTS] = {"", ".data", ".indices", ".indptr"};

static const svari_container_ops_t sparse_container_ops;

svari_sparse_container_t *
svari_sparse_container_of(const svar_variable_t *variable)
{
  bool is_sparse = variable->container->ops == &sparse_container_ops;
  return is_sparse ? (svari_sparse_container_t *)variable->container : NULL;
}

size_t
svari_sparse_whole_bytes(const char *part_name)
{
  size_t bytes = strlen(part_name);
  for (svari_sparse_part_t part = SVARI_SPARSE_DATA; part < SVARI_SPARSE_PARTS; part++) {
    size_t suffix_bytes = strlen(SUFFIXES[part]);
    if (bytes > suffix_bytes && strcmp(part_name + bytes - suffix_bytes, SUFFIXES[part]) == 0) {
      return bytes - suffix_bytes;
    }
  }
  return 0;
}

// --- setting ---------------------------------------------------------------------------------------

// In transaction or (NULL) in a commit of their own.
static svar_ret_t
set_parts(svari_sparse_container_t *sparse, const svar_source_t sources[SVARI_SPARSE_PARTS],
          svar_transaction_t *transaction)
{
  svari_container_t *members[SVARI_SPARSE_PARTS];
  for (int part = 0; part < SVARI_SPARSE_PARTS; part++) {
    members[part] = sparse->parts[part]->container;
  }
  return members[SVARI_SPARSE_HEAD]->ops->set_together(members, sources, SVARI_SPARSE_PARTS,
                                                       transaction);
}

static svar_ret_t
unset(svari_sparse_container_t *sparse, svar_transaction_t *transaction)
{
  if (sparse->base.strict) {
    return svar_fail(SVAR_ERR_TYPE,
                     "sparse variable %s is strict: it takes matrices of its format and dtype, "
                     "not svar_none()",
                     svari_name_text(sparse->base.name).text);
  }
  const svar_source_t nothing[SVARI_SPARSE_PARTS] = {svar_none(), svar_none(), svar_none(),
                                                     svar_none()};
  return set_parts(sparse, nothing, transaction);
}

// Gives the parts the arrays of a filtered matrix.
static svar_ret_t
set_matrix(svari_sparse_container_t *sparse, const svar_sparse_t *matrix,
           svar_transaction_t *transaction)
{
  int64_t head[SVARI_SPARSE_HEAD_NUMBERS] = {matrix->shape[0], matrix->shape[1], 1, 1};
  if (matrix->format == SVAR_SPARSE_BSR) {
    head[2] = matrix->block[0];
    head[3] = matrix->block[1];
  }
  const int64_t head_shape[1] = {SVARI_SPARSE_HEAD_NUMBERS};
  const int64_t entry_shape[3] = {matrix->count, head[2], head[3]};
  const int64_t indptr_shape[1] = {svari_sparse_major(matrix) + 1};
  int32_t data_ndim = matrix->format == SVAR_SPARSE_BSR ? 3 : 1;
  const DLTensor tensors[SVARI_SPARSE_PARTS] = {
      [SVARI_SPARSE_HEAD] = svar_tensor(SVAR_INT64, head, 1, head_shape),
      [SVARI_SPARSE_DATA] =
          svar_tensor(matrix->dtype, (void *)matrix->data, data_ndim, entry_shape),
      [SVARI_SPARSE_INDICES] =
          svar_tensor(matrix->index_dtype, (void *)matrix->indices, 1, entry_shape),
      [SVARI_SPARSE_INDPTR] =
          svar_tensor(matrix->index_dtype, (void *)matrix->indptr, 1, indptr_shape),
  };
  svar_source_t sources[SVARI_SPARSE_PARTS];
  for (int part = 0; part < SVARI_SPARSE_PARTS; part++) {
    sources[part] = svar_array(&tensors[part]);
  }
  return set_parts(sparse, sources, transaction);
}

static svar_ret_t
sparse_set_in(svari_container_t *self, svar_transaction_t *transaction, const svar_source_t *source)
{
  svari_sparse_container_t *sparse = (svari_sparse_container_t *)self;
  const svari_sparse_target_t target = {.format = (svar_sparse_format_t)self->type.format,
                                        .dtype = self->type.dtype,
                                        .index_dtype = sparse->index_dtype,
                                        .strict = self->strict,
                                        .allow_downcast = self->allow_downcast,
                                        .name = self->name};
  svari_sparse_filtered_t filtered;
  SVAR_TRY(svari_container_check_writable(self));
  if (source->kind == SVAR_SOURCE_NONE) {
    return unset(sparse, transaction);
  }
  SVAR_TRY(svari_sparse_filter(&target, source, &self->allocator, &filtered));
  svar_ret_t ret = set_matrix(sparse, &filtered.matrix, transaction);
  svari_sparse_filtered_release(&filtered);
  return ret;
}

static svar_ret_t
sparse_set(svari_container_t *self, const svar_source_t *source, svar_borrow_t borrow)
{
  SVAR_TRY(sparse_set_in(self, NULL, source));
  // An array is copied, borrowed or not; one that was moved here is not needed any more.
  if (borrow == SVAR_BORROW && source->kind == SVAR_SOURCE_ARRAY && source->detail != NULL) {
    svari_managed_delete((DLManagedTensor *)(uintptr_t)source->detail);
  }
  return SVAR_OK;
}

// The shape and block of the newest value.
static svar_ret_t
read_head(svari_sparse_container_t *sparse, int64_t head[SVARI_SPARSE_HEAD_NUMBERS])
{
  const int64_t shape[1] = {SVARI_SPARSE_HEAD_NUMBERS};
  DLTensor destination = svar_tensor(SVAR_INT64, head, 1, shape);
  return svar_get_value_into(sparse->parts[SVARI_SPARSE_HEAD], &destination, NULL);
}

static svar_ret_t
set_no_entries(svari_sparse_container_t *sparse, svar_sparse_t *matrix)
{
  const svar_allocator_t *allocator = &sparse->base.allocator;
  size_t count = (size_t)svari_sparse_major(matrix) + 1;
  size_t bytes;
  int32_t *indptr = NULL;
  if (!__builtin_mul_overflow(count, sizeof(*indptr), &bytes)) {
    indptr = allocator->allocate(bytes, _Alignof(int32_t), allocator->state);
  }
  if (indptr == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the %zu zeros of an empty matrix", count);
  }
  memset(indptr, 0, bytes);
  matrix->indptr = indptr;
  svar_ret_t ret = set_matrix(sparse, matrix, NULL);
  allocator->deallocate(indptr, allocator->state);
  return ret;
}

// No entries, of the same shape.
static svar_ret_t
sparse_zero(svari_container_t *self)
{
  SVAR_TRY(svari_container_check_writable(self));
  svari_sparse_container_t *sparse = (svari_sparse_container_t *)self;
  int64_t head[SVARI_SPARSE_HEAD_NUMBERS];
  SVAR_TRY(read_head(sparse, head));
  svar_sparse_t matrix = {.format = (svar_sparse_format_t)self->type.format,
                          .dtype = self->type.dtype,
                          .index_dtype = SVAR_INT32,
                          .shape = {head[0], head[1]},
                          .block = {head[2], head[3]},
                          .indptr = head};
  SVAR_TRY(svari_sparse_check_head(&matrix)); // the head is a store's, and may be an enemy's
  return set_no_entries(sparse, &matrix);
}

static svar_ret_t
sparse_borrow(svari_container_t *self, svar_value_t *out_value)
{
  (void)out_value;
  return svar_fail(SVAR_ERR_TYPE,
                   "variable %s is sparse, which is more than one tensor: svar_sparse_get() and "
                   "svar_snapshot_get_sparse() read it; in a store, its parts are '%s.data', "
                   "'.indices' and '.indptr'",
                   svari_name_text(self->name).text, self->name != NULL ? self->name : "");
}

static svar_store_t *
sparse_store(svari_container_t *self)
{
  return svar_variable_store(((svari_sparse_container_t *)self)->parts[SVARI_SPARSE_HEAD]);
}

static const void *
sparse_cell(const svari_container_t *self)
{
  const svari_sparse_container_t *sparse = (const svari_sparse_container_t *)self;
  return svar_container_cell(sparse->parts[SVARI_SPARSE_HEAD]->container);
}

// The head says it for those who find it.
static void
sparse_readonly_set(svari_container_t *self, bool is_readonly)
{
  const svari_sparse_container_t *sparse = (const svari_sparse_container_t *)self;
  svar_container_readonly_set(sparse->parts[SVARI_SPARSE_HEAD]->container, is_readonly);
}

static void
sparse_destroy(svari_container_t *self)
{
  svari_sparse_container_t *sparse = (svari_sparse_container_t *)self;
  svar_allocator_t allocator = self->allocator;
  for (int part = SVARI_SPARSE_PARTS - 1; part >= 0; part--) {
    svar_variable_unref(sparse->parts[part]);
  }
  allocator.deallocate(sparse, allocator.state);
}

static const svari_container_ops_t sparse_container_ops = {
    .borrow = sparse_borrow,
    .copy = sparse_borrow, // refuses it as well
    .set = sparse_set,
    .set_in = sparse_set_in,
    .zero = sparse_zero,
    .store = sparse_store,
    .cell = sparse_cell,
    .readonly_set = sparse_readonly_set,
    .destroy = sparse_destroy,
};

// --- making ----------------------------------------------------------------------------------------

// A container of this type over parts that are yet to come. Its memory is that of the head's store.
static svar_ret_t
sparse_new(const svar_type_t *type, const svari_container_t *head,
           svari_sparse_container_t **out_sparse)
{
  svari_sparse_container_t *sparse = head->allocator.allocate(
      sizeof(*sparse), _Alignof(svari_sparse_container_t), head->allocator.state);
  if (sparse == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for sparse variable %s",
                     svari_name_text(head->name).text);
  }
  *sparse = (svari_sparse_container_t){.base = {.ops = &sparse_container_ops,
                                                .reference_count = 1,
                                                .type = *type,
                                                .backing = head->backing,
                                                .name = head->name,
                                                .allocator = head->allocator}};
  *out_sparse = sparse;
  return SVAR_OK;
}

// Wraps the container, whose parts are complete, in a handle. Moves it if and only if it returns SVAR_OK.
static svar_ret_t
finish(svari_sparse_container_t *sparse, svar_variable_t **out_variable)
{
  sparse->index_dtype = svar_variable_type(sparse->parts[SVARI_SPARSE_INDICES]).dtype;
  return svari_variable_create(svar_variable_name(sparse->parts[SVARI_SPARSE_HEAD]), &sparse->base,
                               out_variable);
}

static svar_type_t
part_type(svari_sparse_part_t part, svar_sparse_format_t format, svar_dtype_t dtype,
          svar_dtype_t index_dtype)
{
  switch (part) {
  case SVARI_SPARSE_HEAD:
    return (svar_type_t){
        .dtype = SVAR_INT64, .ndim = 1, .kind = SVAR_KIND_SPARSE, .format = (uint8_t)format};
  case SVARI_SPARSE_DATA:
    return svar_tensor_type(dtype, format == SVAR_SPARSE_BSR ? 3 : 1, 0);
  case SVARI_SPARSE_INDICES:
  case SVARI_SPARSE_INDPTR:
  case SVARI_SPARSE_PARTS:
    break;
  }
  return svar_tensor_type(index_dtype, 1, 0);
}

static svar_type_t
sparse_type(svar_sparse_format_t format, svar_dtype_t dtype)
{
  return (svar_type_t){
      .dtype = dtype, .ndim = 2, .kind = SVAR_KIND_SPARSE, .format = (uint8_t)format};
}

// The part's name, or NULL for one of a variable without a name.
static const char *
part_name(const char *name, svari_sparse_part_t part, char text[PART_NAME_BYTES])
{
  if (name == NULL) {
    return NULL;
  }
  snprintf(text, PART_NAME_BYTES, "%s%s", name, SUFFIXES[part]);
  return text;
}

// --- from a store ----------------------------------------------------------------------------------

// Finds one part and checks that it is what it must be: the directory may be an enemy's.
static svar_ret_t
find_part(svari_sparse_container_t *sparse, svari_sparse_part_t part, const svar_type_t *expected)
{
  char text[PART_NAME_BYTES];
  const char *name = part_name(sparse->base.name, part, text);
  svar_ret_t ret = svar_store_find(svar_variable_store(sparse->parts[SVARI_SPARSE_HEAD]), name,
                                   &sparse->parts[part]);
  if (ret == SVAR_ERR_NOT_FOUND) {
    return svar_fail(SVAR_ERR_CORRUPT, "sparse variable %s has no '%s'",
                     svari_name_text(sparse->base.name).text, name);
  }
  SVAR_TRY(ret);
  svar_type_t type = svar_variable_type(sparse->parts[part]);
  if (!svar_type_equal(&type, expected)) {
    char found[SVAR_TYPE_TEXT_BYTES];
    return svar_fail(SVAR_ERR_CORRUPT, "sparse variable %s: its '%s' is %s",
                     svari_name_text(sparse->base.name).text, name,
                     svar_type_text(&type, found, sizeof(found)));
  }
  // The parts convert whatever the sparse filter lets through.
  sparse->parts[part]->container->allow_downcast = SVAR_DOWNCAST_TRUE;
  return SVAR_OK;
}

// What the directory says of a part whose dtype is the store's to say.
static svar_ret_t
find_dtype(const svari_sparse_container_t *sparse, svari_sparse_part_t part,
           svar_dtype_t *out_dtype)
{
  char text[PART_NAME_BYTES];
  svar_variable_t *variable;
  SVAR_TRY(svar_store_find(svar_variable_store(sparse->parts[SVARI_SPARSE_HEAD]),
                           part_name(sparse->base.name, part, text), &variable));
  *out_dtype = svar_variable_type(variable).dtype;
  svar_variable_unref(variable);
  return SVAR_OK;
}

static svar_ret_t
find_parts(svari_sparse_container_t *sparse)
{
  svar_sparse_format_t format = (svar_sparse_format_t)sparse->base.type.format;
  svar_dtype_t index_dtype;
  SVAR_TRY(find_dtype(sparse, SVARI_SPARSE_DATA, &sparse->base.type.dtype));
  SVAR_TRY(find_dtype(sparse, SVARI_SPARSE_INDICES, &index_dtype));
  const svar_sparse_t nothing = {.format = format,
                                 .dtype = sparse->base.type.dtype,
                                 .index_dtype = index_dtype,
                                 .block = {1, 1},
                                 .indptr = &index_dtype};
  if (svari_sparse_check_head(&nothing) != SVAR_OK) {
    return svar_fail(SVAR_ERR_CORRUPT, "sparse variable %s is of dtypes that none has",
                     svari_name_text(sparse->base.name).text);
  }
  for (svari_sparse_part_t part = SVARI_SPARSE_DATA; part < SVARI_SPARSE_PARTS; part++) {
    svar_type_t expected = part_type(part, format, sparse->base.type.dtype, index_dtype);
    SVAR_TRY(find_part(sparse, part, &expected));
  }
  return SVAR_OK;
}

svar_ret_t
svari_sparse_variable_open(svar_variable_t *head, svar_variable_t **out_variable)
{
  const svar_type_t found = svar_variable_type(head);
  svar_sparse_format_t format = (svar_sparse_format_t)found.format;
  const svar_type_t expected = part_type(SVARI_SPARSE_HEAD, format, SVAR_INT64, SVAR_INT64);
  if (!svar_type_equal(&found, &expected) || !svari_sparse_format_is_stored(format)) {
    return svar_fail(SVAR_ERR_CORRUPT, "sparse variable %s: its entry makes no sense",
                     svari_name_text(svar_variable_name(head)).text);
  }
  const svar_type_t type = sparse_type(format, SVAR_INT64);
  svari_sparse_container_t *sparse;
  SVAR_TRY(sparse_new(&type, head->container, &sparse));
  sparse->parts[SVARI_SPARSE_HEAD] = head;
  svar_ret_t ret = find_parts(sparse);
  if (ret == SVAR_OK) {
    ret = finish(sparse, out_variable);
  }
  if (ret != SVAR_OK) {
    sparse->parts[SVARI_SPARSE_HEAD] = NULL; // stays the caller's
    svari_container_unref(&sparse->base);
  }
  return ret;
}

// --- the constructor -------------------------------------------------------------------------------

// A part without a value.
static svar_ret_t
declare_part(const svar_type_t *type, svar_dtype_t index_dtype,
             const svar_shared_options_t *options, svari_sparse_part_t part,
             svar_variable_t **out_part)
{
  char name[PART_NAME_BYTES];
  svar_shared_options_t part_options = *options;
  part_options.name = part_name(options->name, part, name);
  if (part != SVARI_SPARSE_HEAD) { // which has the variable's rules, for those who find it
    part_options.strict = false;
    part_options.allow_downcast = SVAR_DOWNCAST_TRUE; // the sparse filter decides
  }
  return svari_construct(
      part_type(part, (svar_sparse_format_t)type->format, type->dtype, index_dtype), NULL,
      &part_options, out_part);
}

static svar_ret_t
declare_parts(const svar_type_t *type, svar_dtype_t index_dtype,
              const svar_shared_options_t *options, svari_sparse_container_t **out_sparse)
{
  svar_variable_t *head;
  SVAR_TRY(declare_part(type, index_dtype, options, SVARI_SPARSE_HEAD, &head));
  svari_sparse_container_t *sparse;
  svar_ret_t ret = sparse_new(type, head->container, &sparse);
  if (ret != SVAR_OK) {
    svar_variable_unref(head);
    return ret;
  }
  sparse->parts[SVARI_SPARSE_HEAD] = head;
  sparse->base.strict = options->strict;
  sparse->base.allow_downcast = options->allow_downcast;
  for (svari_sparse_part_t part = SVARI_SPARSE_DATA; part < SVARI_SPARSE_PARTS && ret == SVAR_OK;
       part++) {
    ret = declare_part(type, index_dtype, options, part, &sparse->parts[part]);
  }
  if (ret != SVAR_OK) {
    svari_container_unref(&sparse->base); // takes the declarations back
    return ret;
  }
  *out_sparse = sparse;
  return SVAR_OK;
}

svar_ret_t
svari_sparse_variable_declare(const svar_type_t *type, svar_dtype_t index_dtype,
                              const svar_shared_options_t *options, svar_variable_t **out_variable)
{
  svari_sparse_container_t *sparse;
  SVAR_TRY(declare_parts(type, index_dtype, options, &sparse));
  svar_ret_t ret = finish(sparse, out_variable);
  if (ret != SVAR_OK) {
    svari_container_unref(&sparse->base);
  }
  return ret;
}

static svar_ret_t
check_offer(const svar_source_t *source, const svar_shared_options_t *options,
            svar_sparse_format_t *out_format)
{
  if (source->kind != SVAR_SOURCE_SPARSE) {
    return svar_fail(SVAR_ERR_TYPE, "it takes sparse matrices (svar_sparse_source)");
  }
  SVAR_TRY(svari_options_refuse_broadcastable(options));
  SVAR_TRY(svari_options_refuse_gpu(options));
  const svar_sparse_t *matrix = source->detail;
  SVAR_TRY(svar_sparse_check(matrix));
  *out_format =
      options->sparse_format != SVAR_SPARSE_NONE ? options->sparse_format : matrix->format;
  if (!svari_sparse_format_is_stored(*out_format)) {
    return svar_fail(SVAR_ERR_NOT_IMPLEMENTED,
                     "no variable is of format %s; options.sparse_format names one to convert to",
                     svar_sparse_format_name(*out_format));
  }
  return SVAR_OK;
}

svar_ret_t
svari_construct_sparse(const svar_source_t *source, const svar_shared_options_t *options,
                       void *context, svar_variable_t **out_variable)
{
  (void)context;
  svar_sparse_format_t format = SVAR_SPARSE_NONE;
  SVAR_TRY(check_offer(source, options, &format));
  const svar_sparse_t *matrix = source->detail;
  const svar_type_t type = sparse_type(format, matrix->dtype);
  svar_variable_t *variable = NULL;
  SVAR_TRY(svari_sparse_variable_declare(&type, matrix->index_dtype, options, &variable));
  svar_ret_t ret = sparse_set_in(variable->container, options->transaction, source);
  if (ret != SVAR_OK) {
    svar_variable_unref(variable);
    return ret;
  }
  *out_variable = variable;
  return SVAR_OK;
}
