// SPDX-License-Identifier: Apache-2.0
// protobuf's JSON mapping as this API uses it: the schema's own field names, defaults printed.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "overlay/base/result.h"

namespace overlay::control {

/// One line, without a newline at its end.
std::string to_json(const google::protobuf::Message& message);

/// Fills `message`; fields it does not know are skipped, so that an older program reads a newer one's answer.
/// Errc::invalid, with what is wrong, for anything else; `message` is then cleared.
[[nodiscard]] Status parse_json(std::string_view text, google::protobuf::Message& message);

template <class Message>
[[nodiscard]] Result<Message> from_json(std::string_view text) {
  Message message;
  OVERLAY_CHECK(parse_json(text, message));
  return message;
}

}  // namespace overlay::control
