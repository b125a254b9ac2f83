// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/text.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace overlay::ctl {

namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

bool continues_code_point(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

std::string fixed(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

}  // namespace

std::string age(WallTime since, WallTime now) {
  const auto passed = std::max(now - since, milliseconds(0));
  if (passed < 1min) return std::to_string(floor<std::chrono::seconds>(passed).count()) + "s";
  if (passed < 1h) return std::to_string(floor<minutes>(passed).count()) + "m";
  if (passed < 24h) return std::to_string(floor<hours>(passed).count()) + "h";
  return std::to_string(floor<days>(passed).count()) + "d";
}

std::string latency(double s) {
  if (s <= 0) return {};
  if (s < 0.010) return fixed(s * 1000, 2) + "ms";
  if (s < 1) return fixed(s * 1000, 1) + "ms";
  return fixed(s, 2) + "s";
}

std::string percent(double fraction) {
  const double value = fraction * 100;
  const bool is_whole = value == static_cast<double>(static_cast<int>(value));
  return fixed(value, is_whole ? 0 : 1) + "%";
}

std::string byte_count(double bytes) {
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  // 1023.95 would be printed as 1024.0.
  while (bytes >= (unit == 0 ? 1024 : 1023.95) && unit + 1 < std::size(units)) {
    bytes /= 1024;
    ++unit;
  }
  return fixed(bytes, unit == 0 ? 0 : 1) + units[unit];
}

std::string whole(double count) { return fixed(count, 0); }

std::string number_or_none(std::uint32_t number) { return number == 0 ? "" : std::to_string(number); }

std::string timestamp(WallTime t) {
  const auto day = floor<days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(floor<milliseconds>(t - day));
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return text;
}

Result<milliseconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    milliseconds length;
  };
  constexpr Unit units[] = {{"ms", 1ms}, {"s", 1s}, {"m", 1min}, {"h", 1h}};
  const auto refused =
      fail(Errc::invalid, "\"" + std::string(text) + "\" is no time: give one like 30s, 500ms, 2m or 1h");
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{}) return refused;
  const auto given = text.substr(static_cast<std::size_t>(end - text.data()));
  const auto* unit = std::ranges::find(units, given, &Unit::name);
  if (unit == std::end(units) || count * unit->length > 24h) return refused;
  return count * unit->length;
}

std::string printable(std::string_view text) {
  std::string out(text);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    if (byte < 0x20 || byte == 0x7f) out[i] = '?';
    // U+0080 to U+009F, which some terminals obey like an escape, are 0xc2 and then 0x80 to 0x9f.
    if (byte == 0xc2 && i + 1 < out.size() && static_cast<unsigned char>(out[i + 1]) < 0xa0) {
      out.replace(i, 2, "?");
    }
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::ranges::count_if(text, continues_code_point));
}

std::string shorten(const std::string& text, std::size_t width) {
  if (display_width(text) <= width) return text;
  std::size_t end = 0;
  for (std::size_t columns = 0; end < text.size(); ++end) {
    if (!continues_code_point(text[end]) && columns++ == width - 1) break;
  }
  return text.substr(0, end) + "…";
}

}  // namespace overlay::ctl
