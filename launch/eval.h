// $(eval '...'): the part of Python's expressions that launch files use, with Python's meaning.
//
//   expression := or-test [if or-test else expression]     text, numbers, True, False, None, (...)
//   operators, loosest first: or, and, not, comparisons (== != < <= > >= in, not in; they chain), + -, * /,
//   and a sign. [a, b] and (a, b) stand to the right of `in`.
//
// Names, calls, methods, indices, //, % and ** are refused, so that nothing runs that a reader cannot see.
// Whole numbers have 64 bits here; what leaves them is refused.
#ifndef SVARI_LAUNCH_EVAL_H
#define SVARI_LAUNCH_EVAL_H

#include "launch/arena.h"
#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

// The value of expression as Python's str() writes it: "True", "3", "0.5", the text itself.
// SVAR_ERR_SYNTAX: it does not parse. SVAR_ERR_UNSUPPORTED: Python that is not offered here.
// SVAR_ERR_TYPE, SVAR_ERR_VALUE: it has no value: 'a' < 1, 1 / 0, a whole number beyond 64 bits.
svar_ret_t svari_eval(svari_arena_t *arena, const char *expression, const char **out_text);

SVAR_END_DECLS
#endif
