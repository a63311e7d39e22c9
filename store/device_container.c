#include "store/device_container.h"

#include "variable/layout.h"
#include "variable/source.h"
#include "variable/text.h"

enum { STAGING_ALIGNMENT = 64 };

static bool
is_on_device(const svar_source_t *source)
{
  return source->kind == SVAR_SOURCE_ARRAY && source->tensor.device.device_type == kDLCUDA;
}

static uint64_t
number_of(const void *address)
{
  return (uint64_t)(uintptr_t)address;
}

// --- what is accepted ------------------------------------------------------------------------------

svar_ret_t
svari_device_check_source(svari_store_container_t *container, const svar_source_t *source,
                          svar_source_t *out_filtered)
{
  *out_filtered = *source;
  SVAR_TRY(svari_device_require(container));
  const DLDevice *device = &container->view_head.device;
  if (is_on_device(source)) {
    out_filtered->tensor.device = (DLDevice){kDLCPU, 0};
    return source->tensor.device.device_id == device->device_id
               ? SVAR_OK
               : svar_fail(SVAR_ERR_VALUE,
                           "variable %s is on GPU %d, and the array on GPU %d: copy it there, or "
                           "to the host",
                           svari_name_text(container->name).text, device->device_id,
                           source->tensor.device.device_id);
  }
  if (container->base.strict && svari_store_has_value(container->store, container->entry)) {
    return svar_fail(SVAR_ERR_TYPE,
                     "variable %s is strict: it takes arrays of exactly its dtype that are on "
                     "GPU %d already",
                     svari_name_text(container->name).text, device->device_id);
  }
  return SVAR_OK;
}

// --- writing ---------------------------------------------------------------------------------------

// The call whose work it was may have failed: then what was enqueued before is over all the same.
static svar_ret_t
finish(svari_device_region_t *device, svar_ret_t ret)
{
  svar_ret_t waited = svari_device_region_wait(device);
  return ret != SVAR_OK ? ret : waited;
}

static svar_ret_t
copy_in(const svari_store_container_t *container, uint64_t to, const void *from,
        uint64_t size_bytes)
{
  svari_device_region_t *device = container->device;
  from = svari_registrations_begin_in(container->store, device, from, size_bytes);
  svar_ret_t ret = finish(device, device->ops->copy_in(device, to, from, size_bytes));
  svari_registrations_finish(container->store);
  return ret;
}

// Converted and made compact by the host, in memory of its own.
static svar_ret_t
write_staged(const svari_store_container_t *container, const svari_filter_plan_t *plan,
             const svar_source_t *source, uint64_t to)
{
  const svar_allocator_t *allocator = &container->store->allocator;
  void *staging = allocator->allocate(plan->size_bytes, STAGING_ALIGNMENT, allocator->state);
  if (staging == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY,
                     "no %llu bytes to convert a value of variable %s on the host; compact "
                     "arrays of its dtype need none",
                     (unsigned long long)plan->size_bytes, svari_name_text(container->name).text);
  }
  svari_filter_write(plan, source, staging);
  svar_ret_t ret = copy_in(container, to, staging, plan->size_bytes);
  allocator->deallocate(staging, allocator->state);
  return ret;
}

static svar_ret_t
write_from_host(const svari_store_container_t *container, const svari_filter_plan_t *plan,
                const svar_source_t *source, uint64_t to)
{
  svari_layout_t layout;
  svari_layout_of(&source->tensor, svari_source_data(source), &layout);
  return svar_dtype_equal(plan->from, plan->to) && svari_layout_is_compact(&layout)
             ? copy_in(container, to, layout.data, plan->size_bytes)
             : write_staged(container, plan, source, to);
}

static svar_ret_t
convert(const svari_store_container_t *container, const svari_filter_plan_t *plan, uint64_t from,
        uint64_t to)
{
  svari_device_region_t *device = container->device;
  return device->ops->convert(device, to, plan->to, from, plan->from,
                              plan->size_bytes / svar_dtype_bytes(plan->to));
}

// By way of a compact copy on the device, in memory that is taken for as long as it takes: one kernel for each way
// to lie and one for each pair of dtypes, and none for both.
static svar_ret_t
pack_and_convert(const svari_store_container_t *container, const svari_filter_plan_t *plan,
                 const svari_layout_t *layout, uint64_t to)
{
  svari_device_region_t *device = container->device;
  svari_writer_t *writer = container->store->writer;
  svari_heap_t *heap = svari_writer_heap(writer, container->base.device);
  uint64_t packed_bytes =
      plan->size_bytes / svar_dtype_bytes(plan->to) * svar_dtype_bytes(plan->from);
  uint64_t offset;
  svari_writer_lock(writer);
  svar_ret_t ret = svari_heap_take(heap, packed_bytes, &offset);
  svari_writer_unlock(writer);
  SVAR_TRY(ret);
  uint64_t packed = number_of(svari_device_address(container, offset));
  ret = device->ops->pack(device, packed, layout);
  ret = finish(device, ret == SVAR_OK ? convert(container, plan, packed, to) : ret);
  svari_writer_lock(writer);
  svari_heap_give(heap, offset, packed_bytes);
  svari_writer_unlock(writer);
  return ret;
}

