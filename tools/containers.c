#include "tools/containers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "components/monotonic_clock.h"
#include "tools/output.h"
#include "tools/suggestion.h"

static const int64_t PATIENCE_NS = 5000000000; // ROS 2's with its services

// --- asking ----------------------------------------------------------------------------------------

typedef struct packet {
  union {
    svari_control_request_t request;
    svari_control_answer_t answer;
    char bytes[SVAR_ENDPOINT_PACKET_BYTES];
  };
  size_t size_bytes;
} packet_t;

static svar_ret_t
write_request(packet_t *packet, svari_control_kind_t kind, const char *const *words,
              size_t word_count)
{
  packet->request = (svari_control_request_t){.magic = SVARI_CONTROL_REQUEST_MAGIC,
                                              .protocol = SVARI_CONTROL_PROTOCOL,
                                              .kind = (uint16_t)kind,
                                              .word_count = (uint32_t)word_count};
  packet->size_bytes = sizeof(packet->request);
  for (size_t i = 0; i < word_count; ++i) {
    size_t length = strlen(words[i]) + 1;
    if (word_count > SVARI_CONTROL_WORDS || length > sizeof(packet->bytes) - packet->size_bytes) {
      return svar_fail(SVAR_ERR_RANGE,
                       "%zu words are too much for one request (%d words, %zu bytes): put "
                       "parameters into a file, --params-file",
                       word_count, SVARI_CONTROL_WORDS, sizeof(packet->bytes));
    }
    memcpy(packet->bytes + packet->size_bytes, words[i], length);
    packet->size_bytes += length;
  }
  return SVAR_OK;
}

// The answer's text, as a copy: the container's failure becomes ours, control characters out of it.
static svar_ret_t
read_answer(packet_t *packet, svari_control_kind_t kind, char **out_text)
{
  const svari_control_answer_t *head = &packet->answer;
  if (packet->size_bytes <= sizeof(*head) || head->magic != SVARI_CONTROL_ANSWER_MAGIC ||
      head->protocol != SVARI_CONTROL_PROTOCOL || head->kind != (uint16_t)kind) {
    return svar_fail(SVAR_ERR_LAYOUT, "the container does not answer as this build of "
                                      "shared_variable expects: use the same build everywhere");
  }
  char *text = packet->bytes + sizeof(*head);
  packet->bytes[packet->size_bytes - 1] = '\0';
  if (head->ret != SVAR_OK) {
    for (char *c = text; *c != '\0'; ++c) {
      *c = (unsigned char)*c < ' ' ? '?' : *c;
    }
    return svar_fail(head->ret >= (int)SVAR_ERR_ARGUMENT ? (svar_ret_t)head->ret : SVAR_ERR_SYSTEM,
                     "%s", text);
  }
  if (head->is_cut != 0) {
    svari_say_failure("the answer was too long: rows are missing");
  }
  *out_text = strdup(text);
  return *out_text != NULL ? SVAR_OK : svar_fail(SVAR_ERR_NO_MEMORY, "no memory for an answer");
}

svar_ret_t
svari_container_ask(const char *path, uid_t owner, int64_t timeout_ns, svari_control_kind_t kind,
                    const char *const *words, size_t word_count, char **out_text)
{
  static packet_t packet;
  char *text = NULL;
  SVAR_TRY(write_request(&packet, kind, words, word_count));
  svar_ret_t ret = svar_endpoint_ask(path, owner, timeout_ns, packet.bytes, packet.size_bytes,
                                     packet.bytes, &packet.size_bytes);
  if (ret == SVAR_TIMEOUT) {
    return svar_fail(SVAR_ERR_STATE, "the container did not answer in time (--timeout); what it "
                                     "was asked to do goes on: see 'svar component list'");
  }
  SVAR_TRY(ret);
  SVAR_TRY(read_answer(&packet, kind, &text));
  *out_text = text;
  return SVAR_OK;
}

// --- rows ------------------------------------------------------------------------------------------

svari_container_rows_t
svari_container_rows(char *text)
{
  return (svari_container_rows_t){.at = text};
}

bool
svari_container_next_row(svari_container_rows_t *rows)
{
  static char nothing[] = "";
  if (rows->at == NULL || *rows->at == '\0') {
    return false;
  }
  char *row = strsep(&rows->at, "\n");
  rows->count = 0;
  for (size_t i = 0; i < SVARI_CELLS; ++i) {
    char *cell = strsep(&row, "\t");
    rows->cells[i] = cell != NULL ? cell : nothing;
    rows->count += cell != NULL;
  }
  return true;
}

