// The containers of components that run: found by their endpoints, asked by name.
#ifndef SVARI_TOOLS_CONTAINERS_H
#define SVARI_TOOLS_CONTAINERS_H

#include "components/control_protocol.h"
#include "tools/arguments.h"

// A row of the table of options of a command that waits for a container. timeout_ns: 0 if not given.
#define SVARI_CONTAINER_TIMEOUT_OPTION(timeout_ns, default_text)                                   \
  {                                                                                                \
    "timeout", SVARI_OPTION_DURATION, "SECONDS",                                                   \
        "how long to wait for the container (default " default_text ")", (timeout_ns)              \
  }

enum { SVARI_CELLS = 8 };

// An answer's text, which is cut into rows and cells as they are read.
typedef struct svari_container_rows {
  char *at;
  size_t count; // of cells in the last row
  char *cells[SVARI_CELLS];
} svari_container_rows_t;

typedef struct svari_container {
  char *path; // of its endpoint; owned
  char *list; // its answer to LIST; owned
  char name[256];
  char pid[24];
} svari_container_t;

typedef struct svari_containers {
  svari_container_t *items;
  size_t count;
  uid_t owner;
} svari_containers_t;

// Asks every container of the user for its nodes. One that does not answer is said on stderr and left out.
// SVAR_ERR_PERMISSION: they are another user's, who keeps this one from asking them
// svari_containers_fini() it.
svar_ret_t svari_containers_read(const svari_arguments_t *arguments, int64_t timeout_ns,
                                 svari_containers_t *out_containers);
void svari_containers_fini(svari_containers_t *containers);

// The container of this name or process number. SVAR_ERR_NOT_FOUND, SVAR_ERR_VALUE: there are two
svar_ret_t svari_containers_find(const svari_containers_t *containers, const char *word,
                                 const svari_container_t **out_container);
// Looks until the container of this name or process number is there, and says on stderr that it waits.
// SVAR_ERR_NOT_FOUND: it did not come within 5 s, or timeout_ns if that is less (0: not given)
svar_ret_t svari_containers_await(const svari_arguments_t *arguments, const char *word,
                                  int64_t timeout_ns);
// The container of the node of this full name. As svari_containers_find()
svar_ret_t svari_containers_find_node(const svari_containers_t *containers, const char *node,
                                      const svari_container_t **out_container);

// Asks for something; its refusal becomes ours. @param[out] out_text the answer's text; free() it
svar_ret_t svari_container_ask(const char *path, uid_t owner, int64_t timeout_ns,
                               svari_control_kind_t kind, const char *const *words,
                               size_t word_count, char **out_text);

// Finds the container of the first operand, by one of the two finders, and asks it.
typedef svar_ret_t (*svari_container_finder_t)(const svari_containers_t *containers,
                                               const char *word,
                                               const svari_container_t **out_container);
svar_ret_t svari_containers_ask(const svari_arguments_t *arguments, svari_container_finder_t find,
                                int64_t timeout_ns, svari_control_kind_t kind,
                                const char *const *words, size_t word_count, char **out_text);

// Reads the next row of a text, which is changed on the way. False: there is none.
svari_container_rows_t svari_container_rows(char *text);
bool svari_container_next_row(svari_container_rows_t *rows);

#endif
