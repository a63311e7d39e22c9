#include "cartpole_progress.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cartpole.h"

// A rise of the return that is worth a line of its own.
static const float printed_rise = SVARI_CARTPOLE_STEPS_MAX / 14.0f;

void
svari_cartpole_progress_init(svari_cartpole_progress_t *progress, FILE *out)
{
  const char *live = getenv("SVAR_LIVE");
  *progress = (svari_cartpole_progress_t){
      .out = out,
      .is_live = isatty(fileno(out)) || (live != NULL && strcmp(live, "1") == 0),
      .printed = -printed_rise,
      .stride = 1,
  };
}

// A full curve makes room: two columns become one.
static void
halve(svari_cartpole_progress_t *progress)
{
  for (uint32_t i = 0; i < SVARI_CARTPOLE_PROGRESS_COLUMNS / 2; i++) {
    progress->columns[i] = progress->columns[2 * i] + progress->columns[2 * i + 1];
  }
  progress->count = SVARI_CARTPOLE_PROGRESS_COLUMNS / 2;
  progress->stride *= 2;
  progress->in_last = progress->stride;
}

static void
add_to_curve(svari_cartpole_progress_t *progress, float mean_return)
{
  if (progress->count == SVARI_CARTPOLE_PROGRESS_COLUMNS && progress->in_last == progress->stride) {
    halve(progress);
  }
  if (progress->count == 0 || progress->in_last == progress->stride) {
    progress->columns[progress->count++] = 0.0f;
    progress->in_last = 0;
  }
  progress->columns[progress->count - 1] += mean_return;
  progress->in_last++;
}

static const char *
block(float mean_return)
{
  static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const int count = sizeof blocks / sizeof blocks[0];
  int level = (int)(mean_return / SVARI_CARTPOLE_STEPS_MAX * (float)count);
  return blocks[level < 0 ? 0 : level >= count ? count - 1 : level];
}

static void
print_curve(const svari_cartpole_progress_t *progress)
{
  for (uint32_t i = 0; i < progress->count; i++) {
    uint32_t generations = i + 1 < progress->count ? progress->stride : progress->in_last;
    fputs(block(progress->columns[i] / (float)generations), progress->out);
  }
}

void
svari_cartpole_progress_add(svari_cartpole_progress_t *progress, int64_t generation,
                            float mean_return)
{
  add_to_curve(progress, mean_return);
  if (!progress->is_live && mean_return < progress->printed + printed_rise) {
    return;
  }
  progress->printed = mean_return;
  if (progress->is_live) {
    fputc('\r', progress->out);
  }
  print_curve(progress);
  fprintf(progress->out, " generation %lld: mean return %.0f of %d", (long long)generation,
          (double)mean_return, SVARI_CARTPOLE_STEPS_MAX);
  // Spaces cover what a longer line left behind.
  fputs(progress->is_live ? "   " : "\n", progress->out);
  progress->is_line_open = progress->is_live;
  fflush(progress->out);
}

void
svari_cartpole_progress_end_line(svari_cartpole_progress_t *progress)
{
  if (progress->is_line_open) {
    fputc('\n', progress->out);
    fflush(progress->out);
    progress->is_line_open = false;
  }
}
