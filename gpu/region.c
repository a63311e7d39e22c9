// The device region of a store: chunks of device memory, mapped one behind the other into one range of addresses,
// and the stream that the store's own work is enqueued on.
//
// Chunks are only ever added. Giving memory back would make the driver wait for the device, and a process that has
// a chunk mapped would not see it replaced. So the region keeps the most that its store ever needed.
#include "store/device_region.h"

#include <assert.h>

#include "gpu/host_pages.h"
#include "gpu/kernels.h"
#include "gpu/lanes.h"
#include "gpu/memory.h"
#include "gpu/stream.h"
#include "store/array.h"

// Each driver call for new memory takes long, and each chunk one descriptor of who shares it.
static const uint64_t GROWTH_BYTES = UINT64_C(16) << 20;

typedef struct region {
  svari_device_region_t base;
  svari_grain_t grain;
  svar_allocator_t allocator;
  svari_device_t *device;
  svari_stream_t stream;
  svari_lanes_t lanes;
  svari_memory_t **chunks;
  size_t chunk_count, chunk_room;
} region_t;

static svari_cu_address_t
base_address(const region_t *region)
{
  return (svari_cu_address_t)(uintptr_t)region->base.space.read_base;
}

// --- the space -------------------------------------------------------------------------------------------

// What the heap asks for begins where the last chunk ends: it never discards.
static svar_ret_t
region_commit(svari_space_t *space, uint64_t offset, uint64_t size_bytes)
{
  region_t *region = (region_t *)space;
  assert(offset == svari_space_known_bytes(space));
  SVAR_TRY(svari_array_reserve((void **)&region->chunks, &region->chunk_room,
                               region->chunk_count + 1, sizeof(svari_memory_t *),
                               &region->allocator));
  SVAR_TRY(svari_memory_create_at(region->device, base_address(region) + offset, size_bytes,
                                  &region->chunks[region->chunk_count]));
  region->chunk_count++;
  atomic_store_explicit(&space->known_bytes, offset + size_bytes, memory_order_relaxed);
  return SVAR_OK;
}

static uint64_t
region_extent_bytes(svari_space_t *space)
{
  return svari_space_known_bytes(space);
}

static const svari_space_ops_t space_ops = {
    .commit = region_commit,
    .extent_bytes = region_extent_bytes,
};

// --- work ------------------------------------------------------------------------------------------------

static const svari_stream_t *
stream_of(const svari_device_region_t *self)
{
  return &((const region_t *)self)->stream;
}

static svar_ret_t
region_copy_in(svari_device_region_t *self, uint64_t to, const void *from, uint64_t size_bytes)
{
  return svari_stream_to_device(stream_of(self), to, from, size_bytes);
}

static svar_ret_t
region_copy_out(svari_device_region_t *self, void *to, uint64_t from, uint64_t size_bytes)
{
  return svari_stream_to_host(stream_of(self), to, from, size_bytes);
}

static svar_ret_t
region_copy(svari_device_region_t *self, uint64_t to, uint64_t from, uint64_t size_bytes)
{
  return svari_stream_within_device(stream_of(self), to, from, size_bytes);
}

static svar_ret_t
region_zero(svari_device_region_t *self, uint64_t to, uint64_t size_bytes)
{
  return svari_stream_zero(stream_of(self), to, size_bytes);
}

static svar_ret_t
region_convert(svari_device_region_t *self, uint64_t to, svar_dtype_t to_dtype, uint64_t from,
               svar_dtype_t from_dtype, uint64_t count)
{
  return svari_kernels_convert(stream_of(self), from_dtype, from, to_dtype, to, count);
}

static svar_ret_t
region_pack(svari_device_region_t *self, uint64_t to, const svari_layout_t *from)
{
  static_assert(SVARI_KERNEL_DIMENSIONS >= SVAR_NDIM_MAX, "kernels take arrays of any rank");
  svari_kernel_view_t view = {.ndim = from->ndim};
  for (int32_t axis = 0; axis < from->ndim; axis++) {
    view.shape[axis] = from->shape[axis];
    view.strides[axis] = from->stride_bytes[axis] / (int64_t)from->element_bytes;
  }
  return svari_kernels_pack(stream_of(self), from->element_bytes, &view,
                            (svari_cu_address_t)(uintptr_t)from->data, to);
}

