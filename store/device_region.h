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
  // The holder's: a new descriptor of the memory that begins at offset and takes *out_bytes. SVAR_ERR_INDEX: none begins
  // there. SVAR_ERR_SYSTEM
  svar_ret_t (*share)(svari_device_region_t *self, uint64_t offset, int *out_fd,
                      uint64_t *out_bytes);
  // A reader's: maps the memory behind a descriptor, which stays the caller's, at the end of what is mapped, to be read.
  // SVAR_ERR_CORRUPT: no memory has such a size. SVAR_ERR_NO_SPACE
  svar_ret_t (*extend)(svari_device_region_t *self, int fd, uint64_t size_bytes);
  // A reader's: gives the memory back. Nobody reads it, or will.
  void (*empty)(svari_device_region_t *self);
  // Waits, then gives everything back; frees the memory that self lies in.
  void (*destroy)(svari_device_region_t *self);
} svari_device_region_ops_t;

// The head of every device region.
struct svari_device_region {
  svari_space_t space; // first: of the values
  const svari_device_region_ops_t *ops;
  DLDevice device;            // as views name it
  _Atomic uint64_t end_bytes; // the holder's: of the part of the space that is in use
  uint8_t uuid[16];           // of the GPU
  // The store's, fixed once it is among its devices.
  uint32_t place;  // of the GPU in the header, from 1
  uint32_t number; // which records of values in it have
  svari_device_region_t *next;
};

// Where device regions come from. Both fail with the driver's own sentence:
// SVAR_ERR_UNSUPPORTED, SVAR_ERR_CONTEXT, SVAR_ERR_FORKED, SVAR_ERR_DEVICE
typedef struct svari_device_source {
  // The number that the GPU has in this process. SVAR_ERR_CONTEXT: it is not visible
  svar_ret_t (*find)(const uint8_t *uuid, int32_t *out_ordinal);
  // Takes the GPU of that number into use for a store, with capacity_bytes of addresses (rounded up to what the
  // GPU asks for), and without memory. SVAR_ERR_NO_SPACE, SVAR_ERR_NO_MEMORY
  svar_ret_t (*create)(int32_t ordinal, uint64_t capacity_bytes, const svar_allocator_t *allocator,
                       svari_device_region_t **out_region);
  // The same on the GPU of another region, with the stream of that.
  svar_ret_t (*create_after)(const svari_device_region_t *region, uint64_t capacity_bytes,
                             svari_device_region_t **out_region);
} svari_device_source_t;
// Set once, when the library is loaded.
void svari_device_source_set(const svari_device_source_t *source);

// Waits for what is enqueued. When it has failed the work is over all the same: memory that it reads or writes
// can be used for something else.
svar_ret_t svari_device_region_wait(svari_device_region_t *region);

// The newest region that the handle has on the GPU that this process numbers so, or NULL.
svari_device_region_t *svari_store_device_find(const svar_store_t *store, int32_t ordinal);
// The handle's region of that number, or NULL.
svari_device_region_t *svari_store_device_numbered(const svar_store_t *store, uint32_t number);
// How many GPUs the store has, or had, variables on. A place below is one of their numbers, from 1.
uint32_t svari_store_device_count(const svar_store_t *store);
// The number that the GPU has in this process. As svari_device_source_t.find
svar_ret_t svari_store_device_ordinal(const svar_store_t *store, uint32_t place,
                                      int32_t *out_ordinal);
// A region there, without memory, the caller's. As svari_device_source_t
svar_ret_t svari_store_device_create(const svar_store_t *store, uint32_t place,
                                     svari_device_region_t **out_region);
// Makes it one of the handle's. A reader's: under the lock for attaching.
void svari_store_device_add(svar_store_t *store, svari_device_region_t *region);

// Holder only, these three. The place of the GPU that this process numbers so, which is taken into use now if it was not.
// As svari_device_source_t
svar_ret_t svari_store_device(svar_store_t *store, int32_t ordinal, uint32_t *out_place);
// The holder's region at that place, taken into use now if it was not. As svari_device_source_t
svar_ret_t svari_store_device_open(svar_store_t *store, uint32_t place,
                                   svari_device_region_t **out_region);
// A new descriptor of the memory that begins at offset of the region of that number, and its size; from any thread.
// generation: of the store that the number is of.
// SVAR_ERR_UNSET: it was an earlier holder's, or is another store's. As svari_device_region_ops_t.share
svar_ret_t svari_store_device_share(svar_store_t *store, const uint8_t generation[16],
                                    uint32_t number, uint64_t offset, int *out_fd,
                                    uint64_t *out_bytes);

#endif
