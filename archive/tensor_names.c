#include "archive/tensor_names.h"

#include <stdio.h>
#include <string.h>

#include "archive/text.h"

svar_ret_t
svari_tensor_names_init(const svar_archive_save_options_t *options, svari_tensor_names_t *out_names)
{
  *out_names = (svari_tensor_names_t){
      .options = options, .taken = json_object(), .repetitions = json_object()};
  return out_names->taken != NULL && out_names->repetitions != NULL
             ? SVAR_OK
             : svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the names of an archive");
}

void
svari_tensor_names_fini(svari_tensor_names_t *names)
{
  json_decref(names->taken);
  json_decref(names->repetitions);
  *names = (svari_tensor_names_t){0};
}

static bool
is_free(const svari_tensor_names_t *names, const svari_entry_t *entry, const char *name)
{
  for (int part = 0; part < svari_entry_part_count(entry); part++) {
    char text[SVARI_ENTRY_NAME_BYTES];
    svari_entry_part_name(name, (svari_entry_part_t)part, text);
    if (json_object_get(names->taken, text) != NULL) {
      return false;
    }
  }
  return true;
}

static svar_ret_t
take(svari_tensor_names_t *names, svari_entry_t *entry, char *name)
{
  for (int part = 0; part < svari_entry_part_count(entry); part++) {
    char text[SVARI_ENTRY_NAME_BYTES];
    svari_entry_part_name(name, (svari_entry_part_t)part, text);
    if (json_object_set_new(names->taken, text, json_true()) != 0) {
      return svari_text_fail("variable name", name);
    }
  }
  entry->tensor_name = name;
  return SVAR_OK;
}

static svar_ret_t
take_unnamed(svari_tensor_names_t *names, svari_entry_t *entry, char text[SVARI_ENTRY_NAME_BYTES])
{
  if (names->options->refuse_unnamed) {
    return svar_fail(SVAR_ERR_VALUE,
                     "a variable has no name, and options.refuse_unnamed is set; name it");
  }
  do {
    snprintf(text, SVARI_ENTRY_NAME_BYTES, "array_%lld", (long long)names->unnamed++);
  } while (!is_free(names, entry, text));
  return take(names, entry, text);
}

// The name, the count-th of its kind, in text: the first has no suffix. False: there is no room for it.
static bool
write_name(const char *name, json_int_t count, char text[SVARI_ENTRY_NAME_BYTES])
{
  int length = count == 1
                   ? snprintf(text, SVARI_ENTRY_NAME_BYTES, "%s", name)
                   : snprintf(text, SVARI_ENTRY_NAME_BYTES, "%s_%lld", name, (long long)count);
  return length < SVAR_SAFETENSORS_NAME_BYTES;
}

static svar_ret_t
take_named(svari_tensor_names_t *names, svari_entry_t *entry, char text[SVARI_ENTRY_NAME_BYTES])
{
  json_int_t count = json_integer_value(json_object_get(names->repetitions, entry->name)) + 1;
  if (count > 1 && names->options->refuse_repeated_names) {
    return svar_fail(SVAR_ERR_VALUE,
                     "two variables are called '%s', and options.refuse_repeated_names is set; "
                     "rename one",
                     entry->name);
  }
  do { // another variable may be called "w_2"
    if (!write_name(entry->name, count, text)) {
      return svar_fail(SVAR_ERR_VALUE,
                       "the variable name '%.32s...' is too long for a file: %d "
                       "bytes, with the suffix that tells variables of one name apart",
                       entry->name, SVAR_SAFETENSORS_NAME_BYTES - 1);
    }
    count++;
  } while (!is_free(names, entry, text));
  if (json_object_set_new(names->repetitions, entry->name, json_integer(count - 1)) != 0) {
    return svari_text_fail("variable name", entry->name);
  }
  return take(names, entry, text);
}

svar_ret_t
svari_tensor_names_take(svari_tensor_names_t *names, svari_entry_t *entry,
                        char text[SVARI_ENTRY_NAME_BYTES])
{
  if (entry->name == NULL || entry->name[0] == '\0') {
    return take_unnamed(names, entry, text);
  }
  return take_named(names, entry, text);
}
