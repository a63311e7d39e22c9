// What sources, types and constructors ask of objects.
#ifndef SVARI_VARIABLE_OBJECT_H
#define SVARI_VARIABLE_OBJECT_H

#include "shared_variable/object.h"
#include "variable/container.h"

// SVAR_ERR_ARGUMENT unless object is one: a pointer, and a class of a known size with a name.
svar_ret_t svari_object_check(const svar_object_t *object);

// The sentence for who takes the variable for a tensor: SVAR_ERR_TYPE. @pre it is an object variable
svar_ret_t svari_object_refuse_use(svari_container_t *container);

// A variable of a new container, named by the options, which holds the class's copy of the object that self
// holds, or nothing if that is unset. strict and allow_downcast are the options'.
// SVAR_ERR_TYPE: an option that no object takes; SVAR_ERR_NOT_IMPLEMENTED and others as the class copies
svar_ret_t svari_object_copy_container(svari_container_t *self,
                                       const svar_shared_options_t *options,
                                       svar_variable_t **out_variable);

#endif
