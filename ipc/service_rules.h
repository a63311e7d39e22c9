// Who may set which variables of a store from outside its holder.
#ifndef SVARI_IPC_SERVICE_RULES_H
#define SVARI_IPC_SERVICE_RULES_H

#include "ipc/service_socket.h"
#include "shared_variable/allocator.h"

typedef struct svari_setter {
  bool is_group;
  uint32_t id;
} svari_setter_t;

enum { SVARI_SETTERS = 32, SVARI_PATTERNS_BYTES = 4096 };

typedef struct svari_service_rules {
  char patterns[SVARI_PATTERNS_BYTES]; // as given
  svari_setter_t setters[SVARI_SETTERS];
  size_t setter_count; // 0: the holder's own user
} svari_service_rules_t;

// Reads svar_store_options_t's settable and setters, which may be NULL. SVAR_ERR_ARGUMENT
svar_ret_t svari_rules_read(const char *settable, const char *setters,
                            svari_service_rules_t *out_rules);
// SVAR_ERR_PERMISSION, with the remedy, if the peer may set nothing at all.
svar_ret_t svari_rules_check_peer(const svari_service_rules_t *rules, int fd,
                                  const svari_credentials_t *peer, const char *store_name);
// SVAR_ERR_PERMISSION if nobody may set this variable.
svar_ret_t svari_rules_check_variable(const svari_service_rules_t *rules, const char *variable,
                                      const char *store_name);

#endif
