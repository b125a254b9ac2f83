// SPDX-License-Identifier: Apache-2.0
// How often one source may call: whoever floods is turned away before a handshake is begun for him.
#pragma once

#include <map>

#include "overlay/addr/prefix.h"
#include "overlay/base/time.h"

namespace overlay::transport {

/// A token bucket for each source, kept as the time at which it is full again (the generic cell rate
/// algorithm, ITU-T I.371). One source is an IPv4 address or an IPv6 /64, of which one host may use all.
class CallRate {
 public:
  /// At once; a whole site that restarts behind one address.
  static constexpr int burst = 64;
  /// Between calls, in the long run.
  static constexpr Duration interval = std::chrono::milliseconds(200);
  /// Beyond so many sources that are not quiet all begin anew: memory is bounded, whoever calls.
  static constexpr std::size_t max_sources = 4096;

  /// Counts one call. False: it is one too many.
  bool admits(const Ip& source, Time now);
  std::size_t sources() const { return full_at_.size(); }

 private:
  void forget(Time now);

  std::map<Prefix, Time> full_at_;
};

}  // namespace overlay::transport
