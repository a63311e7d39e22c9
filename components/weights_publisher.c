// shared_variable::WeightsPublisher: holds a store with the tensors of a .safetensors file, and follows
// the file: each new state of it that is whole and sound becomes one version of the store.
#include <stdlib.h>

#include "backing.h"
#include "weights_file.h"

typedef struct publisher {
  const svar_component_host_t *host;
  const char *file; // owned by the host
  bool keep;
  DLDevice device;     // that the weights lie on
  svar_store_t *store; // NULL: not configured
  uint64_t told;       // the newest version that has been logged
  // Two states of the file. A missing file is {0}, which no file has.
  svar_safetensors_stamp_t handled;  // needs no more work: published, or refused for good
  svar_safetensors_stamp_t reported; // a failure with it has been logged
} publisher_t;

static svar_ret_t
publisher_create(const svar_component_host_t *host, void **out_self)
{
  publisher_t *self = calloc(1, sizeof(*self));
  if (self == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a weights publisher");
  }
  self->host = host;
  *out_self = self;
  return SVAR_OK;
}

static void
publisher_destroy(void *self)
{
  publisher_t *publisher = self;
  svar_store_close(publisher->store);
  free(publisher);
}

// Versions up to newest that are none of a file: other processes set variables, or loaded some.
static void
tell_remote_versions(publisher_t *publisher, uint64_t newest)
{
  const svar_component_host_t *host = publisher->host;
  const char *name = svar_store_name(publisher->store);
  unsigned long long first = publisher->told + 1;
  if (newest == first) {
    host->log(host, SVAR_LOG_INFO, "version %llu of %s: set by another process", first, name);
  } else if (newest > first) {
    host->log(host, SVAR_LOG_INFO, "versions %llu to %llu of %s: set by other processes", first,
              (unsigned long long)newest, name);
  }
  publisher->told = newest;
}

static svar_ret_t
publish(publisher_t *publisher, const svar_safetensors_t *file)
{
  uint64_t version = 0, size_bytes = 0;
  SVAR_TRY(svari_weights_file_commit(file, publisher->store, publisher->device, &version));
  tell_remote_versions(publisher, version - 1);
  publisher->told = version;
  publisher->handled = svar_safetensors_opened_stamp(file);
  publisher->reported = publisher->handled; // whatever fails next is news
  for (size_t i = 0; i < svar_safetensors_count(file); i++) {
    size_bytes += svar_safetensors_at(file, i)->size_bytes;
  }
  publisher->host->log(
      publisher->host, SVAR_LOG_INFO, "version %llu of %s: %zu tensors, %llu bytes from '%s'",
      (unsigned long long)version, svar_store_name(publisher->store), svar_safetensors_count(file),
      (unsigned long long)size_bytes, svar_safetensors_path(file));
  return SVAR_OK;
}

static svar_ret_t
open_weights(const char *path, svar_safetensors_t **out_file)
{
  svar_safetensors_t *file = NULL;
  SVAR_TRY(svar_safetensors_open(path, &file));
  if (svar_safetensors_count(file) == 0) {
    svar_safetensors_close(file);
    return svar_fail(SVAR_ERR_VALUE, "'%s' has no tensors; give a file with weights", path);
  }
  *out_file = file;
  return SVAR_OK;
}

// Makes the store, with file as its first version unless an earlier holder left some. A store that
// never had a version is not left behind.
static svar_ret_t
create_store(publisher_t *publisher, const char *name, const svar_safetensors_t *file)
{
  const svar_component_host_t *host = publisher->host;
  svar_parameter_value_t settable, setters;
  SVAR_TRY(host->parameter(host, "settable", &settable));
  SVAR_TRY(host->parameter(host, "setters", &setters));
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.settable = settable.as.string;
  options.setters = setters.as.string;
  SVAR_TRY(svar_store_create(name, &options, &publisher->store));
  publisher->told = svar_store_version(publisher->store); // an earlier holder's
  svar_ret_t ret = publish(publisher, file);
  if (ret != SVAR_OK) {
    if (svar_store_version(publisher->store) == 0) {
      (void)!svar_store_remove(publisher->store); // the first failure is the one to tell
    }
    svar_store_close(publisher->store);
    publisher->store = NULL;
  }
  return ret;
}

static svar_ret_t
configure(publisher_t *publisher)
{
  const svar_component_host_t *host = publisher->host;
  svar_parameter_value_t file_name, store, watch_period, keep;
  SVAR_TRY(host->parameter(host, "file", &file_name));
  SVAR_TRY(host->parameter(host, "store", &store));
  SVAR_TRY(host->parameter(host, "watch_period", &watch_period));
  SVAR_TRY(host->parameter(host, "keep", &keep));
  publisher->file = file_name.as.string;
  publisher->keep = keep.as.boolean;
  if (publisher->file[0] == '\0') {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "the parameter 'file' is empty: give a .safetensors file, as in "
                     "-p file:=policy.safetensors");
  }
  SVAR_TRY(svari_backing_read(host, &publisher->device));
  char name[SVAR_STORE_NAME_BYTES];
  SVAR_TRY(host->resolve_name(host, store.as.string, name, sizeof(name)));
  svar_safetensors_t *file = NULL;
  SVAR_TRY(open_weights(publisher->file, &file)); // before the store: a bad file leaves no trace
  svar_ret_t ret = create_store(publisher, name, file);
  svar_safetensors_close(file);
  if (ret == SVAR_OK) {
    host->set_period(host, (int64_t)(watch_period.as.real * 1e9));
  }
  return ret;
}

