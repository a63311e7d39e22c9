#include "launch/scope.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "components/ros_names.h"

static const char spaces[] = " \t\r\n\v\f";

void
svari_binding_add(svari_arena_t *arena, const svari_binding_t **list, const char *name,
                  const char *value)
{
  svari_binding_t *binding = svari_arena_zeroed(arena, sizeof(*binding));
  *binding = (svari_binding_t){.name = name, .value = value, .next = *list};
  *list = binding;
}

const svari_binding_t *
svari_binding_find(const svari_binding_t *list, const char *name)
{
  while (list != NULL && strcmp(list->name, name) != 0) {
    list = list->next;
  }
  return list;
}

const char *
svari_scope_environment(const svari_scope_t *scope, const char *name)
{
  const svari_binding_t *changed = svari_binding_find(scope->environment, name);
  return changed != NULL ? changed->value : getenv(name);
}

svari_scope_t
svari_scope_inner(svari_arena_t *arena, const svari_scope_t *outer)
{
  svari_scope_t inner = *outer;
  if (outer->anonymous == NULL || outer->anonymous->names == NULL) {
    inner.anonymous = svari_arena_zeroed(arena, sizeof(*inner.anonymous));
  }
  return inner;
}

svar_ret_t
svari_namespace_join(svari_arena_t *arena, const char *base, const char *name,
                     const char **out_namespace)
{
  char *joined;
  if (*name == '/' || base == NULL || strcmp(base, "/") == 0) {
    joined = svari_arena_printf(arena, "%s%s", *name == '/' ? "" : "/", name);
  } else {
    joined = svari_arena_printf(arena, "%s%s%s", base, *name == '\0' ? "" : "/", name);
  }
  size_t length = strlen(joined);
  if (length > 1 && joined[length - 1] == '/') {
    joined[length - 1] = '\0';
  }
  SVAR_TRY(svari_namespace_check(joined));
  *out_namespace = joined;
  return SVAR_OK;
}

svar_ret_t
svari_text_to_bool(const char *text, bool *out_value)
{
  const char *begin = text + strspn(text, spaces);
  size_t length = strlen(begin);
  while (length > 0 && strchr(spaces, begin[length - 1]) != NULL) {
    --length;
  }
  static const struct {
    const char *text;
    bool value;
  } values[] = {{"true", true}, {"false", false}, {"1", true}, {"0", false}};
  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); ++i) {
    if (strlen(values[i].text) == length && strncasecmp(begin, values[i].text, length) == 0) {
      *out_value = values[i].value;
      return SVAR_OK;
    }
  }
  return svar_fail(SVAR_ERR_VALUE, "'%s' is not a truth value; use true, false, 1 or 0", text);
}
