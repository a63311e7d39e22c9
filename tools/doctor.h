// The parts of `svar doctor`.
#ifndef SVARI_TOOLS_DOCTOR_H
#define SVARI_TOOLS_DOCTOR_H

#include "tools/arguments.h"
#include "tools/diagnosis.h"

// The machine and what it allows this process: the segment directory, the kernel, the limits, RouDi.
void svari_doctor_machine(svari_diagnosis_t *diagnosis, const char *directory);
// Every store there is. SVAR_ERR_SYSTEM, SVAR_ERR_PERMISSION, SVAR_ERR_NO_MEMORY: they cannot be listed.
svar_ret_t svari_doctor_stores(svari_diagnosis_t *diagnosis, const svari_arguments_t *arguments,
                               bool all_users);

#endif