// --- finding ---------------------------------------------------------------------------------------

typedef struct search {
  svari_containers_t containers;
  int64_t timeout_ns;
  bool is_quiet; // about those that do not answer
  svar_ret_t ret;
} search_t;

// The first row of the list.
static void
read_name(svari_container_t *container)
{
  sscanf(container->list, "%255[^\t\n]\t%23[0-9]", container->name, container->pid);
  const char *rest = strchr(container->list, '\n');
  rest = rest != NULL ? rest + 1 : "";
  memmove(container->list, rest, strlen(rest) + 1);
}

static bool
keep_container(const char *path, void *context)
{
  search_t *search = context;
  svari_containers_t *found = &search->containers;
  svari_container_t container = {.name = "?", .pid = "?"};
  svar_ret_t ret = svari_container_ask(path, found->owner, search->timeout_ns, SVARI_CONTROL_LIST,
                                       NULL, 0, &container.list);
  if (ret == SVAR_EMPTY) {
    return true; // left by one that was killed
  }
  if (ret == SVAR_ERR_PERMISSION && found->owner != geteuid() && geteuid() != 0) {
    search->ret = svar_fail(ret,
                            "the containers of user %u cannot be asked by user %u: ask as the "
                            "user that runs them, or as root",
                            (unsigned)found->owner, (unsigned)geteuid());
    return false;
  }
  if (ret != SVAR_OK) {
    if (!search->is_quiet) {
      svari_say_failure("'%s': %s", path, svar_error_message());
    }
    return true;
  }
  svari_container_t *items = reallocarray(found->items, found->count + 1, sizeof(*items));
  container.path = strdup(path);
  if (items != NULL) {
    found->items = items;
  }
  if (items == NULL || container.path == NULL) {
    free(container.list);
    free(container.path);
    search->ret = svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the list of containers");
    return false;
  }
  read_name(&container);
  items[found->count++] = container;
  return true;
}

static int
by_name(const void *a, const void *b)
{
  const svari_container_t *left = a;
  const svari_container_t *right = b;
  int order = strcmp(left->name, right->name);
  return order != 0 ? order : strcmp(left->pid, right->pid);
}

static svar_ret_t
read_containers(const svari_arguments_t *arguments, int64_t timeout_ns, bool is_quiet,
                svari_containers_t *out_containers)
{
  search_t search = {.timeout_ns = timeout_ns != 0 ? timeout_ns : PATIENCE_NS,
                     .is_quiet = is_quiet};
  search.containers.owner = arguments->owner == (uid_t)-1 ? geteuid() : arguments->owner;
  svar_ret_t ret = svar_endpoint_list(arguments->directory, SVARI_CONTROL_KIND,
                                      search.containers.owner, keep_container, &search);
  if (ret == SVAR_OK) {
    ret = search.ret;
  }
  if (ret != SVAR_OK) {
    svari_containers_fini(&search.containers);
    return ret;
  }
  if (search.containers.count > 1) {
    qsort(search.containers.items, search.containers.count, sizeof(svari_container_t), by_name);
  }
  *out_containers = search.containers;
  return SVAR_OK;
}

svar_ret_t
svari_containers_read(const svari_arguments_t *arguments, int64_t timeout_ns,
                      svari_containers_t *out_containers)
{
  return read_containers(arguments, timeout_ns, false, out_containers);
}

void
svari_containers_fini(svari_containers_t *containers)
{
  for (size_t i = 0; i < containers->count; ++i) {
    free(containers->items[i].path);
    free(containers->items[i].list);
  }
  free(containers->items);
  *containers = (svari_containers_t){0};
}

// --- choosing --------------------------------------------------------------------------------------

static bool
is_called(const svari_container_t *container, const char *word)
{
  return strcmp(container->name, word) == 0 || strcmp(container->name + 1, word) == 0 ||
         strcmp(container->pid, word) == 0;
}

// Whether a row of the list names the node; each name is offered to the suggestion.
static bool
has_node(const svari_container_t *container, const char *node, svari_suggestion_t *suggestion)
{
  char *copy = strdup(container->list);
  svari_container_rows_t rows = svari_container_rows(copy);
  bool has = false;
  while (svari_container_next_row(&rows)) {
    svari_suggestion_offer(suggestion, rows.cells[1]);
    has = has || strcmp(rows.cells[1], node) == 0;
  }
  free(copy);
  return has;
}

