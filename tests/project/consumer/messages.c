/* Uses the messages' library: says whether RouDi runs, and succeeds either way. */
#include <shared_variable/messages.h>
#include <stdio.h>

int
main(void)
{
  svar_ret_t ret = svar_messages_probe();
  printf("%s\n", svar_ret_name(ret));
  return ret != SVAR_OK && ret != SVAR_ERR_NO_ROUDI && ret != SVAR_ERR_PERMISSION;
}
