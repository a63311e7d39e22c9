#include "launch/param_file.h"

#include <string.h>

#include <yaml.h>

#include "components/parameter_table.h"

// Emits one event and reports whether the emitter took it; it owns the event from then on.
static bool
emit(yaml_emitter_t *emitter, yaml_event_t *event, int initialized)
{
  return initialized && yaml_emitter_emit(emitter, event);
}

// False for surrogates and for what lies beyond U+10FFFF: libyaml takes them for UTF-8, and writes escapes that
// it does not read again.
static bool
is_unicode(const char *text)
{
  for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; ++at) {
    if (*at > 0xf4 || (*at == 0xf4 && at[1] > 0x8f) || (*at == 0xed && at[1] > 0x9f)) {
      return false;
    }
  }
  return true;
}

static bool
emit_scalar(yaml_emitter_t *emitter, const char *text, yaml_scalar_style_t style)
{
  yaml_event_t event;
  return is_unicode(text) &&
         emit(emitter, &event,
              yaml_scalar_event_initialize(&event, NULL, NULL, (const unsigned char *)text,
                                           (int)strlen(text), 1, 1, style));
}

static bool
emit_item(yaml_emitter_t *emitter, const svari_param_value_t *value, size_t index)
{
  const char *text = value->items.items[index];
  yaml_scalar_style_t style = value->kind != SVAR_PARAMETER_STRING ? YAML_PLAIN_SCALAR_STYLE
                              : strchr(text, '\n') == NULL         ? YAML_SINGLE_QUOTED_SCALAR_STYLE
                                                           : YAML_DOUBLE_QUOTED_SCALAR_STYLE;
  return emit_scalar(emitter, text, style);
}

static bool
emit_value(yaml_emitter_t *emitter, const svari_param_value_t *value)
{
  yaml_event_t event;
  if (!value->is_list) {
    return emit_item(emitter, value, 0);
  }
  if (!emit(
          emitter, &event,
          yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_FLOW_SEQUENCE_STYLE))) {
    return false;
  }
  for (size_t i = 0; i < value->items.count; ++i) {
    if (!emit_item(emitter, value, i)) {
      return false;
    }
  }
  return emit(emitter, &event, yaml_sequence_end_event_initialize(&event));
}

static bool
emit_mapping_start(yaml_emitter_t *emitter)
{
  yaml_event_t event;
  return emit(emitter, &event,
              yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
}

static bool
emit_mapping_end(yaml_emitter_t *emitter)
{
  yaml_event_t event;
  return emit(emitter, &event, yaml_mapping_end_event_initialize(&event));
}

static bool
emit_params(yaml_emitter_t *emitter, const svari_param_t *params)
{
  for (; params != NULL; params = params->next) {
    if (!emit_scalar(emitter, params->name, YAML_PLAIN_SCALAR_STYLE) ||
        !emit_value(emitter, &params->value)) {
      return false;
    }
  }
  return true;
}

static bool
emit_document_start(yaml_emitter_t *emitter)
{
  yaml_event_t event;
  return emit(emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING)) &&
         emit(emitter, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
}

static bool
emit_document_end(yaml_emitter_t *emitter)
{
  yaml_event_t event;
  return emit(emitter, &event, yaml_document_end_event_initialize(&event, 1)) &&
         emit(emitter, &event, yaml_stream_end_event_initialize(&event));
}

static bool
emit_file(yaml_emitter_t *emitter, const char *node, const svari_param_t *params)
{
  return emit_document_start(emitter) && emit_mapping_start(emitter) &&
         emit_scalar(emitter, node, YAML_PLAIN_SCALAR_STYLE) && emit_mapping_start(emitter) &&
         emit_scalar(emitter, "ros__parameters", YAML_PLAIN_SCALAR_STYLE) &&
         emit_mapping_start(emitter) && emit_params(emitter, params) && emit_mapping_end(emitter) &&
         emit_mapping_end(emitter) && emit_mapping_end(emitter) && emit_document_end(emitter);
}

static int
append_bytes(void *arena, unsigned char *bytes, size_t count)
{
  obstack_grow((svari_arena_t *)arena, bytes, count);
  return 1;
}

// What is emitted grows at the arena's end; end_text() takes it.
static svar_ret_t
begin_text(svari_arena_t *arena, yaml_emitter_t *emitter)
{
  if (!yaml_emitter_initialize(emitter)) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the YAML emitter");
  }
  yaml_emitter_set_output(emitter, append_bytes, arena);
  yaml_emitter_set_unicode(emitter, 1);
  yaml_emitter_set_width(emitter, -1);
  return SVAR_OK;
}

static char *
end_text(svari_arena_t *arena, yaml_emitter_t *emitter)
{
  yaml_emitter_delete(emitter);
  obstack_1grow(arena, '\0');
  return obstack_finish(arena);
}

svar_ret_t
svari_param_file_write(svari_arena_t *arena, const char *node, const svari_param_t *params,
                       const char **out_text)
{
  yaml_emitter_t emitter;
  SVAR_TRY(begin_text(arena, &emitter));
  bool written = emit_file(&emitter, node, params);
  const char *text = end_text(arena, &emitter);
  if (!written) {
    return svar_fail(SVAR_ERR_VALUE,
                     "the parameters of section '%s' cannot be written as YAML: a "
                     "name or value is not UTF-8 text",
                     node);
  }
  *out_text = text;
  return SVAR_OK;
}

// The value alone, on one line.
static svar_ret_t
write_value(svari_arena_t *arena, const svari_param_value_t *value, const char **out_text)
{
  yaml_emitter_t emitter;
  SVAR_TRY(begin_text(arena, &emitter));
  bool written =
      emit_document_start(&emitter) && emit_value(&emitter, value) && emit_document_end(&emitter);
  char *text = end_text(arena, &emitter);
  if (!written) {
    return svar_fail(SVAR_ERR_VALUE, "it is not UTF-8 text");
  }
  text[strcspn(text, "\n")] = '\0';
  *out_text = text;
  return SVAR_OK;
}

// Whether a string may stand as it is: it reads as the same string.
static bool
is_plain(svari_arena_t *arena, const char *text)
{
  svari_param_value_t read = {0};
  return *text != '\0' && strpbrk(text, "'\"\n") == NULL &&
         svari_param_value_read(arena, text, NULL, NULL, &read) == SVAR_OK && !read.is_list &&
         read.kind == SVAR_PARAMETER_STRING && strcmp(read.items.items[0], text) == 0;
}

static svar_ret_t
rule_value(svari_arena_t *arena, const svari_param_value_t *value, const char **out_text)
{
  const char *text = value->items.items[0];
  if (value->is_list || (value->kind == SVAR_PARAMETER_STRING && !is_plain(arena, text))) {
    return write_value(arena, value, out_text);
  }
  if (value->kind == SVAR_PARAMETER_BOOL) {
    text = *text == 't' ? "True" : "False";
  }
  *out_text = text;
  return SVAR_OK;
}

svar_ret_t
svari_param_rule_write(svari_arena_t *arena, const svari_param_t *param, const char **out_text)
{
  const char *value = NULL;
  SVAR_TRY(rule_value(arena, &param->value, &value));
  const char *rule = svari_arena_printf(arena, "%s:=%s", param->name, value);
  svari_parameter_table_t table = {0};
  svar_ret_t ret = svari_parameter_rule_parse(rule, &table); // as the node will
  svari_parameter_table_fini(&table);
  if (ret == SVAR_OK) {
    *out_text = rule;
  }
  return ret;
}
