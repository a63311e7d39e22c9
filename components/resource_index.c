#include "components/resource_index.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "components/array.h"
#include "components/component_log.h"

static const char folder_in_prefix[] =
    "share/ament_index/resource_index/shared_variable_components";
static const char logger[] = "resource_index";

static svar_ret_t
push_entry(svari_resource_index_t *index, const char *prefix, const char *file, const char *line,
           const char *separator)
{
  svari_index_entry_t *entries = svari_array_extend(index->entries, index->count, sizeof(*entries));
  if (entries == NULL) {
    return SVAR_ERR_NO_MEMORY;
  }
  index->entries = entries;
  // Counted at once: fini copes with an entry that is half there.
  svari_index_entry_t *entry = &entries[index->count++];
  const char *library = separator + 1;
  bool is_absolute = library[0] == '/';
  SVAR_TRY(svari_text_copy(line, (size_t)(separator - line), &entry->type));
  SVAR_TRY(svari_text_copy(file, strlen(file), &entry->file));
  return svari_text_format(&entry->library, "%s%s%s", is_absolute ? "" : prefix,
                           is_absolute ? "" : "/", library);
}

static svar_ret_t
read_lines(svari_resource_index_t *index, const char *prefix, const char *path, FILE *file)
{
  char *line = NULL;
  size_t line_bytes = 0;
  ssize_t length;
  svar_ret_t ret = SVAR_OK;
  for (int number = 1; ret == SVAR_OK && (length = getline(&line, &line_bytes, file)) >= 0;
       ++number) {
    line[strcspn(line, "\r\n")] = '\0';
    const char *separator = strchr(line, ';');
    bool is_entry = separator != NULL && separator != line && separator[1] != '\0' &&
                    strchr(separator + 1, ';') == NULL;
    if (is_entry) {
      ret = push_entry(index, prefix, path, line, separator);
    } else if (line[0] != '\0') {
      svari_log(logger, SVAR_LOG_WARN, "%s:%d: '%s' is not of the form ns::Type;lib/libname.so",
                path, number, line);
    }
  }
  free(line);
  return ret;
}

static svar_ret_t
read_package(svari_resource_index_t *index, const char *prefix, const char *package)
{
  char *path = NULL;
  SVAR_TRY(svari_text_format(&path, "%s/%s/%s", prefix, folder_in_prefix, package));
  svar_ret_t ret = SVAR_OK;
  FILE *file = fopen(path, "re");
  if (file != NULL) {
    ret = read_lines(index, prefix, path, file);
    fclose(file);
  } else {
    svari_log(logger, SVAR_LOG_WARN, "cannot read '%s': %s", path, strerror(errno));
  }
  free(path);
  return ret;
}

static svar_ret_t
add_package(svari_resource_index_t *index, const char *prefix, const char *package)
{
  for (size_t i = 0; i < index->package_count; ++i) {
    if (strcmp(index->packages[i], package) == 0) {
      return SVAR_OK;
    }
  }
  char **packages = svari_array_extend(index->packages, index->package_count, sizeof(*packages));
  if (packages == NULL) {
    return SVAR_ERR_NO_MEMORY;
  }
  index->packages = packages;
  SVAR_TRY(svari_text_copy(package, strlen(package), &packages[index->package_count]));
  ++index->package_count;
  return read_package(index, prefix, package);
}

svar_ret_t
svari_resource_index_add_prefix(svari_resource_index_t *index, const char *prefix)
{
  char *folder = NULL;
  SVAR_TRY(svari_text_format(&folder, "%s/%s", prefix, folder_in_prefix));
  struct dirent **files = NULL;
  int count = scandir(folder, &files, NULL, alphasort);
  if (count < 0 && errno != ENOENT && errno != ENOTDIR) {
    svari_log(logger, SVAR_LOG_WARN, "cannot read '%s': %s", folder, strerror(errno));
  }
  free(folder);
  svar_ret_t ret = SVAR_OK;
  for (int i = 0; i < count; ++i) {
    if (ret == SVAR_OK && files[i]->d_name[0] != '.') {
      ret = add_package(index, prefix, files[i]->d_name);
    }
    free(files[i]);
  }
  free(files);
  return ret;
}

static svar_ret_t
add_environment(svari_resource_index_t *index)
{
  const char *paths = getenv("AMENT_PREFIX_PATH");
  while (paths != NULL && *paths != '\0') {
    size_t length = strcspn(paths, ":");
    if (length > 0) {
      char *prefix;
      SVAR_TRY(svari_text_copy(paths, length, &prefix));
      svar_ret_t ret = svari_resource_index_add_prefix(index, prefix);
      free(prefix);
      SVAR_TRY(ret);
    }
    paths += length + (paths[length] == ':');
  }
  return SVAR_OK;
}

// PREFIX of /proc/self/exe = PREFIX/lib/shared_variable/program; nothing if it lies elsewhere.
static svar_ret_t
add_own_prefix(svari_resource_index_t *index)
{
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
  if (length < 0) {
    return SVAR_OK; // no /proc: the environment has to say
  }
  path[length] = '\0';
  static const char folder[] = "/lib/shared_variable";
  char *program = strrchr(path, '/');
  *program = '\0';
  size_t folder_length = (size_t)(program - path);
  if (folder_length < strlen(folder) || strcmp(program - strlen(folder), folder) != 0) {
    return SVAR_OK;
  }
  program[-(ptrdiff_t)strlen(folder)] = '\0';
  return svari_resource_index_add_prefix(index, path);
}

svar_ret_t
svari_resource_index_load(svari_resource_index_t *out_index)
{
  svari_resource_index_t index = {0};
  svar_ret_t ret;
  if ((ret = add_environment(&index)) != SVAR_OK || (ret = add_own_prefix(&index)) != SVAR_OK ||
      (ret = svari_resource_index_add_prefix(&index, "/usr")) != SVAR_OK) {
    svari_resource_index_fini(&index);
    return ret;
  }
  *out_index = index;
  return SVAR_OK;
}

void
svari_resource_index_fini(svari_resource_index_t *index)
{
  for (size_t i = 0; i < index->count; ++i) {
    free(index->entries[i].type);
    free(index->entries[i].library);
    free(index->entries[i].file);
  }
  for (size_t i = 0; i < index->package_count; ++i) {
    free(index->packages[i]);
  }
  free(index->entries);
  free(index->packages);
  *index = (svari_resource_index_t){0};
}

svar_ret_t
svari_resource_index_find(const svari_resource_index_t *index, const char *type,
                          const svari_index_entry_t **out_entry)
{
  char known[768] = "";
  for (size_t i = 0; i < index->count; ++i) {
    if (strcmp(index->entries[i].type, type) == 0) {
      *out_entry = &index->entries[i];
      return SVAR_OK;
    }
    size_t used = strlen(known);
    snprintf(known + used, sizeof(known) - used, "%s%s", used == 0 ? "" : ", ",
             index->entries[i].type);
  }
  if (index->count == 0) {
    return svar_fail(SVAR_ERR_NOT_FOUND,
                     "no component '%s': no component is installed in AMENT_PREFIX_PATH, in this "
                     "program's own prefix or in /usr; source the workspace's setup.sh",
                     type);
  }
  return svar_fail(SVAR_ERR_NOT_FOUND, "no component '%s'; there are: %s", type, known);
}
