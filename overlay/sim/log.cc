// SPDX-License-Identifier: Apache-2.0
#include "overlay/sim/log.h"

#include <cstring>

namespace overlay::sim {
namespace {

constexpr std::size_t text_kept = 160;

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

}  // namespace

std::string host_name(HostIndex host) { return host == no_host ? "--" : "n" + std::to_string(host + 1); }

void Log::add(Time at, HostIndex host, std::string_view what, std::string_view text) {
  mix(text);
  keep({++steps_, at, host, std::string(what), std::string(text.substr(0, text_kept))});
}

void Log::add_bytes(Time at, HostIndex host, std::string_view what, std::string_view bytes) {
  mix(bytes);
  keep({++steps_, at, host, std::string(what), std::to_string(bytes.size()) + " bytes"});
}

void Log::keep(Line line) {
  mix(static_cast<std::uint64_t>(line.at.time_since_epoch().count()));
  mix(line.host);
  mix(line.what);
  lines_.push_back(std::move(line));
  if (lines_.size() > lines_kept_) lines_.pop_front();
}

/// Eight bytes a round; good enough to tell two runs apart, and quick enough for every frame.
void Log::mix(std::string_view bytes) {
  mix(bytes.size());
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(8, bytes.size()))) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), std::min<std::size_t>(8, bytes.size()));
    mix(word);
  }
}

void Log::mix(std::uint64_t value) {
  hash_ = (hash_ ^ value) * 0x9e3779b97f4a7c15U;
  hash_ ^= hash_ >> 29;
}

std::vector<std::string> Log::last() const {
  std::vector<std::string> lines;
  for (const auto& line : lines_) {
    const auto micros = line.at.time_since_epoch().count();
    std::string fraction = std::to_string(micros % 1'000'000);
    fraction.insert(0, 6 - fraction.size(), '0');
    lines.push_back(padded(std::to_string(line.step), 9) +
                    padded(std::to_string(micros / 1'000'000) + "." + fraction, 14) +
                    padded(host_name(line.host), 5) + padded(line.what, 12) + line.text);
  }
  return lines;
}

}  // namespace overlay::sim
