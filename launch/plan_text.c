// Plans and arguments as text for people.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launch/plan.h"

// Writes word so that a shell reads it back as one word.
static void
write_shell_word(FILE *out, const char *word)
{
  static const char plain[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";
  if (*word != '\0' && strspn(word, plain) == strlen(word)) {
    fputs(word, out);
    return;
  }
  fputc('\'', out);
  for (; *word != '\0'; ++word) {
    fputs(*word == '\'' ? "'\\''" : (char[]){*word, '\0'}, out);
  }
  fputc('\'', out);
}

// Whether a newer binding than at shadows it.
static bool
is_shadowed(const svari_binding_t *list, const svari_binding_t *at)
{
  return svari_binding_find(list, at->name) != at;
}

static void
write_environment(FILE *out, const svari_binding_t *list)
{
  bool any = false;
  for (const svari_binding_t *at = list; at != NULL; at = at->next) {
    if (is_shadowed(list, at)) {
      continue;
    }
    fputs(any ? " " : "  env ", out);
    any = true;
    if (at->value == NULL) {
      fprintf(out, "-u %s", at->name);
    } else {
      fprintf(out, "%s=", at->name);
      write_shell_word(out, at->value);
    }
  }
  fputs(any ? " \\\n" : "", out);
}

static void
write_process(FILE *out, const svari_planned_process_t *process)
{
  fprintf(out, "[%s]%s%s%s\n", process->label, process->needs_roudi ? " (needs iox-roudi)" : "",
          process->shutdown_on_exit ? " (its end ends the launch)" : "",
          process->respawn ? " (started again when it ends)" : "");
  if (process->cwd != NULL) {
    fputs("  cd ", out);
    write_shell_word(out, process->cwd);
    fputs(" &&\n", out);
  }
  write_environment(out, process->environment);
  fputc(' ', out);
  for (size_t i = 0; i < process->argv.count; ++i) {
    fputc(' ', out);
    write_shell_word(out, process->argv.items[i]);
  }
  fputc('\n', out);
  for (const svari_planned_file_t *file = process->files; file != NULL; file = file->next) {
    fprintf(out, "  %s:\n", file->path);
    for (const char *line = file->text; *line != '\0';) {
      int length = (int)strcspn(line, "\n");
      fprintf(out, "    %.*s\n", length, line);
      line += length;
      line += *line == '\n';
    }
  }
}

char *
svari_plan_text(const svari_plan_t *plan)
{
  char *text = NULL;
  size_t text_bytes = 0;
  FILE *out = open_memstream(&text, &text_bytes);
  if (out == NULL) {
    return NULL;
  }
  for (const svari_planned_process_t *process = plan->processes; process != NULL;
       process = process->next) {
    write_process(out, process);
  }
  fclose(out);
  return text;
}

char *
svari_arguments_text(const char *path, const svari_declared_argument_t *arguments)
{
  char *text = NULL;
  size_t text_bytes = 0;
  FILE *out = open_memstream(&text, &text_bytes);
  if (out == NULL) {
    return NULL;
  }
  const char *file = path;
  for (const svari_declared_argument_t *at = arguments; at != NULL; at = at->next) {
    if (strcmp(at->file, file) != 0) {
      fprintf(out, "%s%s takes:\n", at->file, strcmp(at->file, path) == 0 ? "" : ", included,");
      file = at->file;
    }
    if (at->default_text == NULL) {
      fprintf(out, "  %s:=VALUE (mandatory)\n", at->name);
    } else {
      fprintf(out, "  %s:=VALUE (default: '%s')\n", at->name, at->default_text);
    }
    if (at->description != NULL) {
      fprintf(out, "      %s\n", at->description);
    }
    for (size_t i = 0; i < at->choices.count; ++i) {
      fprintf(out, "%s%s%s", i == 0 ? "      one of: " : ", ", at->choices.items[i],
              i + 1 == at->choices.count ? "\n" : "");
    }
  }
  fclose(out);
  return text;
}

bool
svari_arguments_have(const svari_declared_argument_t *arguments, const char *name)
{
  while (arguments != NULL && strcmp(arguments->name, name) != 0) {
    arguments = arguments->next;
  }
  return arguments != NULL;
}
