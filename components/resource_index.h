// Which component types are installed: the ament resource index, type `shared_variable_components`.
//
// Each package has one file, PREFIX/share/ament_index/resource_index/shared_variable_components/<package>,
// with lines `ns::Type;lib/libx.so`, the path relative to PREFIX or absolute.
#ifndef SVARI_COMPONENTS_RESOURCE_INDEX_H
#define SVARI_COMPONENTS_RESOURCE_INDEX_H

#include <stddef.h>

#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

typedef struct svari_index_entry {
  char *type;
  char *library; ///< absolute, unless the prefix is not
  char *file;    ///< the index file that says so, for sentences
} svari_index_entry_t;

/// {0} is empty.
typedef struct svari_resource_index {
  svari_index_entry_t *entries;
  size_t count;
  char **packages; ///< seen so far: the first prefix that has a package hides it in later ones
  size_t package_count;
} svari_resource_index_t;

/// Adds the prefixes of AMENT_PREFIX_PATH in order, then the one this program is installed in
/// (PREFIX/lib/shared_variable/program), then /usr. Lines that are no entry are logged and skipped: one
/// broken package must not stop the others.
svar_ret_t svari_resource_index_load(svari_resource_index_t *out_index);
/// One more prefix. A prefix without this index adds nothing.
svar_ret_t svari_resource_index_add_prefix(svari_resource_index_t *index, const char *prefix);
void svari_resource_index_fini(svari_resource_index_t *index);

/// The first entry of a type. SVAR_ERR_NOT_FOUND lists the types there are.
svar_ret_t svari_resource_index_find(const svari_resource_index_t *index, const char *type,
                                     const svari_index_entry_t **out_entry);

SVAR_END_DECLS
#endif
