// SPDX-License-Identifier: Apache-2.0
// What the daemon counts while it runs, for /metrics: events, the CNI plugin's calls, kernel passes, writes
// of the log. One instance a process, as of the log: counting must not have to be handed down to where things
// happen.
#pragma once

#include <prometheus/metric_family.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "overlay/node/io.h"

namespace overlay::control {

class Figures {
 public:
  using Seconds = std::chrono::duration<double>;

  static Figures& instance();

  void count(const node::Event& event);
  /// A call of the CNI plugin from its arrival to its answer; `call` is "add", "del", "check" or "gc".
  void cni_answered(const std::string& call, bool done, Seconds took);
  /// A pass that compared the kernel with what is wanted and made `operations` changes.
  void kernel_passed(bool done, Seconds took, std::uint64_t operations);
  /// So many objects of this kind were not as this daemon had left them, and were put back.
  void kernel_repaired(const std::string& object, int count);
  /// Entries of the log were written, and made durable where they had to be.
  void log_written(Seconds took);

  std::vector<prometheus::MetricFamily> collect() const;

 private:
  Figures();

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace overlay::control
