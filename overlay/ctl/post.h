// SPDX-License-Identifier: Apache-2.0
// What the commands that change something share.
#pragma once

#include <string>

#include "overlay/control/json.h"
#include "overlay/ctl/commands.h"
#include "overlay/ctl/text.h"

namespace overlay::ctl {

/// Asks the daemon to do something, and reads its answer.
template <class Message>
Outcome<Message> post(const Run& run, const std::string& path, const google::protobuf::Message& request) {
  OVERLAY_TRY(const auto json, run.client.post(path, control::to_json(request)));
  auto answer = control::from_json<Message>(json);
  if (!answer) return Stop{Exit::unreachable, answer.error().text};
  return std::move(*answer);
}

/// "h1, h2, h3"
template <class Strings>
std::string listed(const Strings& texts) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : ", ") + printable(text);
  return out;
}

}  // namespace overlay::ctl
