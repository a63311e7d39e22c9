// What each substitution yields.
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "launch/eval.h"
#include "launch/substitution_impl.h"

// Expands argument number index (from 0) of the call.
static svar_ret_t
argument(const svari_view_t *view, const svari_call_t *call, int index, const char **out_text)
{
  const svari_argument_t *at = call->arguments;
  for (; index > 0; --index) {
    at = at->next;
  }
  return svari_substitution_expand(view, at->parts, out_text);
}

static svar_ret_t
bool_argument(const svari_view_t *view, const svari_call_t *call, int index, bool *out_value)
{
  const char *text = NULL;
  SVAR_TRY(argument(view, call, index, &text));
  svar_ret_t ret = svari_text_to_bool(text, out_value);
  if (ret != SVAR_OK) {
    svar_fail_context("$(%s)", call->kind->name);
  }
  return ret;
}

static svar_ret_t
yield_bool(bool value, const char **out_text)
{
  *out_text = value ? "true" : "false";
  return SVAR_OK;
}

static svar_ret_t
perform_var(const svari_view_t *view, const svari_call_t *call, const char **out_text)
{
  const char *name = NULL;
  SVAR_TRY(argument(view, call, 0, &name));
  const svari_binding_t *variable = svari_binding_find(view->scope.variables, name);
  if (variable != NULL) {
    *out_text = variable->value;
    return SVAR_OK;
  }
  if (call->argument_count == 2) {
    return argument(view, call, 1, out_text);
  }
  return svar_fail(SVAR_ERR_NOT_FOUND,
                   "the variable '%s' is not set here; an <arg> or <let> of that name must come "
                   "before it, or write $(var %s DEFAULT)",
                   name, name);
}

static svar_ret_t
perform_env(const svari_view_t *view, const svari_call_t *call, const char **out_text)
{
  const char *name = NULL;
  SVAR_TRY(argument(view, call, 0, &name));
  const char *value = svari_scope_environment(&view->scope, name);
  if (value != NULL) {
    *out_text = value;
    return SVAR_OK;
  }
  if (call->argument_count == 2) {
    return argument(view, call, 1, out_text);
  }
  return svar_fail(SVAR_ERR_NOT_FOUND,
                   "the environment variable '%s' is not set; set it, or write $(env %s DEFAULT)",
                   name, name);
}

static svar_ret_t
perform_find_pkg_prefix(const svari_view_t *view, const svari_call_t *call, const char **out_text)
{
  const char *package = NULL;
  SVAR_TRY(argument(view, call, 0, &package));
  return svari_packages_prefix(view->packages, view->arena, package, out_text);
}

static svar_ret_t
perform_find_pkg_share(const svari_view_t *view, const svari_call_t *call, const char **out_text)
{
  const char *package = NULL;
  const char *prefix = NULL;
  SVAR_TRY(argument(view, call, 0, &package));
  SVAR_TRY(svari_packages_prefix(view->packages, view->arena, package, &prefix));
  *out_text = svari_arena_printf(view->arena, "%s/share/%s", prefix, package);
  return SVAR_OK;
}

static svar_ret_t
perform_dirname(const svari_view_t *view, const svari_call_t *call, const char **out_text)
{
  (void)call;
  size_t length = (size_t)(strrchr(view->file, '/') - view->file);
  *out_text = svari_arena_copy(view->arena, view->file, length > 0 ? length : 1);
  return SVAR_OK;
}

static svar_ret_t
perform_filename(const svari_view_t *view, const svari_call_t *call, const char **out_text)
{
  (void)call;
  *out_text = view->file;
  return SVAR_OK;
}

static svar_ret_t
perform_not(const svari_view_t *view, const svari_call_t *call, const char **out_text)
{
  bool value = false;
  SVAR_TRY(bool_argument(view, call, 0, &value));
  return yield_bool(!value, out_text);
}

static svar_ret_t
perform_and(const svari_view_t *view, const svari_call_t *call, const char **out_text)
{
  bool left = false;
  bool right = false;
  SVAR_TRY(bool_argument(view, call, 0, &left));
  SVAR_TRY(bool_argument(view, call, 1, &right));
  return yield_bool(left && right, out_text);
}

static svar_ret_t
perform_or(const svari_view_t *view, const svari_call_t *call, const char **out_text)
{
  bool left = false;
  bool right = false;
  SVAR_TRY(bool_argument(view, call, 0, &left));
  SVAR_TRY(bool_argument(view, call, 1, &right));
  return yield_bool(left || right, out_text);
}

static bool
to_number(const char *text, double *out_number)
{
  char *end = NULL;
  *out_number = strtod(text, &end);
  return end != text && *end == '\0';
}

// As truth values if both are, else as numbers if both are, else as texts. The message that a text
// which is no truth value leaves behind is harmless: nothing fails here.
static bool
texts_equal(const char *left, const char *right)
{
  bool left_bool = false;
  bool right_bool = false;
  if (svari_text_to_bool(left, &left_bool) == SVAR_OK &&
      svari_text_to_bool(right, &right_bool) == SVAR_OK) {
    return left_bool == right_bool;
  }
  double left_number = 0;
  double right_number = 0;
  if (to_number(left, &left_number) && to_number(right, &right_number)) {
    return left_number == right_number;
  }
  return strcmp(left, right) == 0;
}

static svar_ret_t
compare(const svari_view_t *view, const svari_call_t *call, bool *out_equal)
{
  const char *left = NULL;
  const char *right = NULL;
  SVAR_TRY(argument(view, call, 0, &left));
  SVAR_TRY(argument(view, call, 1, &right));
  *out_equal = texts_equal(left, right);
  return SVAR_OK;
}

