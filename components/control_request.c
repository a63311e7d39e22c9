#include "components/control_request.h"

#include <string.h>

static const struct {
  svari_control_kind_t kind;
  size_t least, most; // words
} kinds[] = {
    {SVARI_CONTROL_LIST, 0, 0},       {SVARI_CONTROL_LOAD, 2, SVARI_CONTROL_WORDS},
    {SVARI_CONTROL_UNLOAD, 1, 1},     {SVARI_CONTROL_CHANGE, 2, 2},
    {SVARI_CONTROL_PARAMETERS, 1, 1}, {SVARI_CONTROL_SET, 2, 2},
};

static svar_ret_t
check_head(const svari_control_request_t *head)
{
  if (head->protocol != SVARI_CONTROL_PROTOCOL) {
    return svar_fail(SVAR_ERR_LAYOUT,
                     "the request is of protocol %u, this component_container speaks %u: use the "
                     "same build of shared_variable everywhere",
                     head->protocol, SVARI_CONTROL_PROTOCOL);
  }
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); ++i) {
    if ((uint16_t)kinds[i].kind == head->kind) {
      return head->word_count >= kinds[i].least && head->word_count <= kinds[i].most
                 ? SVAR_OK
                 : svar_fail(SVAR_ERR_SYNTAX,
                             "a request of kind %u has %zu to %zu words, this one has %u",
                             head->kind, kinds[i].least, kinds[i].most, head->word_count);
    }
  }
  return svar_fail(SVAR_ERR_SYNTAX, "there is no request of kind %u", head->kind);
}

svar_ret_t
svari_control_request_check(const void *bytes, size_t size_bytes, uint16_t *out_kind,
                            svari_control_words_t *out_words)
{
  svari_control_request_t head = {0};
  const char *at = (const char *)bytes + sizeof(head);
  const char *end = (const char *)bytes + size_bytes;
  memcpy(&head, bytes, size_bytes < sizeof(head) ? size_bytes : sizeof(head));
  *out_kind = head.kind;
  if (size_bytes < sizeof(head) || head.magic != SVARI_CONTROL_REQUEST_MAGIC) {
    return svar_fail(SVAR_ERR_SYNTAX, "a packet of %zu bytes is no request to a container",
                     size_bytes);
  }
  SVAR_TRY(check_head(&head));
  svari_control_words_t words = {.kind = (svari_control_kind_t)head.kind};
  while (words.count < head.word_count) {
    const char *nul = memchr(at, '\0', (size_t)(end - at));
    if (nul == NULL) {
      break;
    }
    words.words[words.count++] = at;
    at = nul + 1;
  }
  if (words.count < head.word_count || at != end) {
    return svar_fail(SVAR_ERR_SYNTAX, "a request of %u words has %zu, and %zu bytes behind them",
                     head.word_count, words.count, (size_t)(end - at));
  }
  *out_words = words;
  return SVAR_OK;
}
