// launch: [ {TAG: {attribute: value, CHILD: [{...}, ...]}}, ... ]
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "components/parameter_yaml.h"
#include "launch/document.h"

enum { DEPTH_MAX = 100 }; // of lists in lists: reading recurses, and so does all that follows

// Between the items of a parameter's list, which goes on as value and value-sep, as XML would write it.
// A character that no text has: it is made for this.
static const char item_separator[] = "\x1f";

typedef struct yaml_reader {
  svari_yaml_t yaml;
  svari_arena_t *arena;
  const char *path;
  int depth;
} yaml_reader_t;

static svar_ret_t read_actions(yaml_reader_t *reader, svari_element_t *parent);
static svar_ret_t read_entries(yaml_reader_t *reader, svari_element_t *element);

// At the start of a list.
static svar_ret_t
go_deeper(yaml_reader_t *reader)
{
  return ++reader->depth <= DEPTH_MAX
             ? SVAR_OK
             : svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                               "more than %d lists inside each other", (int)DEPTH_MAX);
}

static bool
is_at(const yaml_reader_t *reader, yaml_event_type_t type)
{
  return reader->yaml.event.type == type;
}

// What YAML calls null, as far as a file is likely to have it by mistake: nothing after the ':'.
static bool
is_nothing(const yaml_reader_t *reader)
{
  const yaml_event_t *event = &reader->yaml.event;
  return event->type == YAML_SCALAR_EVENT && event->data.scalar.length == 0 &&
         event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

// The current event, a scalar, as text in the arena.
static svar_ret_t
take_text(const yaml_reader_t *reader, const char **out_text)
{
  const char *text = (const char *)reader->yaml.event.data.scalar.value;
  size_t length = reader->yaml.event.data.scalar.length;
  if (strlen(text) != length || strpbrk(text, item_separator) != NULL) {
    return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                           "this text has a control character; remove it");
  }
  *out_text = svari_arena_copy(reader->arena, text, length);
  return SVAR_OK;
}

static svar_ret_t
take_key(const yaml_reader_t *reader, const char **out_key)
{
  if (!is_at(reader, YAML_SCALAR_EVENT) || is_nothing(reader)) {
    return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX, "a key must be a plain word");
  }
  return take_text(reader, out_key);
}

static svari_element_t *
new_element(const yaml_reader_t *reader, const char *tag)
{
  svari_element_t *element = svari_arena_zeroed(reader->arena, sizeof(*element));
  element->tag = tag;
  element->file = reader->path;
  element->line = (long)reader->yaml.event.start_mark.line + 1;
  return element;
}

static void
append_attribute(const yaml_reader_t *reader, svari_element_t *element, const char *name,
                 const char *value)
{
  svari_attribute_t *attribute = svari_arena_zeroed(reader->arena, sizeof(*attribute));
  *attribute = (svari_attribute_t){.name = name, .value = value};
  const svari_attribute_t **end = &element->attributes;
  while (*end != NULL) {
    end = (const svari_attribute_t **)&(*end)->next;
  }
  *end = attribute;
}

static const char *
join(svari_arena_t *arena, const svari_words_t *texts)
{
  for (size_t i = 0; i < texts->count; ++i) {
    if (i > 0) {
      obstack_1grow(arena, *item_separator);
    }
    obstack_grow(arena, texts->items[i], strlen(texts->items[i]));
  }
  obstack_1grow(arena, '\0');
  return obstack_finish(arena);
}

// At the first of a list of texts.
static svar_ret_t
read_items(yaml_reader_t *reader, svari_element_t *element, const char *key)
{
  if (strcmp(element->tag, "param") != 0 || strcmp(key, "value") != 0) {
    return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                           "'%s' of <%s> is one text or a list of maps ('- name: ...'), not a list "
                           "of texts",
                           key, element->tag);
  }
  svari_words_t texts = {0};
  for (; !is_at(reader, YAML_SEQUENCE_END_EVENT);) {
    const char *text = NULL;
    if (!is_at(reader, YAML_SCALAR_EVENT) || is_nothing(reader)) {
      return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                             "the items of a parameter's list are plain values");
    }
    SVAR_TRY(take_text(reader, &text));
    svari_words_add(reader->arena, &texts, text);
    SVAR_TRY(svari_yaml_next(&reader->yaml));
  }
  append_attribute(reader, element, key, join(reader->arena, &texts));
  append_attribute(reader, element, "value-sep", item_separator);
  return SVAR_OK;
}

