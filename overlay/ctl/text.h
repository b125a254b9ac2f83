// SPDX-License-Identifier: Apache-2.0
// Values as people read them in a table. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "overlay/base/result.h"
#include "overlay/base/time.h"

namespace overlay::ctl {

/// "12s", "5m", "3h", "2d": the largest whole unit.
std::string age(WallTime since, WallTime now);
/// "0.25ms", "12.3ms", "1.20s"; empty for zero, which means unknown.
std::string latency(double seconds);
/// 0..1 as "0%", "1.5%".
std::string percent(double fraction);
/// "999B", "1.2KiB", …
std::string byte_count(double bytes);
/// A whole number that came as a double.
std::string whole(double count);
/// Empty for zero, which means unknown.
std::string number_or_none(std::uint32_t number);
/// "2026-01-31T12:00:00.000Z"
std::string timestamp(WallTime t);

/// "30s", "500ms", "2m", "1h"; Errc::invalid for anything else, or longer than a day.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// Without control characters, each of which becomes a '?': text from peers and files must not steer a
/// terminal.
std::string printable(std::string_view text);
/// How many columns a terminal needs for UTF-8 text, each code point counted as one.
std::size_t display_width(std::string_view text);
/// The first `width` columns of it, the last being an ellipsis, when it is longer.
std::string shorten(const std::string& text, std::size_t width);

}  // namespace overlay::ctl