static svar_ret_t
perform_equals(const svari_view_t *view, const svari_call_t *call, const char **out_text)
{
  bool equal = false;
  SVAR_TRY(compare(view, call, &equal));
  return yield_bool(equal, out_text);
}

static svar_ret_t
perform_not_equals(const svari_view_t *view, const svari_call_t *call, const char **out_text)
{
  bool equal = false;
  SVAR_TRY(compare(view, call, &equal));
  return yield_bool(!equal, out_text);
}

static svar_ret_t
perform_if(const svari_view_t *view, const svari_call_t *call, const char **out_text)
{
  bool condition = false;
  SVAR_TRY(bool_argument(view, call, 0, &condition));
  if (!condition && call->argument_count == 2) {
    *out_text = "";
    return SVAR_OK;
  }
  return argument(view, call, condition ? 1 : 2, out_text);
}

static svar_ret_t
perform_eval(const svari_view_t *view, const svari_call_t *call, const char **out_text)
{
  const char *expression = NULL;
  SVAR_TRY(argument(view, call, 0, &expression));
  return svari_eval(view->arena, expression, out_text);
}

// The same id has the same name again; other launches that run meanwhile have others.
static svar_ret_t
perform_anon(const svari_view_t *view, const svari_call_t *call, const char **out_text)
{
  const char *id = NULL;
  SVAR_TRY(argument(view, call, 0, &id));
  const svari_binding_t **names = &view->scope.anonymous->names;
  const svari_binding_t *known = svari_binding_find(*names, id);
  if (known == NULL) {
    unsigned long chance = 0;
    if (getrandom(&chance, sizeof(chance), 0) < 0) {
      chance = 0; // an old kernel: the process id tells launches apart
    }
    svari_binding_add(view->arena, names, id,
                      svari_arena_printf(view->arena, "%s_%d_%lu", id, (int)getpid(), chance >> 1));
    known = *names;
  }
  *out_text = known->value;
  return SVAR_OK;
}

static svar_ret_t
perform_exec_in_pkg(const svari_view_t *view, const svari_call_t *call, const char **out_text)
{
  const char *program = NULL;
  const char *package = NULL;
  SVAR_TRY(argument(view, call, 0, &program));
  SVAR_TRY(argument(view, call, 1, &package));
  return svari_packages_program(view->packages, view->arena, package, program, out_text);
}

static svar_ret_t
perform_find_exec(const svari_view_t *view, const svari_call_t *call, const char **out_text)
{
  const char *program = NULL;
  SVAR_TRY(argument(view, call, 0, &program));
  const char *path = svari_scope_environment(&view->scope, "PATH");
  return svari_program_find(view->arena, path, program, out_text);
}

static const svari_call_kind_t kinds[] = {
    {"var", 1, 2, "$(var NAME [DEFAULT])", perform_var},
    {"env", 1, 2, "$(env NAME [DEFAULT])", perform_env},
    {"find-pkg-share", 1, 1, "$(find-pkg-share PACKAGE)", perform_find_pkg_share},
    {"find-pkg-prefix", 1, 1, "$(find-pkg-prefix PACKAGE)", perform_find_pkg_prefix},
    {"dirname", 0, 0, "$(dirname)", perform_dirname},
    {"filename", 0, 0, "$(filename)", perform_filename},
    {"not", 1, 1, "$(not BOOL)", perform_not},
    {"and", 2, 2, "$(and BOOL BOOL)", perform_and},
    {"or", 2, 2, "$(or BOOL BOOL)", perform_or},
    {"equals", 2, 2, "$(equals A B)", perform_equals},
    {"not-equals", 2, 2, "$(not-equals A B)", perform_not_equals},
    {"if", 2, 3, "$(if BOOL THEN [ELSE])", perform_if},
    {"eval", 1, 1, "$(eval 'EXPRESSION')", perform_eval},
    {"anon", 1, 1, "$(anon NAME)", perform_anon},
    {"exec-in-pkg", 2, 2, "$(exec-in-pkg PROGRAM PACKAGE)", perform_exec_in_pkg},
    {"find-exec", 1, 1, "$(find-exec PROGRAM)", perform_find_exec},
};

// Known to ROS 2 (or 1), and what to do instead.
static const struct {
  const char *name, *remedy;
} refused[] = {
    {"command", "run the command before, and hand its result in as an argument"},
    {"file-content", "hand the text in as an argument"},
    {"param", "use the variable that the parameter was set from"},
    {"any", "use $(or A B)"},
    {"all", "use $(and A B)"},
    {"arg", "it is ROS 1: use $(var NAME)"},
    {"find", "it is ROS 1: use $(find-pkg-share PACKAGE)"},
    {"optenv", "it is ROS 1: use $(env NAME DEFAULT)"},
};

const svari_call_kind_t *
svari_call_kind_find(const char *name)
{
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); ++i) {
    if (strcmp(kinds[i].name, name) == 0) {
      return &kinds[i];
    }
  }
  return NULL;
}

svar_ret_t
svari_call_kind_refuse(const char *name)
{
  for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); ++i) {
    if (strcmp(refused[i].name, name) == 0) {
      return svar_fail(SVAR_ERR_UNSUPPORTED, "svar launch does not offer $(%s); %s", name,
                       refused[i].remedy);
    }
  }
  if (*name == '\0') {
    return svar_fail(SVAR_ERR_SYNTAX,
                     "a name must follow '$(' at once; write '\\$(' for the characters themselves");
  }
  return svar_fail(
      SVAR_ERR_SYNTAX,
      "there is no substitution $(%s); there are var, env, find-pkg-share, "
      "find-pkg-prefix, exec-in-pkg, find-exec, dirname, filename, anon, eval, not, and, "
      "or, equals, not-equals, if",
      name);
}
