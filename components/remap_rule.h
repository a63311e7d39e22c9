// One remap rule of the command line, "[node:]from:=to", and what rules do to names.
#ifndef SVARI_COMPONENTS_REMAP_RULE_H
#define SVARI_COMPONENTS_REMAP_RULE_H

#include "components/ros_names.h"

SVAR_BEGIN_DECLS

typedef enum svari_remap_kind {
  SVARI_REMAP_NODE,      ///< __node:=name (or __name)
  SVARI_REMAP_NAMESPACE, ///< __ns:=/name
  SVARI_REMAP_NAME,      ///< from:=to, rostopic://from:=to
  SVARI_REMAP_SERVICE    ///< rosservice://from:=to: leaves topics and stores alone
} svari_remap_kind_t;

typedef struct svari_remap_rule {
  svari_remap_kind_t kind;
  char *node; ///< the rule is for nodes of this original name; NULL: for all
  char *from; ///< NULL for the node's own name and namespace
  char *to;
} svari_remap_rule_t;

/// Reads a rule; SVAR_ERR_SYNTAX says what is wrong with it. fini it when SVAR_OK.
svar_ret_t svari_remap_rule_parse(const char *text, svari_remap_rule_t *out_rule);
void svari_remap_rule_fini(svari_remap_rule_t *rule);

/// Who a node called `original` becomes: the first rule that fits wins, for its name and for its
/// namespace ("/" without a rule). keep_name: the name was chosen for this very node, rules that name
/// no node leave it alone. SVAR_ERR_VALUE: a rule gives a name that a node cannot have.
svar_ret_t svari_remap_node(const svari_remap_rule_t *rules, size_t rule_count,
                            const char *original, bool keep_name, svari_node_identity_t *out_node);

/// Expands a topic or store name for a node and applies the first rule whose expanded `from` is equal.
/// The result is not remapped again. Fails as svari_name_expand() does.
svar_ret_t svari_remap_name(const svari_remap_rule_t *rules, size_t rule_count,
                            const svari_node_identity_t *node, const char *name, char *out_name,
                            size_t name_bytes);

SVAR_END_DECLS
#endif
