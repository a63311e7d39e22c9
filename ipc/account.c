#include "ipc/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_BYTES = 16384 };

static bool
parse_number(const char *text, uint32_t *out_number)
{
  char *end;
  errno = 0;
  unsigned long number = strtoul(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number >= UINT32_MAX) {
    return false;
  }
  *out_number = (uint32_t)number;
  return true;
}

static svar_ret_t
read_number(const char *what, const char *name, int error, uint32_t *out_number)
{
  if (parse_number(name, out_number)) {
    return SVAR_OK;
  }
  return svar_fail(SVAR_ERR_ARGUMENT, "there is no %s '%s'%s%s", what, name, error != 0 ? ": " : "",
                   error != 0 ? strerror(error) : "");
}

svar_ret_t
svari_account_user(const char *name, uid_t *out_user)
{
  struct passwd entry;
  struct passwd *found = NULL;
  char buffer[BUFFER_BYTES];
  int error = getpwnam_r(name, &entry, buffer, sizeof(buffer), &found);
  if (found == NULL) {
    return read_number("user", name, error, out_user);
  }
  *out_user = found->pw_uid;
  return SVAR_OK;
}

svar_ret_t
svari_account_group(const char *name, gid_t *out_group)
{
  struct group entry;
  struct group *found = NULL;
  char buffer[BUFFER_BYTES];
  int error = getgrnam_r(name, &entry, buffer, sizeof(buffer), &found);
  if (found == NULL) {
    return read_number("group", name, error, out_group);
  }
  *out_group = found->gr_gid;
  return SVAR_OK;
}
