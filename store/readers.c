// The reader table as an operator sees it.
#include <string.h>
#include <unistd.h>

#include "store/store_impl.h"

// Counts the pins that are in use, of process record `index`. The table is not believed, nor need it be: it is only shown.
static void
count_pins(const svari_readers_t *readers, uint32_t index, svar_store_reader_t *reader)
{
  uint32_t used = atomic_load_explicit(&readers->slots_used, memory_order_relaxed);
  for (uint32_t i = 0; i < used && i < SVARI_SLOTS; i++) {
    const svari_slot_t *slot = &readers->slots[i];
    if (atomic_load_explicit(&slot->owner, memory_order_relaxed) != (uint64_t)index + 1) {
      continue;
    }
    for (int pin = 0; pin < SVARI_SLOT_PINS; pin++) {
      uint64_t word = atomic_load_explicit(&slot->pins[pin], memory_order_relaxed);
      uint64_t version = svari_pin_version(word);
      if (svari_pin_is_active(word)) {
        reader->pin_count++;
        if (reader->oldest_version == 0 || version < reader->oldest_version) {
          reader->oldest_version = version;
        }
      }
    }
  }
}

static void
describe(const svar_store_t *store, uint32_t index, int32_t pid, int32_t holder_pid,
         svar_store_reader_t *out_reader)
{
  svari_region_t *region = store->region;
  const svari_process_t *process = &region->readers->processes[index];
  bool is_self = index == store->process_index;
  *out_reader = (svar_store_reader_t){
      .pid = pid,
      .attached_ns = atomic_load_explicit(&process->attached_ns, memory_order_relaxed),
      .is_alive = is_self || region->ops->process_is_alive(region, index),
      .is_self = is_self,
  };
  out_reader->is_holder =
      out_reader->is_alive && (is_self ? store->writer != NULL : pid == holder_pid);
  memcpy(out_reader->program, process->program, sizeof(out_reader->program) - 1);
  count_pins(region->readers, index, out_reader);
}

svar_ret_t
svar_store_readers(svar_store_t *store, svar_store_reader_visit_t visit, void *context)
{
  SVAR_REQUIRE(store != NULL && visit != NULL);
  svar_store_info_t info;
  SVAR_TRY(svar_store_info(store, &info));
  for (uint32_t i = 0; i < SVARI_PROCESSES; i++) {
    int32_t pid = atomic_load(&store->region->readers->processes[i].pid);
    svar_store_reader_t reader;
    if (pid != 0) {
      describe(store, i, pid, info.holder_pid, &reader);
      if (!visit(&reader, context)) {
        break;
      }
    }
  }
  return SVAR_OK;
}
