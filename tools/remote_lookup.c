#include "tools/remote_lookup.h"

#include <inttypes.h>
#include <stdio.h>

#include "tools/output.h"

svar_ret_t
svari_remote_lookup(const svari_arguments_t *arguments, const svar_store_t *store,
                    int64_t timeout_ns, svar_remote_t **out_remote)
{
  svar_remote_options_t options = SVAR_REMOTE_OPTIONS_INIT;
  options.directory = arguments->directory;
  options.owner = arguments->owner;
  options.timeout_ns = timeout_ns;
  return svar_remote_open(svar_store_name(store), &options, out_remote);
}

static int
say_outcome(svar_ret_t ret, uint64_t version, const svar_store_t *store)
{
  if (ret == SVAR_OK) {
    printf("%" PRIu64 "\n", version);
    return SVARI_EXIT_OK;
  }
  if (ret == SVAR_TIMEOUT) { // a code without a sentence
    return svari_say_failure("the holder of store '%s' did not answer in time; is it stopped, or "
                             "busy? (--timeout)",
                             svar_store_name(store));
  }
  return svari_say_error();
}

int
svari_remote_end(svar_ret_t ret, uint64_t version, svar_remote_t *remote, svar_store_t *store)
{
  int exit_code = say_outcome(ret, version, store);
  svar_remote_close(remote);
  svar_store_close(store);
  return exit_code;
}
