// Runs files through a target once each: what libFuzzer does when it is given files, in any build.
//   replay FILE-OR-FOLDER...    exit code 0: every input was taken; else the target has ended the program
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"

static int
by_name(const struct dirent **a, const struct dirent **b)
{
  return strcmp((*a)->d_name, (*b)->d_name);
}

static int
is_visible(const struct dirent *entry)
{
  return entry->d_name[0] != '.';
}

static bool
replay_file(const char *path)
{
  FILE *file = fopen(path, "re");
  if (file == NULL) {
    perror(path);
    return false;
  }
  struct stat status;
  FUZZ_CHECK(fstat(fileno(file), &status) == 0);
  size_t size_bytes = (size_t)status.st_size;
  uint8_t *data = malloc(size_bytes > 0 ? size_bytes : 1);
  FUZZ_CHECK(data != NULL && fread(data, 1, size_bytes, file) == size_bytes);
  fclose(file);
  fprintf(stderr, "%s\n", path); // before the run: the last line of a crash names its input
  LLVMFuzzerTestOneInput(data, size_bytes);
  free(data);
  return true;
}

// Returns the number of files replayed; -1: something cannot be read.
static long
replay(const char *path)
{
  struct dirent **files = NULL;
  int count = scandir(path, &files, is_visible, by_name);
  if (count < 0) {
    return replay_file(path) ? 1 : -1;
  }
  long replayed = 0;
  for (int i = 0; i < count; i++) {
    char name[4096];
    snprintf(name, sizeof(name), "%s/%s", path, files[i]->d_name);
    free(files[i]);
    replayed = replayed >= 0 && replay_file(name) ? replayed + 1 : -1;
  }
  free(files);
  return replayed;
}

int
main(int argc, char **argv)
{
  long total = 0;
  for (int i = 1; i < argc; i++) {
    long count = replay(argv[i]);
    if (count < 0) {
      return 1;
    }
    total += count;
  }
  printf("%ld inputs replayed\n", total);
  return total > 0 ? 0 : 1; // an empty corpus proves nothing
}
