// The crash test: see docs/crash.md.
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/crash/actor.h"
#include "tests/crash/report.h"
#include "tests/crash/seeded_bug.h"

static void
print_bug(const char *name, const char *figure)
{
  printf("%s %s\n", name, figure);
}

static uint64_t
number(const char *text, const char *option)
{
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || *text == '-') {
    errx(2, "%s needs a number, not '%s'", option, text);
  }
  return value;
}

static void
parse(int argc, char **argv, crash_options_t *options)
{
  static const struct option known[] = {{"kills", required_argument, NULL, 'k'},
                                        {"seed", required_argument, NULL, 's'},
                                        {"json", required_argument, NULL, 'j'},
                                        {"break", required_argument, NULL, 'b'},
                                        {"deadline", required_argument, NULL, 'd'},
                                        {"list-breaks", no_argument, NULL, 'l'},
                                        {NULL, 0, NULL, 0}};
  for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
    switch (option) {
    case 'k':
      options->kills = number(optarg, "--kills");
      break;
    case 's':
      options->seed = number(optarg, "--seed");
      break;
    case 'd':
      options->deadline_s = (uint32_t)number(optarg, "--deadline");
      break;
    case 'j':
      options->json_path = optarg;
      break;
    case 'b':
      options->seeded_bug = optarg;
      break;
    case 'l':
      crash_seeded_bug_each(print_bug);
      exit(0);
    default:
      errx(2, "see tests/crash/run --help");
    }
  }
  if (optind != argc) {
    errx(2, "'%s' is not an option; see tests/crash/run --help", argv[optind]);
  }
  if (options->seeded_bug != NULL && !crash_seeded_bug_is_known(options->seeded_bug)) {
    errx(2, "--break knows no '%s'; --list-breaks tells what it knows", options->seeded_bug);
  }
}

static void __attribute__((noreturn)) act(int arena_fd, int index)
{
  crash_arena_t *arena = crash_arena_map(arena_fd);
  crash_life_t *life = &arena->lives[index];
  crash_actor_t actor = {
      .arena = arena,
      .life = life,
      .record = &arena->stores[life->store],
      .random = {life->seed},
  };
  close(arena_fd);
  crash_store_name(life->store, actor.store_name);
  crash_points_arm(arena, life);
  switch (life->role) {
  case CRASH_HOLDER:
    crash_holder_live(&actor);
    break;
  case CRASH_READER:
    crash_reader_live(&actor);
    break;
  case CRASH_SURVIVOR:
    crash_survivor_live(&actor);
    break;
  }
  _exit(0); // whatever is still open stays so: a leak on purpose
}

// With what failures left in it.
static void
remove_directory(const char *directory)
{
  DIR *stream = opendir(directory);
  for (struct dirent *file = stream != NULL ? readdir(stream) : NULL; file != NULL;
       file = readdir(stream)) {
    (void)unlinkat(dirfd(stream), file->d_name, 0); // . and .. are no files
  }
  if (stream == NULL || closedir(stream) != 0 || rmdir(directory) != 0) {
    warn("removing '%s'", directory);
  }
}

static int
supervise(const crash_options_t *options)
{
  char directory[] = "/dev/shm/svar_crash.XXXXXX";
  if (mkdtemp(directory) == NULL || setenv("SVAR_SEGMENT_DIR", directory, 1) != 0) {
    err(2, "making a segment directory '%s'", directory);
  }
  int arena_fd;
  crash_arena_t *arena = crash_arena_make(&arena_fd);
  if (options->seeded_bug != NULL) {
    snprintf(arena->seeded_bug, sizeof(arena->seeded_bug), "%s", options->seeded_bug);
  }
  if (crash_point_count() > CRASH_POINTS) {
    errx(2, "%d crash points; arena.h has room for %d", crash_point_count(), CRASH_POINTS);
  }
  crash_result_t result;
  crash_supervise(options, arena, arena_fd, directory, &result);
  remove_directory(directory);
  return crash_report(options, arena, &result) ? 0 : 1;
}

int
main(int argc, char **argv)
{
  if (argc == 4 && strcmp(argv[1], "--actor") == 0) {
    act((int)number(argv[2], argv[1]), (int)number(argv[3], argv[1]));
  }
  crash_options_t options = {.kills = 3000, .seed = 1, .deadline_s = 30};
  parse(argc, argv, &options);
  return supervise(&options);
}
