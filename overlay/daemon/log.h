// SPDX-License-Identifier: Apache-2.0
// The log: lines on stderr, each a level, a kind and key=value fields.
//
//   2026-11-23T12:00:00.123+0000 info link subject=h2 from=handshake to=established
//
// Under journald, which knows the time and reads a level from "<N>" at the start of a line, it is
//   <6>link subject=h2 from=handshake to=established
#pragma once

#include <spdlog/common.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "overlay/node/io.h"

namespace overlay::daemon {

/// Called once, before anything is logged.
void open_log(spdlog::level::level_enum level);
void set_log_level(spdlog::level::level_enum level);

using Fields = std::initializer_list<std::pair<std::string_view, std::string>>;

/// "KIND key=value …"; fields with an empty value are left out, values with other than plain characters
/// quoted.
std::string log_line(std::string_view kind, Fields fields);

void log(spdlog::level::level_enum level, std::string_view kind, Fields fields);
void log(const node::Event& event);

}  // namespace overlay::daemon
