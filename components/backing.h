// Where a component has weights: in memory that the processes of this machine share, or on a GPU.
#ifndef COMPONENTS_BACKING_H
#define COMPONENTS_BACKING_H

#include "shared_variable/component.h"
#include "shared_variable/dtype.h"

SVAR_BEGIN_DECLS

/// Two of a component's parameters. what: "the weights are held".
#define SVARI_BACKING_PARAMETERS(what)                                                             \
  {.name = "backing",                                                                              \
   .default_value = {SVAR_PARAMETER_STRING, {.string = "ipc"}},                                    \
   .description = "where " what ": 'ipc' (shared memory) or 'gpu'"},                               \
  {                                                                                                \
    .name = "gpu", .default_value = {SVAR_PARAMETER_INTEGER, {.integer = 0}},                      \
    .description = "number of the GPU, as this process counts them; of backing 'gpu'",             \
    .minimum = 0, .maximum = 255                                                                   \
  }

/// What they say: {kDLCPU, 0}, or {kDLCUDA, number} of a GPU that is there. Loads a driver only for that.
/// @retval SVAR_ERR_VALUE another backing
/// @retval SVAR_ERR_UNSUPPORTED, SVAR_ERR_CONTEXT, SVAR_ERR_FORKED a GPU is asked for, and there is none, or not that one
SVAR_MUST_USE svar_ret_t svari_backing_read(const svar_component_host_t *host,
                                            DLDevice *out_device);

SVAR_END_DECLS
#endif
