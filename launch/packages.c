#include "launch/packages.h"

#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INDEX "share/ament_index/resource_index"
#define NEEDS_ROUDI INDEX "/shared_variable_needs_roudi"
#define COMPONENTS INDEX "/shared_variable_components"

void
svari_packages_init(svari_packages_t *packages, svari_arena_t *arena, const char *ament_prefix_path,
                    const char *own_prefix)
{
  *packages = (svari_packages_t){0};
  for (const char *at = ament_prefix_path; at != NULL && *at != '\0';) {
    size_t length = strcspn(at, ":");
    if (length > 0) {
      svari_words_add(arena, &packages->prefixes, svari_arena_copy(arena, at, length));
    }
    at += length;
    at += *at == ':';
  }
  if (own_prefix != NULL) {
    svari_words_add(arena, &packages->prefixes,
                    svari_arena_copy(arena, own_prefix, strlen(own_prefix)));
  }
  svari_words_add(arena, &packages->prefixes, "/usr");
}

svar_ret_t
svari_program_self(svari_arena_t *arena, const char **out_path)
{
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length <= 0 || (size_t)length == sizeof(path)) {
    return svar_fail(SVAR_ERR_SYSTEM,
                     "the path of this program cannot be told: %s; is /proc mounted?",
                     strerror(errno));
  }
  *out_path = svari_arena_copy(arena, path, (size_t)length);
  return SVAR_OK;
}

const char *
svari_packages_own_prefix(svari_arena_t *arena)
{
  const char *path = NULL;
  if (svari_program_self(arena, &path) != SVAR_OK) {
    return NULL;
  }
  const char *program = strrchr(path, '/');
  const char *folder = memrchr(path, '/', (size_t)(program - path));
  if (folder == NULL || strncmp(folder, "/bin/", 5) != 0) {
    return NULL;
  }
  return svari_arena_copy(arena, path, (size_t)(folder - path));
}

static svar_ret_t
fail_without_package(const svari_packages_t *packages, svari_arena_t *arena, const char *package)
{
  const char *searched = "";
  for (size_t i = 0; i < packages->prefixes.count; ++i) {
    searched = svari_arena_printf(arena, "%s%s%s", searched, i == 0 ? "" : ", ",
                                  packages->prefixes.items[i]);
  }
  return svar_fail(SVAR_ERR_NOT_FOUND,
                   "package '%s' is in none of the prefixes %s; install it, or source the "
                   "setup.sh of the workspace that has it",
                   package, searched);
}

svar_ret_t
svari_packages_prefix(const svari_packages_t *packages, svari_arena_t *arena, const char *package,
                      const char **out_prefix)
{
  bool is_name = *package != '\0' && *package != '.' && strchr(package, '/') == NULL;
  for (size_t i = 0; is_name && i < packages->prefixes.count; ++i) {
    const char *prefix = packages->prefixes.items[i];
    const char *marker = svari_arena_printf(arena, "%s/" INDEX "/packages/%s", prefix, package);
    if (access(marker, F_OK) == 0) {
      *out_prefix = prefix;
      return SVAR_OK;
    }
  }
  return fail_without_package(packages, arena, package);
}

static svar_ret_t
check_is_program(const char *path)
{
  struct stat status;
  if (stat(path, &status) != 0) {
    return svar_fail(SVAR_ERR_NOT_FOUND, "the program '%s' cannot be found: %s", path,
                     strerror(errno));
  }
  if (!S_ISREG(status.st_mode) || access(path, X_OK) != 0) {
    return svar_fail(SVAR_ERR_PERMISSION,
                     "'%s' is not a program that can be executed; check its "
                     "permissions (chmod +x)",
                     path);
  }
  return SVAR_OK;
}

svar_ret_t
svari_packages_program(const svari_packages_t *packages, svari_arena_t *arena, const char *package,
                       const char *program, const char **out_path)
{
  const char *prefix = NULL;
  SVAR_TRY(svari_packages_prefix(packages, arena, package, &prefix));
  const char *path = svari_arena_printf(arena, "%s/lib/%s/%s", prefix, package, program);
  SVAR_TRY(check_is_program(path));
  *out_path = path;
  return SVAR_OK;
}

// Walks below root; the first file of that name goes to out_first, the next to out_second.
static void
find_below(svari_arena_t *arena, const char *root, const char *name, const char **out_first,
           const char **out_second)
{
  char *const roots[] = {svari_arena_copy(arena, root, strlen(root)), NULL};
  FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
  if (walk == NULL) {
    return;
  }
  for (FTSENT *entry = fts_read(walk); entry != NULL && *out_second == NULL;
       entry = fts_read(walk)) {
    bool is_file = entry->fts_info == FTS_F;
    if (is_file && strcmp(entry->fts_name, name) == 0) {
      const char **out = *out_first == NULL ? out_first : out_second;
      *out = svari_arena_copy(arena, entry->fts_path, strlen(entry->fts_path));
    }
  }
  fts_close(walk);
}

