// Component libraries that must be refused; the build says in which way each is faulty.
#include "shared_variable/component.h"

#ifndef FAULT_ABI
#define FAULT_ABI SVAR_COMPONENT_ABI_VERSION
#endif
#ifndef FAULT_SIZE
#define FAULT_SIZE sizeof(svar_component_descriptor_t)
#endif
#ifndef FAULT_DEFAULT
#define FAULT_DEFAULT 1
#endif
#ifndef FAULT_DESTROY
#define FAULT_DESTROY destroy
#endif
#ifndef FAULT_ENTRY
#define FAULT_ENTRY svar_component_entry
#endif

extern int a_symbol_that_nobody_defines(void);
SVAR_PUBLIC const svar_component_descriptor_t *FAULT_ENTRY(uint32_t index);

static svar_ret_t
create(const svar_component_host_t *host, void **out_self)
{
  (void)host;
#ifdef FAULT_UNDEFINED
  (void)a_symbol_that_nobody_defines();
#endif
  *out_self = NULL;
  return SVAR_OK;
}

static svar_transition_result_t
configure(void *self)
{
  (void)self;
  return SVAR_TRANSITION_SUCCESS;
}

__attribute__((unused)) static void
destroy(void *self)
{
  (void)self;
}

const svar_component_descriptor_t *
FAULT_ENTRY(uint32_t index)
{
  static const svar_parameter_descriptor_t parameter = {
      .name = "p",
      .default_value = {SVAR_PARAMETER_INTEGER, {.integer = FAULT_DEFAULT}},
      .minimum = 0,
      .maximum = 2};
  static const svar_component_descriptor_t faulty = {.abi_version = FAULT_ABI,
                                                     .size_bytes = FAULT_SIZE,
                                                     .type_name = "test::Faulty",
                                                     .parameters = &parameter,
                                                     .parameter_count = 1,
                                                     .create = create,
                                                     .configure = configure,
                                                     .destroy = FAULT_DESTROY};
  return index == 0 ? &faulty : NULL;
}