// At the first of a list of maps, each an element of this tag.
static svar_ret_t
read_children(yaml_reader_t *reader, const char *tag, const svari_element_t **end)
{
  for (; !is_at(reader, YAML_SEQUENCE_END_EVENT);) {
    if (!is_at(reader, YAML_MAPPING_START_EVENT)) {
      return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                             "each item of '%s' is a map of attributes", tag);
    }
    svari_element_t *child = new_element(reader, tag);
    SVAR_TRY(read_entries(reader, child));
    *end = child;
    end = (const svari_element_t **)&child->next;
    SVAR_TRY(svari_yaml_next(&reader->yaml));
  }
  return SVAR_OK;
}

static const svari_element_t **
end_of_children(svari_element_t *element)
{
  const svari_element_t **end = &element->children;
  while (*end != NULL) {
    end = (const svari_element_t **)&((svari_element_t *)*end)->next;
  }
  return end;
}

// At the list that is the value of key.
static svar_ret_t
read_list(yaml_reader_t *reader, svari_element_t *element, const char *key)
{
  if (strcmp(element->tag, "group") == 0 && strcmp(key, "children") == 0) {
    return read_actions(reader, element);
  }
  SVAR_TRY(go_deeper(reader));
  SVAR_TRY(svari_yaml_next(&reader->yaml));
  SVAR_TRY(is_at(reader, YAML_SCALAR_EVENT) ? read_items(reader, element, key)
                                            : read_children(reader, key, end_of_children(element)));
  --reader->depth;
  return SVAR_OK;
}

static bool
has_entry(const svari_element_t *element, const char *key)
{
  for (const svari_element_t *child = element->children; child != NULL; child = child->next) {
    if (strcmp(child->tag, key) == 0) {
      return true;
    }
  }
  return svari_element_attribute(element, key) != NULL;
}

// At a key of an element's map.
static svar_ret_t
read_entry(yaml_reader_t *reader, svari_element_t *element)
{
  const char *key = NULL;
  const char *value = NULL;
  SVAR_TRY(take_key(reader, &key));
  if (has_entry(element, key)) {
    return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                           "'%s' stands twice in this <%s>; keep one, or make it one list", key,
                           element->tag);
  }
  SVAR_TRY(svari_yaml_next(&reader->yaml));
  if (is_at(reader, YAML_SEQUENCE_START_EVENT)) {
    return read_list(reader, element, key);
  }
  if (!is_at(reader, YAML_SCALAR_EVENT)) {
    return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                           "'%s' of <%s> is a map; make it a list of maps: begin it with '- '", key,
                           element->tag);
  }
  if (is_nothing(reader)) {
    return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                           "'%s' of <%s> has no value; the empty text is written \"\"", key,
                           element->tag);
  }
  SVAR_TRY(take_text(reader, &value));
  append_attribute(reader, element, key, value);
  return SVAR_OK;
}

// At the start of the map of an element's attributes and children; reads to its end.
static svar_ret_t
read_entries(yaml_reader_t *reader, svari_element_t *element)
{
  for (;;) {
    SVAR_TRY(svari_yaml_next(&reader->yaml));
    if (is_at(reader, YAML_MAPPING_END_EVENT)) {
      return SVAR_OK;
    }
    SVAR_TRY(read_entry(reader, element));
  }
}

// At what follows "TAG:".
static svar_ret_t
read_body(yaml_reader_t *reader, svari_element_t *element)
{
  if (is_at(reader, YAML_MAPPING_START_EVENT)) {
    return read_entries(reader, element);
  }
  if (is_at(reader, YAML_SEQUENCE_START_EVENT) && strcmp(element->tag, "group") == 0) {
    return read_actions(reader, element);
  }
  return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                         "after '%s:' stands a map of its attributes; indent them below it",
                         element->tag);
}

