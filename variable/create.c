// svar_variable_create(): a variable of a given type, from a value or from a container.
#include "shared_variable/object.h"
#include "variable/constructors.h"
#include "variable/container.h"
#include "variable/source.h"

svar_ret_t
svari_check_rules(const char *name, const svar_store_t *store, svar_downcast_t allow_downcast,
                  svar_borrow_t borrow)
{
  if (store != NULL && name == NULL) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "a variable in a store needs options.name: readers find it by that");
  }
  if ((unsigned)borrow > SVAR_BORROW || (unsigned)allow_downcast > SVAR_DOWNCAST_TRUE) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "options.borrow is %d and options.allow_downcast %d: not one of their values",
                     (int)borrow, (int)allow_downcast);
  }
  return SVAR_OK;
}

// A container has its value, its rules and its place already.
static svar_ret_t
check_container(const svar_variable_options_t *options)
{
  const char *given = options->value != NULL                           ? "a value"
                      : options->strict                                ? "strict"
                      : options->allow_downcast != SVAR_DOWNCAST_UNSET ? "allow_downcast"
                      : options->store != NULL                         ? "a store"
                      : options->transaction != NULL                   ? "a transaction"
                                                                       : NULL;
  if (given != NULL) {
    return svar_fail(SVAR_ERR_TYPE, "options give a container and %s: the container has its own",
                     given);
  }
  const svar_type_t *type = &options->container->type;
  if (options->type != NULL && !svar_type_equal(options->type, type)) {
    char asked[SVAR_TYPE_TEXT_BYTES];
    char found[SVAR_TYPE_TEXT_BYTES];
    return svar_fail(SVAR_ERR_TYPE, "a variable of %s cannot be made of a container of %s",
                     svar_type_text(options->type, asked, sizeof(asked)),
                     svar_type_text(type, found, sizeof(found)));
  }
  return SVAR_OK;
}

static svar_ret_t
from_container(const svar_variable_options_t *options, svar_variable_t **out_variable)
{
  SVAR_TRY(check_container(options));
  svari_container_t *container = svari_container_ref(options->container);
  svar_ret_t ret = svari_variable_create(options->name, container, out_variable);
  if (ret != SVAR_OK) {
    svari_container_unref(container);
  }
  return ret;
}

// Kinds whose values are not of any dtype and rank.
static svar_ret_t
check_kind(const svar_type_t *type)
{
  static const svar_type_t random = {
      .dtype = {kDLUInt, 64, 1}, .ndim = 1, .kind = SVAR_KIND_RANDOM};
  const svar_type_t object = svar_object_type();
  bool fits = type->format == 0;
  switch ((svar_kind_t)type->kind) {
  case SVAR_KIND_TENSOR:
    break;
  case SVAR_KIND_NUMBER:
    fits = fits && type->ndim == 0;
    break;
  case SVAR_KIND_RANDOM:
    fits = svar_type_equal(type, &random);
    break;
  case SVAR_KIND_SPARSE:
    return svar_fail(SVAR_ERR_NOT_IMPLEMENTED,
                     "a sparse variable is made by svar_shared() from svar_sparse_source()");
  case SVAR_KIND_OBJECT:
    fits = svar_type_equal(type, &object);
    break;
  default:
    fits = false;
  }
  char text[SVAR_TYPE_TEXT_BYTES];
  return fits ? SVAR_OK
              : svar_fail(SVAR_ERR_ARGUMENT, "there is no type %s of kind %d and format %d",
                          svar_type_text(type, text, sizeof(text)), type->kind, type->format);
}

static svar_ret_t
check_type(const svar_type_t *type)
{
  if (type == NULL) {
    return svar_fail(SVAR_ERR_ARGUMENT, "a variable of a new container needs options.type");
  }
  if (type->ndim < 0 || type->ndim > SVAR_NDIM_MAX || type->broadcastable >> type->ndim != 0) {
    return svar_fail(
        SVAR_ERR_ARGUMENT,
        "a type of rank %d with the broadcastable flags 0x%x: a rank is 0 to %d, with a "
        "flag for each axis and no more",
        type->ndim, type->broadcastable, SVAR_NDIM_MAX);
  }
  return check_kind(type);
}

static svar_ret_t
from_value(const svar_variable_options_t *options, svar_variable_t **out_variable)
{
  SVAR_TRY(check_type(options->type));
  if (options->value == NULL || options->value->kind == SVAR_SOURCE_NONE) {
    return svar_fail(SVAR_ERR_TYPE, "a variable begins with a value: options give neither one nor "
                                    "a container");
  }
  SVAR_TRY(svari_source_check(options->value));
  svar_shared_options_t rules = SVAR_SHARED_OPTIONS_INIT;
  rules.name = options->name;
  rules.store = options->store;
  rules.transaction = options->transaction;
  rules.strict = options->strict;
  rules.allow_downcast = options->allow_downcast;
  rules.borrow = options->borrow;
  if (options->type->kind == SVAR_KIND_OBJECT) {
    return svari_construct_object(options->value, &rules, NULL, out_variable);
  }
  return svari_construct(*options->type, options->value, &rules, out_variable);
}

svar_ret_t
svar_variable_create(const svar_variable_options_t *options, svar_variable_t **out_variable)
{
  SVAR_REQUIRE(options != NULL && out_variable != NULL);
  // There has been one size so far; a build that knows a larger one will take this one too.
  if (options->size_bytes != sizeof(*options)) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "options.size_bytes is %zu, this library knows %zu: start from "
                     "SVAR_VARIABLE_OPTIONS_INIT, and use a library as new as the header",
                     options->size_bytes, sizeof(*options));
  }
  SVAR_TRY(svari_check_rules(options->name, options->container == NULL ? options->store : NULL,
                             options->allow_downcast, options->borrow));
  return options->container != NULL ? from_container(options, out_variable)
                                    : from_value(options, out_variable);
}