static svar_ret_t
region_follow(svari_device_region_t *self, void *stream)
{
  return svari_stream_follow(stream_of(self), stream);
}

static svar_ret_t
region_wait(svari_device_region_t *self)
{
  return svari_stream_synchronize(stream_of(self));
}

static svar_ret_t
region_know(svari_device_region_t *self, void *start, uint64_t size_bytes)
{
  return svari_host_pages_register(((region_t *)self)->device, start, size_bytes);
}

static void
region_forget(svari_device_region_t *self, void *start)
{
  svari_host_pages_unregister(((region_t *)self)->device, start);
}

static svar_ret_t
region_call_after(svari_device_region_t *self, void *stream, void (*function)(void *context),
                  void *context)
{
  return svari_lanes_call(&((region_t *)self)->lanes, stream, function, context);
}

static void
region_settle(svari_device_region_t *self)
{
  svari_lanes_settle(&((region_t *)self)->lanes);
}

static bool
region_is_lost(svari_device_region_t *self)
{
  return svari_stream_is_lost(stream_of(self));
}

// --- life ------------------------------------------------------------------------------------------------

// Copes with half-built regions.
static void
region_destroy(svari_device_region_t *self)
{
  region_t *region = (region_t *)self;
  svar_allocator_t allocator = region->allocator;
  svari_lanes_fini(&region->lanes);
  svari_stream_fini(&region->stream);
  for (size_t i = 0; i < region->chunk_count; i++) {
    svari_memory_destroy(region->chunks[i]);
  }
  if (region->device != NULL) {
    svari_addresses_free(region->device, base_address(region), self->space.capacity_bytes);
  }
  svari_device_close(region->device);
  allocator.deallocate(region->chunks, allocator.state);
  allocator.deallocate(region, allocator.state);
}

static const svari_device_region_ops_t region_ops = {
    .copy_in = region_copy_in,
    .copy_out = region_copy_out,
    .copy = region_copy,
    .zero = region_zero,
    .convert = region_convert,
    .pack = region_pack,
    .follow = region_follow,
    .wait = region_wait,
    .know = region_know,
    .forget = region_forget,
    .call_after = region_call_after,
    .settle = region_settle,
    .is_lost = region_is_lost,
    .destroy = region_destroy,
};

static svar_ret_t
reserve(region_t *region, uint64_t capacity_bytes)
{
  svari_space_t *space = &region->base.space;
  uint64_t step = region->device->granularity_bytes;
  uint64_t capacity = (capacity_bytes + step - 1) & ~(step - 1);
  svari_cu_address_t address;
  SVAR_TRY(svari_addresses_reserve(region->device, capacity, &address));
  space->read_base = (const uint8_t *)(uintptr_t)address;
  space->capacity_bytes = capacity;
  region->grain = (svari_grain_t){
      .alignment = SVARI_SLOT_ALIGNMENT_BYTES,
      .step_bytes = step,
      .growth_bytes = step > GROWTH_BYTES ? step : GROWTH_BYTES,
  };
  space->grain = &region->grain;
  return SVAR_OK;
}

static svar_ret_t
set_up(region_t *region, int32_t ordinal, uint64_t capacity_bytes)
{
  SVAR_TRY(svari_device_open(ordinal, &region->allocator, &region->device));
  SVAR_TRY(svari_stream_init(&region->stream, region->device));
  svari_lanes_init(&region->lanes, region->device);
  return reserve(region, capacity_bytes);
}

static svar_ret_t
region_create(int32_t ordinal, uint64_t capacity_bytes, const svar_allocator_t *allocator,
              svari_device_region_t **out_region)
{
  region_t *region = allocator->allocate(sizeof(*region), _Alignof(region_t), allocator->state);
  if (region == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a store's part on GPU %d", ordinal);
  }
  *region = (region_t){
      .base = {.space = {.ops = &space_ops}, .ops = &region_ops, .device = {kDLCUDA, ordinal}},
      .allocator = *allocator};
  svar_ret_t ret = set_up(region, ordinal, capacity_bytes);
  if (ret != SVAR_OK) {
    region_destroy(&region->base);
    return ret;
  }
  *out_region = &region->base;
  return SVAR_OK;
}

static __attribute__((constructor)) void
offer_factory(void)
{
  svari_device_region_factory_set(region_create);
}
