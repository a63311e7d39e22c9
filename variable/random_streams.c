#include "shared_variable/random_streams.h"

#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 512, FIRST_ROOM = 8 };

typedef struct site {
  svar_variable_t *variable;
  bool is_expression; // its default update is ours
} site_t;

struct svar_random_streams {
  svar_allocator_t allocator;
  uint64_t construction_seed;
  uint64_t seed;
  svar_store_t *store; // borrowed; NULL: the sites are private
  site_t *sites;
  size_t count, room;
  char name[]; // "": none
};

svar_ret_t
svar_random_streams_create(uint64_t seed, const svar_shared_options_t *options,
                           svar_random_streams_t **out_streams)
{
  SVAR_REQUIRE(out_streams != NULL);
  const char *name = options != NULL && options->name != NULL ? options->name : "";
  svar_store_t *store = options != NULL ? options->store : NULL;
  if (store != NULL && name[0] == '\0') {
    return svar_fail(SVAR_ERR_ARGUMENT, "draw sites in a store need options.name to be named by");
  }
  svar_allocator_t allocator = svar_allocator_default();
  size_t bytes = sizeof(svar_random_streams_t) + strlen(name) + 1;
  svar_random_streams_t *streams =
      allocator.allocate(bytes, _Alignof(svar_random_streams_t), allocator.state);
  if (streams == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no %zu bytes for a collection of draw sites", bytes);
  }
  *streams = (svar_random_streams_t){
      .allocator = allocator, .construction_seed = seed, .seed = seed, .store = store};
  memcpy(streams->name, name, strlen(name) + 1);
  *out_streams = streams;
  return SVAR_OK;
}

void
svar_random_streams_destroy(svar_random_streams_t *streams)
{
  if (streams == NULL) {
    return;
  }
  svar_allocator_t allocator = streams->allocator;
  for (size_t i = 0; i < streams->count; i++) {
    site_t *site = &streams->sites[i];
    if (site->is_expression) {
      svar_variable_default_update_set(site->variable, NULL); // it reads the variable: a cycle
    }
    svar_variable_unref(site->variable);
  }
  allocator.deallocate(streams->sites, allocator.state);
  allocator.deallocate(streams, allocator.state);
}

static svar_ret_t
reserve_site(svar_random_streams_t *streams)
{
  if (streams->count < streams->room) {
    return SVAR_OK;
  }
  const svar_allocator_t *allocator = &streams->allocator;
  size_t room = streams->room == 0 ? FIRST_ROOM : 2 * streams->room;
  site_t *sites = allocator->allocate(room * sizeof(*sites), _Alignof(site_t), allocator->state);
  if (sites == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for %zu draw sites", room);
  }
  if (streams->count > 0) {
    memcpy(sites, streams->sites, streams->count * sizeof(*sites));
  }
  allocator->deallocate(streams->sites, allocator->state);
  streams->sites = sites;
  streams->room = room;
  return SVAR_OK;
}

// The site of that name that an earlier holder left.
static svar_ret_t
find_site(svar_store_t *store, const char *name, svar_variable_t **out_variable)
{
  svar_variable_t *variable;
  SVAR_TRY(svar_store_find(store, name, &variable));
  if (svar_variable_type(variable).kind != SVAR_KIND_RANDOM) {
    svar_variable_unref(variable);
    return svar_fail(SVAR_ERR_TYPE, "variable '%s' is no draw site: it holds no random state",
                     name);
  }
  *out_variable = variable;
  return SVAR_OK;
}

static svar_ret_t
make_site(svar_random_streams_t *streams, svar_variable_t **out_variable)
{
  char name[NAME_BYTES];
  snprintf(name, sizeof(name), "%s.%zu", streams->name, streams->count);
  svar_random_state_t state = svar_random_spawned(streams->seed, streams->count);
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.store = streams->store;
  options.name = streams->name[0] != '\0' ? name : NULL;
  svar_ret_t ret = svar_shared(svar_random_source(&state), &options, out_variable);
  return ret == SVAR_ERR_EXISTS ? find_site(streams->store, name, out_variable) : ret;
}

svar_ret_t
svar_random_streams_add(svar_random_streams_t *streams, svar_variable_t **out_variable)
{
  SVAR_REQUIRE(streams != NULL && out_variable != NULL);
  SVAR_TRY(reserve_site(streams));
  svar_variable_t *site;
  SVAR_TRY(make_site(streams, &site));
  streams->sites[streams->count++] = (site_t){svar_variable_ref(site), false};
  *out_variable = site;
  return SVAR_OK;
}

// Gives the draw, and makes the state after it the variable's default update.
static svar_ret_t
draw_from(svar_variable_t *variable, const svar_random_law_t *law, svar_dtype_t dtype, int32_t ndim,
          const int64_t *shape, svar_expression_t **out_draw)
{
  svar_expression_t *state;
  svar_expression_t *next;
  SVAR_TRY(svar_expression_of(variable, &state));
  svar_ret_t ret = svar_expression_random(state, law, dtype, ndim, shape, out_draw, &next);
  svar_expression_unref(state);
  if (ret == SVAR_OK) {
    svar_variable_default_update_set(variable, next);
    svar_expression_unref(next);
  }
  return ret;
}

svar_ret_t
svar_random_streams_draw(svar_random_streams_t *streams, const svar_random_law_t *law,
                         svar_dtype_t dtype, int32_t ndim, const int64_t *shape,
                         svar_variable_t **out_variable, svar_expression_t **out_draw)
{
  SVAR_REQUIRE(streams != NULL && law != NULL && out_draw != NULL);
  SVAR_TRY(reserve_site(streams));
  svar_variable_t *site;
  SVAR_TRY(make_site(streams, &site));
  svar_ret_t ret = draw_from(site, law, dtype, ndim, shape, out_draw);
  if (ret != SVAR_OK) {
    svar_variable_unref(site);
    return ret;
  }
  streams->sites[streams->count++] = (site_t){site, true};
  if (out_variable != NULL) {
    *out_variable = svar_variable_ref(site);
  }
  return SVAR_OK;
}

size_t
svar_random_streams_count(const svar_random_streams_t *streams)
{
  return streams != NULL ? streams->count : 0;
}

static svar_ret_t
set_sites(svar_random_streams_t *streams, uint64_t seed, svar_transaction_t *transaction)
{
  for (size_t i = 0; i < streams->count; i++) {
    svar_random_state_t state = svar_random_spawned(seed, i);
    SVAR_TRY(
        svar_transaction_set(transaction, streams->sites[i].variable, svar_random_source(&state)));
  }
  return SVAR_OK;
}

svar_ret_t
svar_random_streams_seed(svar_random_streams_t *streams, const uint64_t *seed)
{
  SVAR_REQUIRE(streams != NULL);
  uint64_t new_seed = seed != NULL ? *seed : streams->construction_seed;
  if (streams->count > 0) {
    svar_transaction_t *transaction;
    SVAR_TRY(svar_transaction_begin(svar_variable_store(streams->sites[0].variable), &transaction));
    svar_ret_t ret = set_sites(streams, new_seed, transaction);
    if (ret != SVAR_OK) {
      svar_transaction_abort(transaction);
      return ret;
    }
    SVAR_TRY(svar_transaction_commit(transaction, NULL));
  }
  streams->seed = new_seed;
  return SVAR_OK;
}
