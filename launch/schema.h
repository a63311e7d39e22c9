// What a launch description may say: the tags, where they may stand, and their attributes. One table,
// also the list of what is known in ROS 2 but not offered here, so that a refusal can say which it is.
#ifndef SVARI_LAUNCH_SCHEMA_H
#define SVARI_LAUNCH_SCHEMA_H

#include "launch/document.h"

SVAR_BEGIN_DECLS

// Checks the whole tree under root, branches that a condition may switch off included.
// SVAR_ERR_SYNTAX: unknown or misplaced tag, unknown or missing attribute, `if` beside `unless`, a
// substitution that does not parse. SVAR_ERR_UNSUPPORTED: known in ROS 2, not offered here.
svar_ret_t svari_schema_check(svari_arena_t *arena, const svari_element_t *root);

SVAR_END_DECLS
#endif
