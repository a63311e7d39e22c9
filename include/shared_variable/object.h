// Objects: shared variables that hold whatever a program has (Theano's generic). The library never looks
// inside; a table of the object's class says what it is called, how it is copied and how it ends.
//
// An object is of this process: it lives in no store, so there are no transactions, snapshots or readers
// of other processes, and svar_variable_store() of its variable is NULL.
//
//                      SVAR_COPY                           SVAR_BORROW
//   svar_shared()      the object itself becomes the       declines the option
//                      variable's; nothing is copied
//   svar_set_value()   the class's copy of it              the object itself
//   svar_object_get()  the class's copy of it              the object itself, kept alive
//
// There is no conversion: an object variable takes objects of any class, strict or not, and nothing else; an
// array of a dtype that no tensor has does not turn into an object unless the caller offers it as one.
#ifndef SHARED_VARIABLE_OBJECT_H
#define SHARED_VARIABLE_OBJECT_H

#include "shared_variable/source.h"
#include "shared_variable/variable.h"

SVAR_BEGIN_DECLS

/// What objects of one class have in common. Must stay as it is as long as any of them lives, so best a
/// constant. Its functions may be called from any thread, under no lock.
typedef struct svar_object_class {
  size_t size_bytes;     ///< sizeof(svar_object_class_t) of the caller's build
  const char *type_name; ///< for messages: "dictionary", "array of text"
  /// Another object of the class that shares nothing with this one (or what the class finds right to
  /// share). A failure (a code with svar_fail()) fails the call that needed the copy. NULL: objects of the
  /// class are not copied, which is SVAR_ERR_NOT_IMPLEMENTED.
  svar_ret_t (*copy)(const void *object, void **out_copy);
  /// Ends an object that a variable or a value owned; NULL: nothing to do.
  void (*destroy)(void *object);
} svar_object_class_t;

typedef struct svar_object {
  void *pointer; ///< not NULL: svar_none() is the way to have nothing
  const svar_object_class_t *object_class;
} svar_object_t;

/// Where the object itself goes into a variable (svar_shared(), svar_variable_create(), a set with
/// SVAR_BORROW) it is moved: the variable owns it if and only if the call returns SVAR_OK, and destroys it
/// once, when it has been replaced or has ended with the last variable of its container and nobody borrows
/// it any more. The caller may go on using it as what it is then: shared with every reader. Give it to one
/// variable only; clones share it. A set with SVAR_BORROW of the object that the variable holds
/// already, after a change in place, keeps it.
/// @param object borrowed for the call that the source is passed to
static inline svar_source_t
svar_object_source(const svar_object_t *object)
{
  svar_source_t source = {
      SVAR_SOURCE_OBJECT, {NULL, {kDLCPU, 0}, 0, {0, 0, 0}, NULL, NULL, 0}, {{0, 0}}, object};
  return source;
}

/// The type of every object variable.
SVAR_PUBLIC svar_type_t svar_object_type(void);

/// Start from SVAR_OBJECT_VALUE_INIT.
typedef struct svar_object_value {
  svar_object_t object;
  uint64_t version; ///< how many times the variable has been set, the first value included
  bool is_alias;    ///< true: the stored object; false: the caller's own copy
  void *internal;   ///< not for callers
} svar_object_value_t;

#define SVAR_OBJECT_VALUE_INIT SVAR_ZERO_INIT

/// Read the current object. (svar_get_value() is for numbers: SVAR_ERR_TYPE.)
/// @contract{borrow: allocates: no; blocks: a short lock. copy: as the class copies. system calls: no;
/// thread: any}
/// @param[out] out_value svar_object_value_release() it; written only on success
/// @retval SVAR_ERR_TYPE the variable holds no object
/// @retval SVAR_ERR_UNSET svar_none() was the last that it was set to
/// @retval SVAR_ERR_NOT_IMPLEMENTED copy: objects of this class are not copied
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_object_get(svar_variable_t *variable,
                                                     svar_borrow_t borrow,
                                                     svar_object_value_t *out_value);

/// Ends the use of an object: a copy is destroyed, and a borrowed one if it was replaced meanwhile. Leaves
/// SVAR_OBJECT_VALUE_INIT; NULL and that are no-ops. @contract{thread: any}
SVAR_PUBLIC void svar_object_value_release(svar_object_value_t *value);

SVAR_END_DECLS
#endif
