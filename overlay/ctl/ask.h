// SPDX-License-Identifier: Apache-2.0
// A question to the daemon, answered by a message.
#pragma once

#include <string>

#include "overlay/control/json.h"
#include "overlay/ctl/client.h"

namespace overlay::ctl {

/// A daemon whose answer cannot be read counts as not reached.
template <class Message>
Outcome<void> ask(const Client& client, const std::string& path, Message& message) {
  OVERLAY_TRY(const auto json, client.get(path));
  const auto read = control::parse_json(json, message);
  if (!read) return Stop{Exit::unreachable, read.error().text};
  return {};
}

}  // namespace overlay::ctl
