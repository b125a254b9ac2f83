// SPDX-License-Identifier: Apache-2.0
// What happened in a run: a hash of all of it, so that two runs can be compared, and the last of it in words.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/time.h"

namespace overlay::sim {

/// Index of a simulated machine, from 0; it is called n1, n2, … and has the underlay address 192.0.2.1, ….
using HostIndex = std::size_t;
/// Something that concerns no single machine.
inline constexpr HostIndex no_host = static_cast<HostIndex>(-1);

/// "n1" for 0; "--" for no_host.
std::string host_name(HostIndex host);

class Log {
 public:
  /// Takes all of it into the hash; keeps the start of `text` for people.
  void add(Time at, HostIndex host, std::string_view what, std::string_view text = {});
  /// As above for a frame or an entry, of which people are told the size alone.
  void add_bytes(Time at, HostIndex host, std::string_view what, std::string_view bytes);

  /// How many lines are kept for last().
  void keep_last(std::size_t lines) { lines_kept_ = lines; }

  std::uint64_t hash() const { return hash_; }
  std::uint64_t steps() const { return steps_; }
  /// One line each, oldest first.
  std::vector<std::string> last() const;

 private:
  struct Line {
    std::uint64_t step;
    Time at;
    HostIndex host;
    std::string what;
    std::string text;
  };
  void mix(std::string_view bytes);
  void mix(std::uint64_t value);
  void keep(Line line);

  std::uint64_t hash_ = 0xcbf29ce484222325U;
  std::uint64_t steps_ = 0;
  std::size_t lines_kept_ = 120;
  std::deque<Line> lines_;
};

/// The first thing that went wrong; everything after it is a consequence.
class Verdict {
 public:
  void fail(std::string text) {
    if (!broken_) broken_ = std::move(text);
  }
  bool good() const { return !broken_; }
  std::string text() const { return broken_.value_or(std::string()); }

 private:
  std::optional<std::string> broken_;
};

}  // namespace overlay::sim
