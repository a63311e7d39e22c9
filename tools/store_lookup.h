// Finding what the user named: stores and their variables, with the nearest names where there is none.
#ifndef SVARI_TOOLS_STORE_LOOKUP_H
#define SVARI_TOOLS_STORE_LOOKUP_H

#include "shared_variable/snapshot.h"
#include "shared_variable/sparse.h"
#include "shared_variable/store.h"
#include "shared_variable/variable.h"
#include "tools/arguments.h"

// Whose store, and where: for svar_store_open().
svar_store_options_t svari_store_options(const svari_arguments_t *arguments);

// Opens the store that the user named; a leading '/' may be left out. A store that does not exist adds
// the nearest names of that owner's stores to the sentence of svar_error_message().
// @param[out] out_store svar_store_close() it
svar_ret_t svari_store_lookup(const svari_arguments_t *arguments, const char *name,
                              svar_store_t **out_store);

// As svar_store_find(), with the nearest names.
svar_ret_t svari_variable_lookup(svar_store_t *store, const char *name,
                                 svar_variable_t **out_variable);

// The variables of a store in order of creation; NULL where nothing has been committed yet.
typedef struct svari_variable_list {
  svar_variable_t **items;
  size_t count;
} svari_variable_list_t;

#define SVARI_VARIABLE_LIST_INIT                                                                   \
  {                                                                                                \
    NULL, 0                                                                                        \
  }

// Takes in what the store has got since the last time.
svar_ret_t svari_variable_list_refresh(svari_variable_list_t *list, svar_store_t *store);
void svari_variable_list_fini(svari_variable_list_t *list);

// A variable's value in a snapshot: a tensor, on a GPU without its elements, or a sparse matrix. Hand it on by pointer.
typedef struct svari_view {
  bool has_value;
  bool is_sparse;
  uint64_t version;
  svar_value_t value;         // a tensor
  svar_sparse_value_t matrix; // if it is sparse
} svari_view_t;

// View a variable (which may be NULL) in a snapshot. SVAR_EMPTY: it had no value in that version; the view's
// version is the one that unset it, 0 if none had set it yet.
svar_ret_t svari_snapshot_view(const svar_snapshot_t *snapshot, svar_variable_t *variable,
                               svari_view_t *out_view);

#endif