static svar_ret_t
write_from_device(const svari_store_container_t *container, const svari_filter_plan_t *plan,
                  const svar_source_t *source, uint64_t to)
{
  svari_device_region_t *device = container->device;
  svari_layout_t layout;
  svari_layout_of(&source->tensor, svari_source_data(source), &layout);
  uint64_t from = number_of(layout.data);
  bool is_compact = svari_layout_is_compact(&layout);
  bool is_same = svar_dtype_equal(plan->from, plan->to);
  if (is_same && is_compact) {
    return finish(device, device->ops->copy(device, to, from, plan->size_bytes));
  }
  if (!svari_source_is_aligned(source)) {
    return svar_fail(SVAR_ERR_VALUE,
                     "variable %s: the array's data, at %p on a GPU, are not aligned for %s: copy "
                     "them to where they are",
                     svari_name_text(container->name).text, (const void *)layout.data,
                     svar_dtype_name(plan->from));
  }
  if (is_same) {
    return finish(device, device->ops->pack(device, to, &layout));
  }
  return is_compact ? finish(device, convert(container, plan, from, to))
                    : pack_and_convert(container, plan, &layout, to);
}

svar_ret_t
svari_device_write(const svari_store_container_t *container, const svari_filter_plan_t *plan,
                   const svar_source_t *source, uint64_t offset)
{
  uint64_t to = number_of(svari_device_address(container, offset));
  if (plan->size_bytes == 0) {
    return SVAR_OK;
  }
  return is_on_device(source) ? write_from_device(container, plan, source, to)
                              : write_from_host(container, plan, source, to);
}

// --- for callers that have views and loans -----------------------------------------------------------

static svar_ret_t
device_read(svari_container_t *self, const svar_value_t *view, void *to)
{
  const svari_store_container_t *container = (const svari_store_container_t *)self;
  svari_device_region_t *device = container->device;
  uint64_t from = number_of(view->tensor.data);
  uint64_t size_bytes = svar_value_bytes(view);
  svari_registrations_begin_out(container->store, device, to, size_bytes);
  svar_ret_t ret = finish(device, device->ops->copy_out(device, to, from, size_bytes));
  svari_registrations_finish(container->store);
  return ret;
}

static svar_ret_t
device_fill(svari_container_t *self, const svar_value_t *hole, const DLTensor *from)
{
  const svari_store_container_t *container = (const svari_store_container_t *)self;
  svari_device_region_t *device = container->device;
  uint64_t to = number_of(hole->tensor.data);
  uint64_t size_bytes = svar_value_bytes(hole);
  return from->device.device_type == kDLCPU
             ? copy_in(container, to, from->data, size_bytes)
             : finish(device, device->ops->copy(device, to, number_of(from->data), size_bytes));
}

// The commit waits for it.
static svar_ret_t
device_clear(svari_container_t *self, const svar_value_t *hole)
{
  svari_device_region_t *device = ((svari_store_container_t *)self)->device;
  return device->ops->zero(device, number_of(hole->tensor.data), svar_value_bytes(hole));
}

static const uint8_t *
device_uuid(const svari_container_t *self)
{
  const svari_store_container_t *container = (const svari_store_container_t *)self;
  return container->store->header->devices[self->device - 1].uuid;
}

static svar_ret_t
device_gpu(svari_container_t *self, int32_t *out_number)
{
  const svari_store_container_t *container = (const svari_store_container_t *)self;
  return svari_store_device_ordinal(container->store, container->base.device, out_number);
}

static const svari_far_ops_t device_far_ops = {
    .view = svari_store_container_borrow_far,
    .read = device_read,
    .fill = device_fill,
    .clear = device_clear,
    .uuid = device_uuid,
    .gpu = device_gpu,
};

const svari_container_ops_t svari_device_container_ops = {
    .borrow = svari_container_copy_bytes, // the host can follow no other, and Theano's is one, too
    .copy = svari_container_copy_bytes,
    .set = svari_store_container_set,
    .set_together = svari_store_container_set_together,
    .store = svari_store_container_store,
    .cell = svari_store_container_cell,
    .destroy = svari_store_container_destroy,
    .far = &device_far_ops,
};
