// Substitutions: $(var x), $(find-pkg-share p), ... in the texts of a launch file. Parsing knows the
// grammar and the names; expanding looks things up.
//
//   text     := ( '$(' NAME (' ' argument)* ')' | characters )*
//   argument := characters without space ' " $( ( )   or '...'   or "..."; both may nest $(...)
//
// Exactly one space stands before each argument. A backslash takes the next character as it is.
#ifndef SVARI_LAUNCH_SUBSTITUTION_H
#define SVARI_LAUNCH_SUBSTITUTION_H

#include "launch/packages.h"
#include "launch/scope.h"

SVAR_BEGIN_DECLS

// Of a text that substitutions make: Linux's bound of one argument or variable of a program. Without one,
// forty <let>s that each double a variable take all memory.
enum { SVARI_TEXT_BYTES_MAX = 128 * 1024 };

typedef struct svari_call svari_call_t;

// A parsed text is a list of parts, each a literal or a call.
typedef struct svari_part {
  const char *literal;      // NULL: a call
  const svari_call_t *call; // NULL: a literal
  const struct svari_part *next;
} svari_part_t;

// What an expansion can see.
typedef struct svari_view {
  svari_arena_t *arena;
  const svari_packages_t *packages;
  const char *file; // absolute path of the launch file being read
  svari_scope_t scope;
} svari_view_t;

// Parses source; the parts borrow nothing from it.
// SVAR_ERR_SYNTAX: broken grammar, unknown name, wrong number of arguments.
// SVAR_ERR_UNSUPPORTED: a substitution of ROS 2 that is not offered here.
svar_ret_t svari_substitution_parse(svari_arena_t *arena, const char *source,
                                    const svari_part_t **out_parts);

// Performs the parts one after another and joins the results.
// SVAR_ERR_NOT_FOUND: an unset variable or environment variable without default, an unknown package.
// SVAR_ERR_VALUE: an argument that should be a truth value is none.
svar_ret_t svari_substitution_expand(const svari_view_t *view, const svari_part_t *parts,
                                     const char **out_text);

// Parse and expand.
svar_ret_t svari_substitution_perform(const svari_view_t *view, const char *source,
                                      const char **out_text);

// Splits source into words as a shell does (spaces, '...', "...", backslash) and performs its
// substitutions; what a substitution yields is never split.
// SVAR_ERR_SYNTAX besides what perform returns: a quote is not closed.
svar_ret_t svari_substitution_words(const svari_view_t *view, const char *source,
                                    svari_words_t *words);

SVAR_END_DECLS
#endif
