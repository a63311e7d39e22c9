// Where ROS packages are installed: prefixes in order, each with an ament resource index.
#ifndef SVARI_LAUNCH_PACKAGES_H
#define SVARI_LAUNCH_PACKAGES_H

#include <stdbool.h>

#include "launch/arena.h"
#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

// The prefixes looked at, the first that has a package wins.
typedef struct svari_packages {
  svari_words_t prefixes;
} svari_packages_t;

// Prefixes in the order: those of ament_prefix_path (as AMENT_PREFIX_PATH, may be NULL), own_prefix
// (may be NULL), /usr. Everything is copied into arena.
void svari_packages_init(svari_packages_t *packages, svari_arena_t *arena,
                         const char *ament_prefix_path, const char *own_prefix);
// The path of this very program. SVAR_ERR_SYSTEM: it cannot be told.
svar_ret_t svari_program_self(svari_arena_t *arena, const char **out_path);
// The prefix that this very program is installed in (PREFIX/bin/program), or NULL: not installed.
const char *svari_packages_own_prefix(svari_arena_t *arena);

// SVAR_ERR_NOT_FOUND: in no prefix; the message names them and the remedy.
svar_ret_t svari_packages_prefix(const svari_packages_t *packages, svari_arena_t *arena,
                                 const char *package, const char **out_prefix);

// The path of a package's program, PREFIX/lib/PACKAGE/PROGRAM.
// SVAR_ERR_NOT_FOUND, SVAR_ERR_PERMISSION: no such package or file, or it cannot be executed.
svar_ret_t svari_packages_program(const svari_packages_t *packages, svari_arena_t *arena,
                                  const char *package, const char *program, const char **out_path);

// The launch file of that name anywhere below a package's share directory.
// SVAR_ERR_NOT_FOUND: none; SVAR_ERR_EXISTS: several, the message names two of them.
svar_ret_t svari_packages_launch_file(const svari_packages_t *packages, svari_arena_t *arena,
                                      const char *package, const char *file, const char **out_path);

// Whether the package's file in the resource index lists this program, or component type, as one that
// uses iceoryx messages (see NEEDS_ROUDI of svar_add_component() in cmake/targets.cmake).
bool svari_packages_needs_roudi(const svari_packages_t *packages, svari_arena_t *arena,
                                const char *package, const char *name);
// The same of a component type, which any package may have.
bool svari_packages_type_needs_roudi(const svari_packages_t *packages, svari_arena_t *arena,
                                     const char *type);

// Whether the package registers a component of that type for containers (in the resource index, see
// svar_add_component()). SVAR_ERR_NOT_FOUND: it does not, or there is no such package.
svar_ret_t svari_packages_component(const svari_packages_t *packages, svari_arena_t *arena,
                                    const char *package, const char *type);

// The absolute form of path. Symbolic links are kept: an install tree may be made of them.
svar_ret_t svari_path_absolute(svari_arena_t *arena, const char *path, const char **out_path);

// The absolute path of a program named by a path (with a '/') or looked up on path (as PATH, may be
// NULL).
// SVAR_ERR_NOT_FOUND, SVAR_ERR_PERMISSION as above.
svar_ret_t svari_program_find(svari_arena_t *arena, const char *path, const char *program,
                              const char **out_path);

SVAR_END_DECLS
#endif
