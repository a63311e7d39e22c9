// A device region: the memory of one GPU that a store has values in, as a table of functions. The room above
// (gpu/region.c) implements it and hands in one factory; this room knows no driver.
//
// Addresses are the device's, as numbers. Work is enqueued on the region's own stream, in order, and is over when
// wait() has returned SVAR_OK.
#ifndef SVARI_STORE_DEVICE_REGION_H
#define SVARI_STORE_DEVICE_REGION_H

#include "shared_variable/allocator.h"
#include "shared_variable/store.h"
#include "store/space.h"
#include "variable/layout.h"

typedef struct svari_device_region svari_device_region_t;

// All of these: SVAR_ERR_FORKED, SVAR_ERR_DEVICE
typedef struct svari_device_region_ops {
  // Memory of the host that is read or written stays as it is until wait().
  svar_ret_t (*copy_in)(svari_device_region_t *self, uint64_t to, const void *from,
                        uint64_t size_bytes);
  svar_ret_t (*copy_out)(svari_device_region_t *self, void *to, uint64_t from, uint64_t size_bytes);
  svar_ret_t (*copy)(svari_device_region_t *self, uint64_t to, uint64_t from, uint64_t size_bytes);
  svar_ret_t (*zero)(svari_device_region_t *self, uint64_t to, uint64_t size_bytes);
  // Converts count elements as the CPU does. SVAR_ERR_UNSUPPORTED, SVAR_ERR_NOT_IMPLEMENTED
  svar_ret_t (*convert)(svari_device_region_t *self, uint64_t to, svar_dtype_t to_dtype,
                        uint64_t from, svar_dtype_t from_dtype, uint64_t count);
  // Copies elements that lie somehow to compact memory. SVAR_ERR_UNSUPPORTED
  svar_ret_t (*pack)(svari_device_region_t *self, uint64_t to, const svari_layout_t *from);
  // What is enqueued from now on waits for what is enqueued on stream, one of the same GPU, so far.
  svar_ret_t (*follow)(svari_device_region_t *self, void *stream);
  svar_ret_t (*wait)(svari_device_region_t *self);
  // Locks memory of the host into memory and makes it known to the GPUs of this process. Not twice.
  // SVAR_ERR_NO_SPACE
  svar_ret_t (*know)(svari_device_region_t *self, void *start, uint64_t size_bytes);
  // Before it is unmapped or given back; no copy of it is under way.
  void (*forget)(svari_device_region_t *self, void *start);
  // Calls function in a thread of the driver's when what is enqueued on stream, one of the same GPU, is over so far;
  // never, if the device fails before. It must call neither this table nor what waits for it. A failure has enqueued
  // nothing. SVAR_ERR_ARGUMENT: no stream. SVAR_ERR_STATE: stream is being captured into a graph
  svar_ret_t (*call_after)(svari_device_region_t *self, void *stream,
                           void (*function)(void *context), void *context);
  // Waits until the functions of call_after() have returned. Those that have not been called by then will never be.
  void (*settle)(svari_device_region_t *self);
  // True if the device has failed for good: nothing reads or writes its memory for this process any more.
  bool (*is_lost)(svari_device_region_t *self);
  // Waits, then gives everything back; frees the memory that self lies in.
  void (*destroy)(svari_device_region_t *self);
} svari_device_region_ops_t;

// The head of every device region.
struct svari_device_region {
  svari_space_t space; // first: of the values
  const svari_device_region_ops_t *ops;
  DLDevice device;            // as views name it
  _Atomic uint64_t end_bytes; // of the part of the space that is in use
};

// Takes the GPU of that number into use for a store, with capacity_bytes of addresses (rounded up to what the
// GPU asks for). SVAR_ERR_UNSUPPORTED, SVAR_ERR_CONTEXT, SVAR_ERR_NO_SPACE, SVAR_ERR_NO_MEMORY,
// SVAR_ERR_FORKED, SVAR_ERR_DEVICE, with the driver's own sentence
typedef svar_ret_t (*svari_device_region_factory_t)(int32_t ordinal, uint64_t capacity_bytes,
                                                    const svar_allocator_t *allocator,
                                                    svari_device_region_t **out_region);
// Set once, when the library is loaded.
void svari_device_region_factory_set(svari_device_region_factory_t factory);

// Waits for what is enqueued. When it has failed the work is over all the same: memory that it reads or writes
// can be used for something else.
svar_ret_t svari_device_region_wait(svari_device_region_t *region);

// The store's region on that GPU, or NULL.
svari_device_region_t *svari_store_device_find(const svar_store_t *store, int32_t ordinal);

// The number (from 1) of the store's region on that GPU, which is taken into use now if it was not.
// Holder only. SVAR_ERR_NOT_IMPLEMENTED: the store is shared with other processes. As the factory.
svar_ret_t svari_store_device(svar_store_t *store, int32_t ordinal, uint32_t *out_number);

#endif