// At the start of a map with one key, the tag.
static svar_ret_t
read_action(yaml_reader_t *reader, const svari_element_t **out_element)
{
  if (!is_at(reader, YAML_MAPPING_START_EVENT)) {
    return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                           "each item of a list of actions is '- TAG: {attribute: value, ...}'");
  }
  const char *tag = NULL;
  SVAR_TRY(svari_yaml_next(&reader->yaml));
  if (is_at(reader, YAML_MAPPING_END_EVENT)) {
    return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX, "this action has no tag");
  }
  SVAR_TRY(take_key(reader, &tag));
  svari_element_t *element = new_element(reader, tag);
  SVAR_TRY(svari_yaml_next(&reader->yaml));
  SVAR_TRY(read_body(reader, element));
  SVAR_TRY(svari_yaml_next(&reader->yaml));
  if (!is_at(reader, YAML_MAPPING_END_EVENT)) {
    return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                           "an action has one tag, and this one has '%s' already: begin another "
                           "action with '- ', and indent attributes below their tag",
                           tag);
  }
  *out_element = element;
  return SVAR_OK;
}

// At the start of a list of actions; reads to its end.
static svar_ret_t
read_actions(yaml_reader_t *reader, svari_element_t *parent)
{
  SVAR_TRY(go_deeper(reader));
  const svari_element_t **end = end_of_children(parent);
  for (;;) {
    SVAR_TRY(svari_yaml_next(&reader->yaml));
    if (is_at(reader, YAML_SEQUENCE_END_EVENT)) {
      --reader->depth;
      return SVAR_OK;
    }
    SVAR_TRY(read_action(reader, end));
    end = (const svari_element_t **)&((svari_element_t *)*end)->next;
  }
}

// At the root's key.
static svar_ret_t
read_root(yaml_reader_t *reader, const svari_element_t **out_root)
{
  const char *tag = NULL;
  SVAR_TRY(take_key(reader, &tag));
  svari_element_t *root = new_element(reader, tag);
  *out_root = root;
  SVAR_TRY(svari_yaml_next(&reader->yaml));
  if (strcmp(tag, "launch") != 0) {
    return SVAR_OK; // the schema says so
  }
  if (!is_at(reader, YAML_SEQUENCE_START_EVENT)) {
    return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                           "after 'launch:' stands a list of actions, each begun with '- '; [] is "
                           "an empty one");
  }
  SVAR_TRY(read_actions(reader, root));
  SVAR_TRY(svari_yaml_next(&reader->yaml));
  if (!is_at(reader, YAML_MAPPING_END_EVENT)) {
    return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                           "'launch' is the only key of a launch file; indent what belongs to it");
  }
  SVAR_TRY(svari_yaml_next(&reader->yaml)); // the document's end
  SVAR_TRY(svari_yaml_next(&reader->yaml));
  return is_at(reader, YAML_STREAM_END_EVENT)
             ? SVAR_OK
             : svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                               "a launch file is one YAML document; remove the '---'");
}

static svar_ret_t
read_document(yaml_reader_t *reader, const svari_element_t **out_root)
{
  SVAR_TRY(svari_yaml_next(&reader->yaml)); // the stream's start
  SVAR_TRY(svari_yaml_next(&reader->yaml)); // the document's
  if (is_at(reader, YAML_DOCUMENT_START_EVENT)) {
    SVAR_TRY(svari_yaml_next(&reader->yaml));
  }
  if (is_at(reader, YAML_MAPPING_START_EVENT)) {
    SVAR_TRY(svari_yaml_next(&reader->yaml));
    if (!is_at(reader, YAML_MAPPING_END_EVENT)) {
      return read_root(reader, out_root);
    }
  }
  return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                         "a launch file in YAML is a map: 'launch:' and a list of actions");
}

svar_ret_t
svari_document_read_yaml(svari_arena_t *arena, const char *path, const svari_element_t **out_root)
{
  FILE *file = fopen(path, "re");
  if (file == NULL) {
    return svar_fail(SVAR_ERR_SYSTEM, "launch file '%s' cannot be read: %s", path, strerror(errno));
  }
  yaml_reader_t reader = {.arena = arena, .path = svari_arena_copy(arena, path, strlen(path))};
  const svari_element_t *root = NULL;
  svar_ret_t ret = svari_yaml_init_file(&reader.yaml, reader.path, file);
  if (ret == SVAR_OK) {
    ret = read_document(&reader, &root);
    svari_yaml_fini(&reader.yaml);
  }
  fclose(file);
  if (ret == SVAR_OK) {
    *out_root = root;
  }
  return ret;
}
