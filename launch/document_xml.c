#include <errno.h>
#include <string.h>

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#include "launch/document.h"

// libxml2 notes the line where a start tag ends; people look for the line where it begins. The tag's
// text is still in the parser's buffer here, and '<' cannot occur inside it.
static void
start_element(void *parser, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
              int namespace_count, const xmlChar **namespaces, int attribute_count,
              int default_count, const xmlChar **attributes)
{
  xmlSAX2StartElementNs(parser, name, prefix, uri, namespace_count, namespaces, attribute_count,
                        default_count, attributes);
  xmlParserCtxtPtr context = parser;
  if (context->node == NULL || context->input == NULL) {
    return;
  }
  unsigned short lines = 0;
  for (const xmlChar *at = context->input->cur; at > context->input->base && *at != '<'; --at) {
    lines += *at == '\n';
  }
  if (lines < context->node->line) {
    context->node->line -= lines;
  }
}

static const char *
copy_xml(svari_arena_t *arena, const xmlChar *text)
{
  return svari_arena_copy(arena, (const char *)text, strlen((const char *)text));
}

static const svari_attribute_t *
convert_attributes(svari_arena_t *arena, xmlNodePtr node)
{
  const svari_attribute_t *first = NULL;
  const svari_attribute_t **end = &first;
  for (xmlAttrPtr from = node->properties; from != NULL; from = from->next) {
    svari_attribute_t *to = svari_arena_zeroed(arena, sizeof(*to));
    xmlChar *value = xmlNodeListGetString(node->doc, from->children, 1);
    to->name = copy_xml(arena, from->name);
    to->value = value == NULL ? "" : copy_xml(arena, value);
    xmlFree(value);
    *end = to;
    end = &to->next;
  }
  return first;
}

// Depth is bounded by libxml2 (256 without XML_PARSE_HUGE).
static const svari_element_t *
convert_elements(svari_arena_t *arena, const char *path, xmlNodePtr node)
{
  const svari_element_t *first = NULL;
  const svari_element_t **end = &first;
  for (; node != NULL; node = node->next) {
    if (node->type != XML_ELEMENT_NODE) {
      continue;
    }
    svari_element_t *element = svari_arena_zeroed(arena, sizeof(*element));
    element->tag = copy_xml(arena, node->name);
    element->file = path;
    element->line = xmlGetLineNo(node);
    element->attributes = convert_attributes(arena, node);
    element->children = convert_elements(arena, path, node->children);
    *end = element;
    end = &element->next;
  }
  return first;
}

static svar_ret_t
fail_with_parser_error(const char *path, xmlParserCtxtPtr parser)
{
  const xmlError *error = xmlCtxtGetLastError(parser);
  if (error == NULL || error->message == NULL) {
    return svar_fail(SVAR_ERR_SYSTEM, "launch file '%s' cannot be read: %s", path, strerror(errno));
  }
  int length = (int)strcspn(error->message, "\n");
  return svar_fail(SVAR_ERR_SYNTAX, "%s:%d: the XML is not well-formed: %.*s", path,
                   error->line > 0 ? error->line : 1, length, error->message);
}

svar_ret_t
svari_document_read_xml(svari_arena_t *arena, const char *path, const svari_element_t **out_root)
{
  xmlParserCtxtPtr parser = xmlNewParserCtxt();
  if (parser == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the XML parser");
  }
  parser->sax->startElementNs = start_element;
  int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
  xmlDocPtr document = xmlCtxtReadFile(parser, path, NULL, options);
  svar_ret_t ret = SVAR_OK;
  if (document == NULL) {
    ret = fail_with_parser_error(path, parser);
  } else if (document->intSubset != NULL) {
    ret = svar_fail(SVAR_ERR_UNSUPPORTED,
                    "%s:1: a launch file has no <!DOCTYPE>; remove it, and write out its entities",
                    path);
  } else {
    path = svari_arena_copy(arena, path, strlen(path));
    *out_root = convert_elements(arena, path, xmlDocGetRootElement(document));
  }
  xmlFreeDoc(document);
  xmlFreeParserCtxt(parser);
  return ret;
}
