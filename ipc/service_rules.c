#include "ipc/service_rules.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ipc/account.h"

// --- lists -----------------------------------------------------------------------------------------

// Takes the next item of a list that commas separate, blanks around it left out. A backslash keeps the
// character behind it from being a comma, and stays. False: there is none.
static bool
next_item(const char **list, char *item, size_t room_bytes)
{
  const char *start = *list + strspn(*list, " ,");
  const char *end = start;
  while (*end != '\0' && *end != ',') {
    end += *end == '\\' && end[1] != '\0' ? 2 : 1;
  }
  *list = end;
  while (end > start && end[-1] == ' ') {
    end--;
  }
  snprintf(item, room_bytes, "%.*s", (int)(end - start), start);
  return end > start;
}

static svar_ret_t
add_setter(svari_service_rules_t *rules, const char *name)
{
  if (rules->setter_count == SVARI_SETTERS) {
    return svar_fail(SVAR_ERR_ARGUMENT, "more than %d setters: name a group", SVARI_SETTERS);
  }
  svari_setter_t *setter = &rules->setters[rules->setter_count];
  setter->is_group = name[0] == '@';
  svar_ret_t ret = setter->is_group ? svari_account_group(name + 1, &setter->id)
                                    : svari_account_user(name, &setter->id);
  if (ret != SVAR_OK) {
    svar_fail_context("setters");
    return ret;
  }
  rules->setter_count++;
  return SVAR_OK;
}

svar_ret_t
svari_rules_read(const char *settable, const char *setters, svari_service_rules_t *out_rules)
{
  char name[256];
  *out_rules = (svari_service_rules_t){.setter_count = 0};
  if (settable != NULL && strlen(settable) >= sizeof(out_rules->patterns)) {
    return svar_fail(SVAR_ERR_ARGUMENT, "settable: the patterns have more than %zu bytes",
                     sizeof(out_rules->patterns) - 1);
  }
  strcpy(out_rules->patterns, settable != NULL ? settable : "");
  while (setters != NULL && next_item(&setters, name, sizeof(name))) {
    SVAR_TRY(add_setter(out_rules, name));
  }
  return SVAR_OK;
}

// --- judging ---------------------------------------------------------------------------------------

static bool
is_setter(const svari_service_rules_t *rules, int fd, const svari_credentials_t *peer)
{
  if (peer->uid == 0 || (rules->setter_count == 0 && peer->uid == geteuid())) {
    return true;
  }
  for (size_t i = 0; i < rules->setter_count; i++) {
    const svari_setter_t *setter = &rules->setters[i];
    if (setter->is_group ? svari_socket_is_in_group(fd, peer, setter->id)
                         : peer->uid == setter->id) {
      return true;
    }
  }
  return false;
}

svar_ret_t
svari_rules_check_peer(const svari_service_rules_t *rules, int fd, const svari_credentials_t *peer,
                       const char *store_name)
{
  char first[SVARI_PATTERNS_BYTES];
  const char *patterns = rules->patterns;
  if (!next_item(&patterns, first, sizeof(first))) {
    return svar_fail(SVAR_ERR_PERMISSION,
                     "store '%s' takes no values from other processes: its holder, process %d, "
                     "must allow it (svar_store_options_t.settable, the parameter 'settable' of a "
                     "publisher)",
                     store_name, getpid());
  }
  if (!is_setter(rules, fd, peer)) {
    return svar_fail(SVAR_ERR_PERMISSION,
                     "store '%s' takes no values from user %u (group %u): its holder, process %d, "
                     "must name it (svar_store_options_t.setters, the parameter 'setters' of a "
                     "publisher)",
                     store_name, peer->uid, peer->gid, getpid());
  }
  return SVAR_OK;
}

svar_ret_t
svari_rules_check_variable(const svari_service_rules_t *rules, const char *variable,
                           const char *store_name)
{
  char pattern[SVARI_PATTERNS_BYTES];
  const char *patterns = rules->patterns;
  while (next_item(&patterns, pattern, sizeof(pattern))) {
    if (fnmatch(pattern, variable, 0) == 0) {
      return SVAR_OK;
    }
  }
  return svar_fail(SVAR_ERR_PERMISSION,
                   "variable '%s' of store '%s' is not one that other processes may set: those "
                   "are '%s'",
                   variable, store_name, rules->patterns);
}
