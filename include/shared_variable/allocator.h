// Where the library's private memory comes from (after rcutils_allocator_t, with alignment).
#ifndef SHARED_VARIABLE_ALLOCATOR_H
#define SHARED_VARIABLE_ALLOCATOR_H

#include <stddef.h>

#include "shared_variable/export.h"

SVAR_BEGIN_DECLS

/// A table of two functions and their state. Roots (a store, a variable) take one and their children
/// inherit it. Both functions must be safe from every thread that uses the object.
typedef struct svar_allocator {
  /// Returns size_bytes of memory at a multiple of alignment (a power of two), or NULL.
  void *(*allocate)(size_t size_bytes, size_t alignment, void *state);
  /// Gives back what allocate returned; NULL is a no-op.
  void (*deallocate)(void *memory, void *state);
  void *state;
} svar_allocator_t;

/// The C library's heap. Every function that takes `const svar_allocator_t *` reads NULL as this.
SVAR_PUBLIC svar_allocator_t svar_allocator_default(void);

SVAR_END_DECLS
#endif
