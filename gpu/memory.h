// Device memory of one kind: slots of equal size in one allocation, which other processes map through a file
// descriptor. The memory lives until the last of them has given it back, whichever made it.
#ifndef SVARI_GPU_MEMORY_H
#define SVARI_GPU_MEMORY_H

#include "gpu/device.h"

SVAR_BEGIN_DECLS

enum { SVARI_SLOT_ALIGNMENT_BYTES = 512 };

typedef enum svari_memory_access {
  SVARI_MEMORY_READ = SVARI_CU_READ, // what writes through it ends the writer's use of the GPU
  SVARI_MEMORY_READ_WRITE = SVARI_CU_READ_WRITE
} svari_memory_access_t;

typedef struct svari_memory {
  svari_device_t *device;
  uint32_t slot_count;
  uint64_t stride_bytes; // from one slot to the next
  uint64_t total_bytes;  // a multiple of the device's granularity
  svari_cu_allocation_t allocation;
  svari_cu_address_t address; // 0: not reserved
  bool has_allocation;
  bool has_addresses; // of its own
  bool is_mapped;
} svari_memory_t;

// What every allocation on the device is a multiple of. Needs no context. SVAR_ERR_DEVICE
svar_ret_t svari_memory_granularity(const svari_device_t *device, uint64_t *out_bytes);

// slot_count slots for slot_bytes each, to read and write. Nothing is written: the contents are undefined.
// SVAR_ERR_NO_SPACE with the numbers, SVAR_ERR_NO_MEMORY, SVAR_ERR_FORKED, SVAR_ERR_DEVICE
svar_ret_t svari_memory_create(svari_device_t *device, uint32_t slot_count, uint64_t slot_bytes,
                               svari_memory_t **out_memory);
// Addresses for size_bytes, a multiple of the device's granularity, of memory that is not there yet.
// SVAR_ERR_NO_SPACE, SVAR_ERR_FORKED, SVAR_ERR_DEVICE
svar_ret_t svari_addresses_reserve(const svari_device_t *device, uint64_t size_bytes,
                                   svari_cu_address_t *out_address);
// Nothing is mapped there any more. 0 is a no-op.
void svari_addresses_free(const svari_device_t *device, svari_cu_address_t address,
                          uint64_t size_bytes);
// One slot of size_bytes, a multiple of the device's granularity, at an address of a reservation, which outlives
// it. As create.
svar_ret_t svari_memory_create_at(svari_device_t *device, svari_cu_address_t address,
                                  uint64_t size_bytes, svari_memory_t **out_memory);
// A new descriptor of the allocation, closed on exec; the caller's. It keeps the memory by itself.
svar_ret_t svari_memory_export(const svari_memory_t *memory, int *out_fd);
// The same memory in another process, or a second time in this one. The numbers are those of its maker; the
// driver refuses those that promise more than there is. The descriptor stays the caller's, and open.
// As create.
svar_ret_t svari_memory_import(svari_device_t *device, int fd, uint32_t slot_count,
                               uint64_t slot_bytes, svari_memory_access_t access,
                               svari_memory_t **out_memory);
// As one slot of size_bytes, a multiple of the device's granularity, to be read, at an address of a reservation, which
// outlives it.
svar_ret_t svari_memory_import_at(svari_device_t *device, int fd, svari_cu_address_t address,
                                  uint64_t size_bytes, svari_memory_t **out_memory);
// Gives back what this process has of it; the work on it is over. NULL is a no-op.
void svari_memory_destroy(svari_memory_t *memory);

// Where slot number index begins. @pre index < slot_count
static inline svari_cu_address_t
svari_memory_slot(const svari_memory_t *memory, uint32_t index)
{
  return memory->address + index * memory->stride_bytes;
}

SVAR_END_DECLS
#endif
