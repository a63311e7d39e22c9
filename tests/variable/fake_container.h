// A container without a store: one cell on the heap, for the tests of this room alone.
#ifndef TESTS_VARIABLE_FAKE_CONTAINER_H
#define TESTS_VARIABLE_FAKE_CONTAINER_H

#include "shared_variable/shared.h"

SVAR_BEGIN_DECLS

// Makes svar_shared() build fake containers in memory of this allocator.
void fake_containers_use(svar_allocator_t allocator);
// Makes svar_shared() find no factory at all.
void fake_containers_none(void);

// Where the current value lies.
const void *fake_container_cell(const svar_variable_t *variable);
// The version pinned by the latest borrowed view of this variable; 0 once that is released.
uint64_t fake_container_pin(const svar_variable_t *variable);
// How many handles and others refer to the variable's container.
uint32_t fake_container_references(const svar_variable_t *variable);

// A second variable on the same container.
svar_ret_t fake_container_share(const svar_variable_t *variable, const char *name,
                                svar_variable_t **out_variable);

SVAR_END_DECLS
#endif
