#include <stdio.h>

#include "shared_variable/gpu.h"
#include "tools/doctor.h"
#include "tools/found_stores.h"
#include "tools/quantity.h"
#include "tools/store_lookup.h"

typedef struct examination {
  svari_diagnosis_t *diagnosis;
  const svar_store_info_t *info;
} examination_t;

static bool
examine_reader(const svar_store_reader_t *reader, void *context)
{
  const examination_t *examination = context;
  const svar_store_info_t *info = examination->info;
  char age[SVARI_QUANTITY_TEXT_BYTES];
  svari_duration_text(svari_time_now_ns() - reader->attached_ns, age);
  if (reader->is_self) {
    return true;
  }
  if (!reader->is_alive) {
    svari_diagnosis_add(examination->diagnosis, SVARI_FINDING_NOTE, info->name,
                        "reader %d (%s) was killed; what it left in use (values: %u) is cleared "
                        "when the holder needs the room",
                        reader->pid, reader->program, reader->pin_count);
  } else if (reader->pin_count == 0) {
    svari_diagnosis_add(examination->diagnosis, SVARI_FINDING_OK, info->name,
                        "process %d (%s) is attached for %s and has no value in use", reader->pid,
                        reader->program, age);
  } else {
    uint64_t behind =
        info->version > reader->oldest_version ? info->version - reader->oldest_version : 0;
    svari_diagnosis_add(examination->diagnosis, behind == 0 ? SVARI_FINDING_OK : SVARI_FINDING_NOTE,
                        info->name,
                        "process %d (%s) is attached for %s and has values in use (%u), the "
                        "oldest of version %llu, %llu behind",
                        reader->pid, reader->program, age, reader->pin_count,
                        (unsigned long long)reader->oldest_version, (unsigned long long)behind);
  }
  return true;
}

static void
examine_holder(svari_diagnosis_t *diagnosis, const svar_store_info_t *info)
{
  char bytes[SVARI_QUANTITY_TEXT_BYTES];
  char gpu_bytes[SVARI_QUANTITY_TEXT_BYTES];
  char age[SVARI_QUANTITY_TEXT_BYTES] = "never";
  svari_bytes_text(info->memory_bytes, bytes);
  svari_bytes_text(info->device_memory_bytes, gpu_bytes);
  if (info->committed_ns != 0) {
    svari_duration_text(svari_time_now_ns() - info->committed_ns, age);
  }
  if (info->holder_pid != 0) {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_OK, info->name,
                        "held by process %d; version %llu, committed %s%s; %llu variables in %s "
                        "and, on GPUs, %s",
                        info->holder_pid, (unsigned long long)info->version, age,
                        info->committed_ns != 0 ? " ago" : "",
                        (unsigned long long)info->variable_count, bytes, gpu_bytes);
  } else {
    svari_diagnosis_add(
        diagnosis, SVARI_FINDING_NOTE, info->name,
        "nobody holds it: its values, of version %llu, stay for the next holder (those on GPUs do "
        "not) and take %s; `svar clean %s` removes it",
        (unsigned long long)info->version, bytes, info->name);
  }
}

static void
examine_registrations(svari_diagnosis_t *diagnosis, const svar_store_info_t *info)
{
  char refused[SVARI_QUANTITY_TEXT_BYTES];
  svari_bytes_text(info->refused_bytes, refused);
  if (info->refused_bytes > 0) {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_NOTE, info->name,
                        "the GPU's driver did not lock %s of its values in host memory: copies "
                        "between them and GPUs are slower; the machine may be short of memory",
                        refused);
  }
}

static size_t
count_on_gpus(const svari_variable_list_t *variables)
{
  size_t count = 0;
  for (size_t i = 0; i < variables->count; ++i) {
    const svar_variable_t *variable = variables->items[i];
    count += variable != NULL && svar_variable_backing(variable) == SVAR_BACKING_GPU;
  }
  return count;
}

// Whether there is a driver concerns nobody but those who read on GPUs; and what nobody holds no driver brings back.
static void
examine_driver(svari_diagnosis_t *diagnosis, const svar_store_info_t *info,
               const svari_variable_list_t *variables)
{
  int32_t gpu_count;
  size_t count = count_on_gpus(variables);
  if (count > 0 && info->holder_pid != 0 && svar_gpu_count(&gpu_count) != SVAR_OK) {
    svari_diagnosis_add(diagnosis, SVARI_FINDING_PROBLEM, info->name,
                        "processes started as this one cannot read its variables on GPUs "
                        "(%zu of %zu): %s",
                        count, variables->count, svar_error_message());
  }
}

static svar_ret_t
examine_store(svari_diagnosis_t *diagnosis, svar_store_t *store)
{
  svar_store_info_t info;
  SVAR_TRY(svar_store_info(store, &info));
  examine_holder(diagnosis, &info);
  examine_registrations(diagnosis, &info);
  examination_t examination = {diagnosis, &info};
  SVAR_TRY(svar_store_readers(store, examine_reader, &examination));
  svari_variable_list_t variables = SVARI_VARIABLE_LIST_INIT; // reads every entry of the directory
  svar_ret_t ret = svari_variable_list_refresh(&variables, store);
  if (ret == SVAR_OK) {
    examine_driver(diagnosis, &info, &variables);
  }
  svari_variable_list_fini(&variables);
  return ret;
}

svar_ret_t
svari_doctor_stores(svari_diagnosis_t *diagnosis, const svari_arguments_t *arguments,
                    bool all_users)
{
  svari_found_stores_t stores;
  SVAR_TRY(svari_found_stores_read(arguments, all_users, &stores));
  for (size_t i = 0; i < stores.count; ++i) {
    svar_store_options_t options = svari_store_options(arguments);
    options.owner = stores.items[i].owner;
    svar_store_t *store = NULL;
    svar_ret_t ret = svar_store_open(stores.items[i].name, &options, &store);
    if (ret == SVAR_OK) {
      ret = examine_store(diagnosis, store);
      svar_store_close(store);
    }
    if (ret == SVAR_ERR_PERMISSION) {
      svari_diagnosis_add(diagnosis, SVARI_FINDING_NOTE, stores.items[i].name, "%s",
                          svar_error_message());
    } else if (ret != SVAR_OK) {
      svari_diagnosis_add(diagnosis, SVARI_FINDING_PROBLEM, stores.items[i].name,
                          "cannot be read: %s; `svar clean %s` removes it once nobody uses it",
                          svar_error_message(), stores.items[i].name);
    }
  }
  svari_found_stores_fini(&stores);
  return SVAR_OK;
}
