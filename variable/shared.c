#include "shared_variable/shared.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "variable/constructors.h"
#include "variable/container.h"
#include "variable/source.h"
#include "variable/text.h"

enum {
  REGISTRY_ENTRIES = 64,
  NAME_BYTES = 48,
  REASONS_BYTES = 896, // what an error message can carry beside the value and the options
  OPTIONS_TEXT_BYTES = 256
};

typedef struct entry {
  char name[NAME_BYTES];
  svar_constructor_t constructor;
  void *context;
} entry_t;

typedef struct registry {
  int count;
  entry_t entries[REGISTRY_ENTRIES]; // oldest first
} registry_t;

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static registry_t registry = {
    .count = 5,
    .entries = {{"object", svari_construct_object, NULL},
                {"tensor", svari_construct_tensor, NULL},
                {"scalar", svari_construct_scalar, NULL},
                {"random", svari_construct_random, NULL},
                {"sparse", svari_construct_sparse, NULL}},
};

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void
unlock_registry(void)
{
  pthread_mutex_unlock(&registry_lock);
}

static void
lock_for_fork(void)
{
  pthread_mutex_lock(&registry_lock);
}

static void
watch_forks(void)
{
  pthread_atfork(lock_for_fork, unlock_registry, unlock_registry);
}

// A child may make variables, whatever its parent's other threads did at the fork.
static void
lock_registry(void)
{
  pthread_once(&fork_once, watch_forks);
  pthread_mutex_lock(&registry_lock);
}

svar_ret_t
svar_constructor_register(const char *name, svar_constructor_t constructor, void *context)
{
  SVAR_REQUIRE(name != NULL && constructor != NULL);
  lock_registry();
  bool has_room = registry.count < REGISTRY_ENTRIES;
  if (has_room) {
    entry_t *entry = &registry.entries[registry.count++];
    snprintf(entry->name, sizeof(entry->name), "%s", name);
    entry->constructor = constructor;
    entry->context = context;
  }
  unlock_registry();
  return has_room ? SVAR_OK
                  : svar_fail(SVAR_ERR_NO_MEMORY,
                              "constructor '%s' finds no room: all %d entries of the registry are "
                              "taken; unregister one",
                              name, REGISTRY_ENTRIES);
}

svar_ret_t
svar_constructor_unregister(svar_constructor_t constructor, void *context)
{
  SVAR_REQUIRE(constructor != NULL);
  lock_registry();
  int found = 0;
  while (found < registry.count && (registry.entries[found].constructor != constructor ||
                                    registry.entries[found].context != context)) {
    found++;
  }
  bool was_there = found < registry.count;
  if (was_there) {
    registry.count--;
    memmove(&registry.entries[found], &registry.entries[found + 1],
            (size_t)(registry.count - found) * sizeof(entry_t));
  }
  unlock_registry();
  return was_there ? SVAR_OK
                   : svar_fail(SVAR_ERR_VALUE,
                               "no constructor is registered with this function and context");
}

// A copy, so that no lock is held while constructors run: they may register others.
static registry_t
registry_copy(void)
{
  lock_registry();
  registry_t copy = registry;
  unlock_registry();
  return copy;
}

static svar_ret_t
check_options(const svar_shared_options_t *options)
{
  SVAR_TRY(
      svari_check_rules(options->name, options->store, options->allow_downcast, options->borrow));
  if ((unsigned)options->sparse_format > SVAR_SPARSE_COO) {
    return svar_fail(SVAR_ERR_ARGUMENT, "options.sparse_format is %d: not one of its values",
                     (int)options->sparse_format);
  }
  if ((unsigned)options->target > SVAR_TARGET_GPU || options->gpu < -1) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "options.target is %d and options.gpu %d: not one of their values",
                     (int)options->target, options->gpu);
  }
  int32_t flags = options->broadcastable_count;
  if (flags < 0 || (flags > 0 && options->broadcastable == NULL)) {
    return svar_fail(SVAR_ERR_ARGUMENT, "options.broadcastable is %s, its count %d",
                     options->broadcastable == NULL ? "NULL" : "given", flags);
  }
  return SVAR_OK;
}