svar_ret_t
svari_packages_launch_file(const svari_packages_t *packages, svari_arena_t *arena,
                           const char *package, const char *file, const char **out_path)
{
  const char *prefix = NULL;
  SVAR_TRY(svari_packages_prefix(packages, arena, package, &prefix));
  const char *share = svari_arena_printf(arena, "%s/share/%s", prefix, package);
  const char *first = NULL;
  const char *second = NULL;
  find_below(arena, share, file, &first, &second);
  if (first == NULL) {
    return svar_fail(SVAR_ERR_NOT_FOUND, "package '%s' has no launch file '%s' below %s", package,
                     file, share);
  }
  if (second != NULL) {
    return svar_fail(SVAR_ERR_EXISTS,
                     "package '%s' has several launch files '%s': %s and %s; give the path of one",
                     package, file, first, second);
  }
  *out_path = first;
  return SVAR_OK;
}

// Whether a list of the resource index has the name, alone on its line or before a ';'.
static bool
list_has(const char *path, const char *name)
{
  FILE *list = fopen(path, "re");
  if (list == NULL) {
    return false; // the package lists nothing
  }
  bool found = false;
  char *line = NULL;
  size_t line_bytes = 0;
  while (!found && getline(&line, &line_bytes, list) > 0) {
    line[strcspn(line, ";\r\n")] = '\0';
    found = strcmp(line, name) == 0;
  }
  free(line);
  fclose(list);
  return found;
}

bool
svari_packages_needs_roudi(const svari_packages_t *packages, svari_arena_t *arena,
                           const char *package, const char *name)
{
  const char *prefix = NULL;
  return svari_packages_prefix(packages, arena, package, &prefix) == SVAR_OK &&
         list_has(svari_arena_printf(arena, "%s/" NEEDS_ROUDI "/%s", prefix, package), name);
}

svar_ret_t
svari_packages_component(const svari_packages_t *packages, svari_arena_t *arena,
                         const char *package, const char *type)
{
  const char *prefix = NULL;
  SVAR_TRY(svari_packages_prefix(packages, arena, package, &prefix));
  const char *path = svari_arena_printf(arena, "%s/" COMPONENTS "/%s", prefix, package);
  if (list_has(path, type)) {
    return SVAR_OK;
  }
  return svar_fail(
      SVAR_ERR_NOT_FOUND,
      "package '%s' registers no component '%s' (in %s); component_container --list says "
      "which there are",
      package, type, path);
}

bool
svari_packages_type_needs_roudi(const svari_packages_t *packages, svari_arena_t *arena,
                                const char *type)
{
  bool found = false;
  for (size_t i = 0; !found && i < packages->prefixes.count; ++i) {
    DIR *lists = opendir(svari_arena_printf(arena, "%s/" NEEDS_ROUDI, packages->prefixes.items[i]));
    const struct dirent *list = NULL;
    while (!found && lists != NULL && (list = readdir(lists)) != NULL) {
      found =
          list->d_name[0] != '.' && svari_packages_needs_roudi(packages, arena, list->d_name, type);
    }
    if (lists != NULL) {
      closedir(lists);
    }
  }
  return found;
}

svar_ret_t
svari_path_absolute(svari_arena_t *arena, const char *path, const char **out_path)
{
  if (*path == '/') {
    *out_path = svari_arena_copy(arena, path, strlen(path));
    return SVAR_OK;
  }
  char *directory = getcwd(NULL, 0);
  if (directory == NULL) {
    return svar_fail(SVAR_ERR_SYSTEM,
                     "the current directory cannot be told (%s); give an absolute path instead of "
                     "'%s'",
                     strerror(errno), path);
  }
  while (strncmp(path, "./", 2) == 0) {
    path += 2;
  }
  *out_path = svari_arena_printf(arena, "%s/%s", directory, path);
  free(directory);
  return SVAR_OK;
}

svar_ret_t
svari_program_find(svari_arena_t *arena, const char *path, const char *program,
                   const char **out_path)
{
  if (strchr(program, '/') != NULL) {
    SVAR_TRY(check_is_program(program));
    return svari_path_absolute(arena, program, out_path);
  }
  for (const char *at = path; at != NULL && *at != '\0' && *program != '\0';) {
    size_t length = strcspn(at, ":");
    const char *candidate =
        svari_arena_printf(arena, "%.*s%s%s", (int)length, at, length > 0 ? "/" : "./", program);
    if (check_is_program(candidate) == SVAR_OK) {
      return svari_path_absolute(arena, candidate, out_path);
    }
    at += length;
    at += *at == ':';
  }
  return svar_fail(SVAR_ERR_NOT_FOUND,
                   "the program '%s' is not on PATH; install it, or give its path", program);
}
