// Open addressing: an item lies at its hash's place or behind it, before the next free one.
#include "variable/function_visits.h"

#include <string.h>

#include "variable/function.h"

enum { FIRST_ROOM = 64 };

// The item's own place, or the free one where it belongs. At most half of the places are taken.
static svari_visit_t *
find_place(const svari_visits_t *visits, const void *node, bool is_given)
{
  // Fibonacci hashing: the upper half of the product mixes all bits of the address.
  uint64_t hash = ((uint64_t)(uintptr_t)node + is_given) * UINT64_C(0x9E3779B97F4A7C15) >> 32;
  for (size_t place = hash & (visits->room - 1);; place = (place + 1) & (visits->room - 1)) {
    svari_visit_t *visit = &visits->items[place];
    if (visit->node == NULL || (visit->node == node && visit->is_given == is_given)) {
      return visit;
    }
  }
}

size_t
svari_visits_find(const svari_visits_t *visits, const void *node, bool is_given)
{
  if (visits->room == 0) {
    return SVARI_NOWHERE;
  }
  const svari_visit_t *visit = find_place(visits, node, is_given);
  return visit->node != NULL ? visit->slot : SVARI_NOWHERE;
}

static svar_ret_t
grow(svari_visits_t *visits)
{
  void *items;
  svari_visits_t larger = {.room = visits->room == 0 ? FIRST_ROOM : 2 * visits->room};
  size_t bytes = larger.room * sizeof(svari_visit_t);
  SVAR_TRY(svari_expression_allocate(bytes, "a function's plan", &items));
  larger.items = memset(items, 0, bytes);
  for (size_t i = 0; i < visits->room; i++) {
    const svari_visit_t *visit = &visits->items[i];
    if (visit->node != NULL) {
      *find_place(&larger, visit->node, visit->is_given) = *visit;
    }
  }
  larger.count = visits->count;
  svari_visits_fini(visits);
  *visits = larger;
  return SVAR_OK;
}

svar_ret_t
svari_visits_add(svari_visits_t *visits, const void *node, bool is_given, size_t slot)
{
  if (2 * visits->count >= visits->room) {
    SVAR_TRY(grow(visits));
  }
  *find_place(visits, node, is_given) = (svari_visit_t){node, is_given, slot};
  visits->count++;
  return SVAR_OK;
}

void
svari_visits_fini(svari_visits_t *visits)
{
  svari_expression_free(visits->items);
  *visits = (svari_visits_t){0};
}
