// A launch file as a tree of elements, whatever syntax it was written in. Reading checks syntax only;
// schema.h knows tags and attributes, plan.h gives them meaning. Sentences write a tag as <tag>.
//
// In YAML `- node: {exec: x, param: [{name: a, value: 1}]}` is <node exec="x"><param name="a"
// value="1"/></node>; the actions of a group are its list, or the list below `children`.
#ifndef SVARI_LAUNCH_DOCUMENT_H
#define SVARI_LAUNCH_DOCUMENT_H

#include "launch/arena.h"
#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

typedef struct svari_attribute {
  const char *name;
  const char *value; // raw: substitutions are not performed
  const struct svari_attribute *next;
} svari_attribute_t;

typedef struct svari_element {
  const char *tag;
  const char *file; // as it was given to svari_document_read()
  long line;        // where the tag begins, from 1
  const svari_attribute_t *attributes;
  const struct svari_element *children;
  const struct svari_element *next;
} svari_element_t;

// Whether there is a launch file at path, of a kind that can be read (told by its name).
// SVAR_ERR_NOT_FOUND, SVAR_ERR_PERMISSION, SVAR_ERR_SYSTEM, SVAR_ERR_ARGUMENT: it cannot be opened.
// SVAR_ERR_UNSUPPORTED: a kind of launch file that is not offered.
svar_ret_t svari_document_check(const char *path);

// Reads the file at path into arena. Every tag and attribute is known to schema.h when this returns
// SVAR_OK, and every substitution parses. Fails as svari_document_check(), and with SVAR_ERR_SYNTAX
// or SVAR_ERR_UNSUPPORTED and "FILE:LINE: ...".
svar_ret_t svari_document_read(svari_arena_t *arena, const char *path,
                               const svari_element_t **out_root);

// The attribute's raw value, or NULL.
const char *svari_element_attribute(const svari_element_t *element, const char *name);

// svar_fail() with "FILE:LINE: " before the sentence.
svar_ret_t svari_element_fail(const svari_element_t *element, svar_ret_t code, const char *format,
                              ...) SVAR_PRINTF(3, 4);
// Puts "FILE:LINE: " before the sentence of a failure found further down, and returns its code.
svar_ret_t svari_element_blame(const svari_element_t *element, svar_ret_t code);

// The readers behind svari_document_read(): syntax only.
svar_ret_t svari_document_read_xml(svari_arena_t *arena, const char *path,
                                   const svari_element_t **out_root);
svar_ret_t svari_document_read_yaml(svari_arena_t *arena, const char *path,
                                    const svari_element_t **out_root);

SVAR_END_DECLS
#endif
