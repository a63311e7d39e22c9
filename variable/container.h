// The container: the storage cell behind a variable, as a table of functions. This room knows no
// store; the room above implements containers and hands in one factory.
#ifndef SVARI_VARIABLE_CONTAINER_H
#define SVARI_VARIABLE_CONTAINER_H

#include <stdatomic.h>

#include "shared_variable/shared.h"
#include "shared_variable/variable.h"

// What callers know as svar_container_t, from inside.
typedef svar_container_t svari_container_t;

enum { SVARI_TOGETHER_MAX = 4 };

// Of containers whose values lie where the host cannot follow their addresses: on a GPU.
typedef struct svari_far_ops {
  // Pin the current value where it lies.
  svar_ret_t (*view)(svari_container_t *self, svar_value_t *out_view);
  // Copy a view's bytes to host memory.
  svar_ret_t (*read)(svari_container_t *self, const svar_value_t *view, void *to);
  // Copy a compact tensor of the hole's dtype and shape, in host memory or where the hole is, into that.
  svar_ret_t (*fill)(svari_container_t *self, const svar_value_t *hole, const DLTensor *from);
  // Make a hole's bytes zero, before its commit at the latest.
  svar_ret_t (*clear)(svari_container_t *self, const svar_value_t *hole);
  // The 16 bytes by which the driver knows the GPU everywhere. Asks no driver.
  const uint8_t *(*uuid)(const svari_container_t *self);
  // The GPU's number in this process.
  svar_ret_t (*gpu)(svari_container_t *self, int32_t *out_number);
} svari_far_ops_t;

typedef struct svari_container_ops {
  // Pin the current value; the hot path of svar_get_value().
  svar_ret_t (*borrow)(svari_container_t *self, svar_value_t *out_value);
  // The caller's own copy of the current value.
  svar_ret_t (*copy)(svari_container_t *self, svar_value_t *out_value);
  // Filter source and make it the current value, in one commit.
  svar_ret_t (*set)(svari_container_t *self, const svar_source_t *source, svar_borrow_t borrow);
  // The same in a transaction of its store, for containers that are not the store's own; else NULL.
  svar_ret_t (*set_in)(svari_container_t *self, svar_transaction_t *transaction,
                       const svar_source_t *source);
  // Filter sources[i] (svar_none(): unset it) for members[i], all of one store and of this kind, and give them to all of them, or
  // on failure to none: in transaction, or (NULL) in a commit of their own. At most
  // SVARI_TOGETHER_MAX. NULL for containers that are several themselves.
  svar_ret_t (*set_together)(svari_container_t *const *members, const svar_source_t *sources,
                             size_t count, svar_transaction_t *transaction);
  // Make the value zero, in one commit; NULL: a loan of zeros does it.
  svar_ret_t (*zero)(svari_container_t *self);
  svar_store_t *(*store)(svari_container_t *self);
  // For svar_container_cell(); NULL: each container is the only one of its value.
  const void *(*cell)(const svari_container_t *self);
  // Told by svar_container_readonly_set(); NULL for containers that are not several.
  void (*readonly_set)(svari_container_t *self, bool is_readonly);
  // Called when the last reference goes; frees the memory that self lies in.
  void (*destroy)(svari_container_t *self);
  const svari_far_ops_t *far; // NULL: views and loans are of host memory
} svari_container_ops_t;

// The head of every container. Everything but the count and the flag is fixed after creation.
struct svar_container {
  const svari_container_ops_t *ops; // first: all that svar_get_value() looks at
  _Atomic uint32_t reference_count; // starts at 1, owned by the creator
  svar_type_t type;
  svar_backing_t backing;
  _Atomic bool
      is_readonly; // refuses every set, loan and update; a word of its user's, read relaxed
  bool is_part;    // of a sparse variable of its store, through which alone it is set
  bool strict;
  // Of values on a GPU, which of its store's (from 1); 0: in host memory. So small that what reads of a store look at
  // keeps to two cache lines.
  uint8_t device;
  svar_downcast_t allow_downcast;
  const char *name;                 // owned by the implementation; NULL: none
  svar_variable_t *reserved_handle; // of svari_variable_reserve(); NULL: none, or it was taken
  svar_allocator_t allocator;
};

svari_container_t *svari_container_ref(svari_container_t *container);
void svari_container_unref(svari_container_t *container); // NULL is a no-op
// The copy of containers whose values are bytes, in host memory.
svar_ret_t svari_container_copy_bytes(svari_container_t *self, svar_value_t *out_value);
// The same of a view.
svar_ret_t svari_container_copy_view(svari_container_t *self, const svar_value_t *view,
                                     svar_value_t *out_value);
// A pinned view where the value lies, and its bytes for the host.
svar_ret_t svari_container_view(svari_container_t *self, svar_value_t *out_view);
svar_ret_t svari_container_read(svari_container_t *self, const svar_value_t *view, void *to);
// Copies a compact tensor of the hole's dtype and shape into a loan: from host memory, or from where that lies.
svar_ret_t svari_container_fill(svari_container_t *self, const svar_value_t *hole,
                                const DLTensor *from);
// SVAR_ERR_STATE: the container is read-only, or a part.
svar_ret_t svari_container_check_writable(const svari_container_t *container);

// What a constructor asks for: a container of this type, holding source (NULL: nothing yet).
typedef struct svari_container_spec {
  svar_type_t type;
  const svar_source_t *source;
  const svar_shared_options_t *options; // name, store, transaction, strict, allow_downcast, borrow
} svari_container_spec_t;

// Makes a container in spec->options->store (NULL: the process's private store). Its own filter check
// decides whether source fits type.
typedef svar_ret_t (*svari_container_factory_t)(const svari_container_spec_t *spec,
                                                svari_container_t **out_container);

// Set once, when the library is loaded, by the room that implements containers.
void svari_container_factory_set(svari_container_factory_t factory);
svar_ret_t svari_container_create(const svari_container_spec_t *spec,
                                  svari_container_t **out_container);

// What the options of every way to make a variable must be: a name in a store, flags that exist.
// SVAR_ERR_ARGUMENT
svar_ret_t svari_check_rules(const char *name, const svar_store_t *store,
                             svar_downcast_t allow_downcast, svar_borrow_t borrow);

// Takes the memory of the container's first handle, which must have this name: so that nothing can fail any
// more once the container has its first value.
svar_ret_t svari_variable_reserve(const char *name, svari_container_t *container);
// Wraps a container in a variable handle with a reference count of 1 and an automatic name of its own;
// moves the container reference if and only if it returns SVAR_OK. name is copied; NULL: none.
svar_ret_t svari_variable_create(const char *name, svari_container_t *container,
                                 svar_variable_t **out_variable);

// Enough for "auto_" and any number.
#define SVARI_AUTO_NAME_BYTES 32

// A text that a variable was renamed to.
typedef struct svari_label {
  struct svari_label *older;
  char text[];
} svari_label_t;

// A handle. Here, and not beside the functions that make it, so that a snapshot looks through it
// without a call.
struct svar_variable {
  svari_container_t *container; // shared; first: all that a borrowed read looks at
  _Atomic uint32_t reference_count;
  char auto_name[SVARI_AUTO_NAME_BYTES];
  // first_name, the text of a label, or NULL: none (the empty text is a name too)
  _Atomic(const char *) name;
  // Every later name. They end with the handle, so that a name once given out stays readable.
  _Atomic(svari_label_t *) labels;
  // What functions that read the handle store to it; owned, ended by its hook. This file knows no more of it.
  void *default_update;
  void (*default_update_unref)(void *default_update);
  char first_name[];
};

#endif
