#include "ipc/messages_shim.h"

#include <new>

#include "iceoryx_hoofs/error_handling/error_handling.hpp"
#include "iceoryx_posh/mepoo/chunk_header.hpp"

extern "C" void
svari_iceoryx_errors_install(svari_iceoryx_on_error_t on_error)
{
  // Never destroyed: giving the old handler back would end the process at the errors of its own exit.
  alignas(iox::cxx::GenericRAII) static unsigned char kept[sizeof(iox::cxx::GenericRAII)];
  static auto *const installed =
      new (kept) iox::cxx::GenericRAII(iox::ErrorHandler::setTemporaryErrorHandler(
          [on_error](const iox::Error error, const std::function<void()> &,
                     const iox::ErrorLevel level) {
            on_error(iox::ErrorHandler::toString(error), level == iox::ErrorLevel::FATAL);
          }));
  (void)installed;
}

extern "C" uint32_t
svari_iceoryx_payload_bytes(const void *payload)
{
  return iox::mepoo::ChunkHeader::fromUserPayload(payload)->userPayloadSize();
}
