// Which slots the nodes of a graph were given: a hash table, for graphs may have any number of nodes.
#ifndef SVARI_VARIABLE_FUNCTION_VISITS_H
#define SVARI_VARIABLE_FUNCTION_VISITS_H

#include <stdbool.h>
#include <stddef.h>

#include "shared_variable/error.h"

typedef struct svari_visit {
  const void *node; // by its address; NULL: free
  bool is_given;    // with givens replaced in it
  size_t slot;
} svari_visit_t;

// {0} is an empty one.
typedef struct svari_visits {
  svari_visit_t *items;
  size_t count, room; // room is a power of two, or 0
} svari_visits_t;

// The slot, or SVARI_NOWHERE.
size_t svari_visits_find(const svari_visits_t *visits, const void *node, bool is_given);
// @pre it is not there
svar_ret_t svari_visits_add(svari_visits_t *visits, const void *node, bool is_given, size_t slot);
void svari_visits_fini(svari_visits_t *visits);

#endif