static svar_ret_t
refuse_second(const char *what, const char *word, const svari_container_t *one,
              const svari_container_t *other)
{
  return svar_fail(SVAR_ERR_VALUE,
                   "two %s '%s', in processes %s and %s: name the nodes differently (-r "
                   "__node:=NAME, -r __ns:=/NAMESPACE)%s",
                   what, word, one->pid, other->pid,
                   strcmp(what, "containers are called") == 0 ? ", or give the process number"
                                                              : "");
}

svar_ret_t
svari_containers_find(const svari_containers_t *containers, const char *word,
                      const svari_container_t **out_container)
{
  const svari_container_t *found = NULL;
  svari_suggestion_t suggestion = svari_suggestion_begin(word);
  for (size_t i = 0; i < containers->count; ++i) {
    const svari_container_t *container = &containers->items[i];
    svari_suggestion_offer(&suggestion, container->name);
    if (!is_called(container, word)) {
      continue;
    }
    if (found != NULL) {
      return refuse_second("containers are called", word, found, container);
    }
    found = container;
  }
  if (found == NULL) {
    char nearest[SVARI_SUGGESTION_BYTES];
    return svar_fail(SVAR_ERR_NOT_FOUND, "no container '%s' runs%s", word,
                     svari_suggestion_text(&suggestion, nearest, sizeof(nearest)));
  }
  *out_container = found;
  return SVAR_OK;
}

static svar_ret_t
look_for(const char *word, const svari_arguments_t *arguments, int64_t timeout_ns, bool is_quiet)
{
  svari_containers_t containers;
  const svari_container_t *container;
  SVAR_TRY(read_containers(arguments, timeout_ns, is_quiet, &containers));
  svar_ret_t ret = svari_containers_find(&containers, word, &container);
  svari_containers_fini(&containers);
  return ret;
}

svar_ret_t
svari_containers_await(const svari_arguments_t *arguments, const char *word, int64_t timeout_ns)
{
  const struct timespec pause = {.tv_nsec = 20000000};
  int64_t patience_ns = timeout_ns != 0 && timeout_ns < PATIENCE_NS ? timeout_ns : PATIENCE_NS;
  int64_t end_ns = svari_now_ns() + patience_ns;
  svar_ret_t ret = look_for(word, arguments, timeout_ns, true);
  if (ret == SVAR_ERR_NOT_FOUND) {
    svari_say_failure("%s: waiting %g s for it", svar_error_message(), 1e-9 * (double)patience_ns);
  }
  while (ret == SVAR_ERR_NOT_FOUND && svari_now_ns() < end_ns) {
    nanosleep(&pause, NULL);
    ret = look_for(word, arguments, timeout_ns, true);
  }
  return ret == SVAR_ERR_NOT_FOUND ? look_for(word, arguments, timeout_ns, false) : ret;
}

svar_ret_t
svari_containers_find_node(const svari_containers_t *containers, const char *node,
                           const svari_container_t **out_container)
{
  const svari_container_t *found = NULL;
  svari_suggestion_t suggestion = svari_suggestion_begin(node);
  for (size_t i = 0; i < containers->count; ++i) {
    const svari_container_t *container = &containers->items[i];
    if (!has_node(container, node, &suggestion)) {
      continue;
    }
    if (found != NULL) {
      return refuse_second("containers have a node", node, found, container);
    }
    found = container;
  }
  if (found == NULL) {
    char nearest[SVARI_SUGGESTION_BYTES];
    return svar_fail(SVAR_ERR_NOT_FOUND, "no container has a node '%s'%s", node,
                     svari_suggestion_text(&suggestion, nearest, sizeof(nearest)));
  }
  *out_container = found;
  return SVAR_OK;
}

svar_ret_t
svari_containers_ask(const svari_arguments_t *arguments, svari_container_finder_t find,
                     int64_t timeout_ns, svari_control_kind_t kind, const char *const *words,
                     size_t word_count, char **out_text)
{
  svari_containers_t containers;
  const svari_container_t *container;
  SVAR_TRY(svari_containers_read(arguments, timeout_ns, &containers));
  svar_ret_t ret = find(&containers, arguments->operands[0], &container);
  if (ret == SVAR_OK) {
    ret = svari_container_ask(container->path, containers.owner, timeout_ns, kind, words,
                              word_count, out_text);
  }
  svari_containers_fini(&containers);
  return ret;
}
