#include "launch/param_file.h"

#include <string.h>

#include <yaml.h>

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
emit_value(yaml_emitter_t *emitter, const svari_param_value_t *value)
{
  yaml_event_t event;
  yaml_scalar_style_t style = value->kind == SVAR_PARAMETER_STRING ? YAML_SINGLE_QUOTED_SCALAR_STYLE
                                                                   : YAML_PLAIN_SCALAR_STYLE;
  if (!value->is_list) {
    return emit_scalar(emitter, value->items.items[0], style);
  }
  if (!emit(
          emitter, &event,
          yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_FLOW_SEQUENCE_STYLE))) {
    return false;
  }
  for (size_t i = 0; i < value->items.count; ++i) {
    if (!emit_scalar(emitter, value->items.items[i], style)) {
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
emit_file(yaml_emitter_t *emitter, const char *node, const svari_param_t *params)
{
  yaml_event_t event;
  return emit(emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING)) &&
         emit(emitter, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1)) &&
         emit_mapping_start(emitter) && emit_scalar(emitter, node, YAML_PLAIN_SCALAR_STYLE) &&
         emit_mapping_start(emitter) &&
         emit_scalar(emitter, "ros__parameters", YAML_PLAIN_SCALAR_STYLE) &&
         emit_mapping_start(emitter) && emit_params(emitter, params) && emit_mapping_end(emitter) &&
         emit_mapping_end(emitter) && emit_mapping_end(emitter) &&
         emit(emitter, &event, yaml_document_end_event_initialize(&event, 1)) &&
         emit(emitter, &event, yaml_stream_end_event_initialize(&event));
}

static int
append_bytes(void *arena, unsigned char *bytes, size_t count)
{
  obstack_grow((svari_arena_t *)arena, bytes, count);
  return 1;
}

svar_ret_t
svari_param_file_write(svari_arena_t *arena, const char *node, const svari_param_t *params,
                       const char **out_text)
{
  yaml_emitter_t emitter;
  if (!yaml_emitter_initialize(&emitter)) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the YAML emitter");
  }
  yaml_emitter_set_output(&emitter, append_bytes, arena);
  yaml_emitter_set_unicode(&emitter, 1);
  yaml_emitter_set_width(&emitter, -1);
  bool written = emit_file(&emitter, node, params);
  yaml_emitter_delete(&emitter);
  obstack_1grow(arena, '\0'); // ends what append_bytes() began
  const char *text = obstack_finish(arena);
  if (!written) {
    return svar_fail(SVAR_ERR_VALUE,
                     "the parameters of section '%s' cannot be written as YAML: a "
                     "name or value is not UTF-8 text",
                     node);
  }
  *out_text = text;
  return SVAR_OK;
}
