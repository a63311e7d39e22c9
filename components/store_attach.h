// What every subscriber component does first: wait for its publisher; and look for the next one.
#ifndef COMPONENTS_STORE_ATTACH_H
#define COMPONENTS_STORE_ATTACH_H

#include "shared_variable/component.h"
#include "shared_variable/store.h"

/// Looks once whether the store exists and has a version, without waiting. Allocates.
/// @param[in,out] store NULL, or what an earlier look left here: owned, svar_store_close(). May be a
/// store also where the result is not SVAR_OK: it has no version yet.
/// @retval SVAR_EMPTY there is none now; look again later
/// and what svar_store_open() fails with
SVAR_MUST_USE svar_ret_t svari_store_look(const char *name, svar_store_t **store);

/// Opens the store once it has a version, waiting up to timeout_s seconds for it; ends early when the
/// host is stopping. Blocks; allocates.
/// @param[out] out_store owned: svar_store_close()
/// @retval SVAR_ERR_NOT_FOUND there was none in time
/// @retval SVAR_ERR_STATE the host is stopping
/// and what svar_store_open() fails with
SVAR_MUST_USE svar_ret_t svari_store_attach(const svar_component_host_t *host, const char *name,
                                            double timeout_s, svar_store_t **out_store);

#endif