static svar_transition_result_t
publisher_configure(void *self)
{
  return configure(self) == SVAR_OK ? SVAR_TRANSITION_SUCCESS : SVAR_TRANSITION_FAILURE;
}

static svar_ret_t
publish_path(publisher_t *publisher)
{
  svar_safetensors_t *file = NULL;
  SVAR_TRY(open_weights(publisher->file, &file));
  svar_ret_t ret = publish(publisher, file);
  svar_safetensors_close(file);
  return ret;
}

// True if only another state of the file can help; else (no space, busy readers) time may.
static bool
is_the_files_fault(svar_ret_t ret)
{
  return ret == SVAR_ERR_NOT_FOUND || ret == SVAR_ERR_SYNTAX || ret == SVAR_ERR_CORRUPT ||
         ret == SVAR_ERR_TYPE || ret == SVAR_ERR_VALUE || ret == SVAR_ERR_UNSUPPORTED;
}

static svar_step_result_t
publisher_step(void *self, const svar_tick_t *tick)
{
  (void)tick;
  publisher_t *publisher = self;
  svar_safetensors_stamp_t stamp = {0};
  tell_remote_versions(publisher, svar_store_version(publisher->store));
  svar_ret_t ret = svar_safetensors_take_stamp(publisher->file, &stamp);
  if (svar_safetensors_stamp_equal(&stamp, &publisher->handled)) {
    return SVAR_STEP_CONTINUE;
  }
  if (ret == SVAR_OK) {
    ret = publish_path(publisher);
  }
  if (ret == SVAR_OK ||
      ret == SVAR_ERR_STATE) { // the latter: it is being written, look again later
    return SVAR_STEP_CONTINUE;
  }
  if (!svar_safetensors_stamp_equal(&stamp, &publisher->reported)) {
    publisher->host->log(publisher->host, SVAR_LOG_WARN, "version %llu of %s stays: %s",
                         (unsigned long long)svar_store_version(publisher->store),
                         svar_store_name(publisher->store), svar_error_message());
    publisher->reported = stamp;
  }
  if (is_the_files_fault(ret)) {
    publisher->handled = stamp;
  }
  return SVAR_STEP_CONTINUE;
}

static svar_transition_result_t
publisher_cleanup(void *self)
{
  publisher_t *publisher = self;
  svar_ret_t ret = publisher->keep ? SVAR_OK : svar_store_remove(publisher->store);
  svar_store_close(publisher->store);
  publisher->store = NULL;
  return ret == SVAR_OK ? SVAR_TRANSITION_SUCCESS : SVAR_TRANSITION_FAILURE;
}

static const svar_parameter_descriptor_t parameters[] = {
    {.name = "file",
     .default_value = {SVAR_PARAMETER_STRING, {.string = ""}},
     .description = "the .safetensors file to publish and to follow"},
    {.name = "store",
     .default_value = {SVAR_PARAMETER_STRING, {.string = "/policy/weights"}},
     .description = "name of the store that holds the tensors"},
    {.name = "watch_period",
     .default_value = {SVAR_PARAMETER_DOUBLE, {.real = 0.2}},
     .description = "seconds between two looks at the file",
     .minimum = 0.001,
     .maximum = 86400},
    {.name = "keep",
     .default_value = {SVAR_PARAMETER_BOOL, {.boolean = false}},
     .description = "leave the store in place after an orderly shutdown"},
    {.name = "settable",
     .default_value = {SVAR_PARAMETER_STRING, {.string = ""}},
     .description =
         "variables that other processes may set (svar set, svar load): shell patterns with "
         "commas between them, '*' for all; empty: none"},
    {.name = "setters",
     .default_value = {SVAR_PARAMETER_STRING, {.string = ""}},
     .description = "users and @groups who may set them, with commas between them; empty: the "
                    "publisher's own user"},
    SVARI_BACKING_PARAMETERS("the weights are held"),
};

static const svar_component_descriptor_t descriptor = {
    .abi_version = SVAR_COMPONENT_ABI_VERSION,
    .size_bytes = sizeof(svar_component_descriptor_t),
    .type_name = "shared_variable::WeightsPublisher",
    .description = "publishes the tensors of a .safetensors file and follows its changes",
    .parameters = parameters,
    .parameter_count = sizeof(parameters) / sizeof(parameters[0]),
    .create = publisher_create,
    .configure = publisher_configure,
    .step = publisher_step,
    .cleanup = publisher_cleanup,
    .destroy = publisher_destroy,
};

const svar_component_descriptor_t *
svar_component_entry(uint32_t index)
{
  return index == 0 ? &descriptor : NULL;
}
