// The names of ROS 2: how they lex, what a node may be called, and how a relative name becomes a full one.
#ifndef SVARI_COMPONENTS_ROS_NAMES_H
#define SVARI_COMPONENTS_ROS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

enum {
  SVARI_NODE_NAME_MAX = 255,
  SVARI_NAMESPACE_MAX = 245,
  SVARI_TOPIC_NAME_MAX = 247,
  // namespace, '/', node name, NUL
  SVARI_FULL_NAME_BYTES = SVARI_NAMESPACE_MAX + 1 + SVARI_NODE_NAME_MAX + 1
};

/// Who a node is, after its own remap rules.
typedef struct svari_node_identity {
  char original[SVARI_NODE_NAME_MAX + 1];   ///< before remapping: what a rule's "node:" names
  char name[SVARI_NODE_NAME_MAX + 1];       ///< "policy"
  char name_space[SVARI_NAMESPACE_MAX + 1]; ///< "/robot1", or "/"
  char full_name[SVARI_FULL_NAME_BYTES];    ///< "/robot1/policy"
} svari_node_identity_t;

/// Length of the TOKEN of rcl's lexer at the start of text, 0 if there is none. TOKEN is
/// (([A-Za-z]_?)|_)([0-9A-Za-z]_?)*: an identifier that ends before a second underscore in a row.
size_t svari_name_token(const char *text);
/// Length of TOKEN ('/' TOKEN)* at the start of text, 0 if there is none. A '/' at the end is not taken.
size_t svari_name_path(const char *text);
/// Length of [A-Za-z_][A-Za-z0-9_]* at the start of text, 0 if there is none.
size_t svari_name_identifier(const char *text);

/// 1 to 255 of [A-Za-z0-9_], not digit first. SVAR_ERR_VALUE with the reason otherwise.
svar_ret_t svari_node_name_check(const char *name);
/// "/", or "/" and identifiers with '/' between, at most 245 bytes. SVAR_ERR_VALUE otherwise.
svar_ret_t svari_namespace_check(const char *name_space);

/// Expands "~/x" under the node, "x" under the namespace, leaves "/x", and checks the result
/// (identifiers with '/' between, at most 247 bytes). SVAR_ERR_VALUE names what is wrong,
/// SVAR_ERR_RANGE a name that does not fit out_name.
svar_ret_t svari_name_expand(const svari_node_identity_t *node, const char *name, char *out_name,
                             size_t name_bytes);

/// Fills name_space, name and full_name's texts from checked parts.
void svari_node_identity_set(svari_node_identity_t *node, const char *original, const char *name,
                             const char *name_space);

SVAR_END_DECLS
#endif