svar_ret_t
svari_shared_options_read(const svar_shared_options_t *given, svar_shared_options_t *out_options)
{
  *out_options = (svar_shared_options_t)SVAR_SHARED_OPTIONS_INIT;
  if (given == NULL) {
    return SVAR_OK;
  }
  // Members are only ever added at the end: what an older build does not know keeps its default.
  if (given->size_bytes < offsetof(svar_shared_options_t, sparse_format) ||
      given->size_bytes > sizeof(*given)) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "options.size_bytes is %zu, this library knows %zu: start from "
                     "SVAR_SHARED_OPTIONS_INIT, and use a library as new as the header",
                     given->size_bytes, sizeof(*given));
  }
  memcpy(out_options, given, given->size_bytes);
  out_options->size_bytes = sizeof(*out_options);
  return check_options(out_options);
}

// Lists the options that were given, for they restrict the candidates.
static const char *
options_text(const svar_shared_options_t *options, char *text, size_t size_bytes)
{
  text[0] = '\0';
  if (options->name != NULL) {
    svari_text_append(text, size_bytes, " name='%.64s'", options->name);
  }
  if (options->store != NULL) {
    svari_text_append(text, size_bytes, " store");
  }
  if (options->transaction != NULL) {
    svari_text_append(text, size_bytes, " transaction");
  }
  if (options->strict) {
    svari_text_append(text, size_bytes, " strict");
  }
  if (options->allow_downcast != SVAR_DOWNCAST_UNSET) {
    svari_text_append(text, size_bytes, " allow_downcast=%s",
                      options->allow_downcast == SVAR_DOWNCAST_TRUE ? "true" : "false");
  }
  if (options->borrow == SVAR_BORROW) {
    svari_text_append(text, size_bytes, " borrow");
  }
  if (options->broadcastable != NULL) {
    svari_text_append(text, size_bytes, " broadcastable");
  }
  if (options->sparse_format != SVAR_SPARSE_NONE) {
    svari_text_append(text, size_bytes, " sparse_format=%s",
                      svar_sparse_format_name(options->sparse_format));
  }
  if (options->target != SVAR_TARGET_DEFAULT) {
    svari_text_append(text, size_bytes, " target=%s",
                      options->target == SVAR_TARGET_GPU ? "gpu" : "host");
  }
  return text;
}

static svar_ret_t
fail_for_all(const svar_source_t *source, const svar_shared_options_t *options, const char *reasons)
{
  char source_text[SVARI_SOURCE_TEXT_BYTES];
  char given[OPTIONS_TEXT_BYTES];
  options_text(options, given, sizeof(given));
  return svar_fail(SVAR_ERR_TYPE,
                   "no constructor accepts %s with%s (dtype and type are not options: the "
                   "value brings them):%s",
                   svari_source_text(source, source_text, sizeof(source_text)),
                   given[0] == '\0' ? " no options" : given, reasons);
}

// Calls one constructor. Any code but SVAR_OK and SVAR_ERR_TYPE (declined) ends svar_shared().
static svar_ret_t
try_entry(const entry_t *entry, const svar_source_t *source, const svar_shared_options_t *options,
          svar_variable_t **out_variable)
{
  (void)svar_fail(SVAR_ERR_TYPE, "no reason given"); // for one that declines without a sentence
  svar_variable_t *variable = NULL;
  svar_ret_t ret = entry->constructor(source, options, entry->context, &variable);
  if (ret == SVAR_ERR_NO_MEMORY && options->borrow != SVAR_BORROW) {
    return svar_fail(ret, "%s; options.borrow = SVAR_BORROW may spare a copy",
                     svar_error_message());
  }
  if (ret == SVAR_OK && variable == NULL) {
    return svar_fail(SVAR_ERR_STATE, "constructor '%s' reported success without a variable",
                     entry->name);
  }
  if (ret == SVAR_OK) {
    *out_variable = variable;
  }
  return ret;
}

svar_ret_t
svar_shared(svar_source_t source, const svar_shared_options_t *options,
            svar_variable_t **out_variable)
{
  SVAR_REQUIRE(out_variable != NULL);
  svar_shared_options_t known;
  SVAR_TRY(svari_shared_options_read(options, &known));
  SVAR_TRY(svari_source_check(&source));
  const registry_t constructors = registry_copy();
  char reasons[REASONS_BYTES] = "";
  for (int i = constructors.count - 1; i >= 0; i--) {
    const entry_t *entry = &constructors.entries[i];
    svar_ret_t ret = try_entry(entry, &source, &known, out_variable);
    if (ret != SVAR_ERR_TYPE) {
      return ret;
    }
    svari_text_append(reasons, sizeof(reasons), " [%s] %s", entry->name, svar_error_message());
  }
  return fail_for_all(&source, &known, reasons);
}
