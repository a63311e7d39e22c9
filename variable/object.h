// What sources, types and constructors ask of objects.
#ifndef SVARI_VARIABLE_OBJECT_H
#define SVARI_VARIABLE_OBJECT_H

#include "shared_variable/object.h"
#include "variable/container.h"

// SVAR_ERR_ARGUMENT unless object is one: a pointer, and a class of a known size with a name.
svar_ret_t svari_object_check(const svar_object_t *object);

// The sentence for who takes the variable for a tensor: SVAR_ERR_TYPE. @pre it is an object variable
svar_ret_t svari_object_refuse_use(svari_container_t *container);

#endif
