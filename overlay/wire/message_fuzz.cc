// SPDX-License-Identifier: Apache-2.0
// Any bytes as a frame, and as an envelope in it: refused with an error, or read such that writing it reads
// the same.
#include <cstdlib>

#include "overlay/wire/log_entry.h"
#include "overlay/wire/message.h"
#include "overlay/wire/statement.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto message = overlay::wire::decode(bytes);
  if (message) {
    const auto again = overlay::wire::decode(overlay::wire::encode(*message));
    if (!again || again->index() != message->index()) std::abort();
    if (const auto* records = std::get_if<overlay::wire::Records>(&*message)) {
      for (const auto& envelope : records->envelopes) {
        overlay::ignore_error(overlay::wire::open(envelope, {}), "any verdict will do, a crash will not");
      }
    }
  }
  overlay::ignore_error(overlay::wire::open(bytes, {}), "any verdict will do, a crash will not");
  overlay::ignore_error(overlay::wire::open_statement(bytes, {}, {}),
                        "any verdict will do, a crash will not");
  const auto entry = overlay::wire::decode_entry(bytes);
  if (entry && !overlay::wire::decode_entry(overlay::wire::encode_entry(*entry))) std::abort();
  return 0;
}
