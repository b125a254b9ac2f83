// SPDX-License-Identifier: Apache-2.0
// The disk that the state is on.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

namespace {

constexpr std::uint64_t free_bytes_min = std::uint64_t{32} << 20;
constexpr std::chrono::milliseconds slow_sync{200};

}  // namespace

Findings check_disk(const Evidence& evidence) {
  if (!evidence.root) return {warn("not tried, for that takes root", "run it as root")};
  if (!evidence.disk) return {fail(evidence.no_disk, "make the directory writable for overlayd")};
  Findings out;
  if (evidence.disk->free_bytes < free_bytes_min) {
    out.push_back(fail(evidence.state_dir + " has " + std::to_string(evidence.disk->free_bytes >> 20) +
                           " MiB left: soon nothing can be leased",
                       "make room there"));
  }
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(evidence.disk->sync);
  const std::string time = std::to_string(milliseconds.count()) + " ms";
  if (milliseconds > slow_sync) {
    out.push_back(warn("a write takes " + time + " to be durable, and every new pod waits for one",
                       "put --state-dir on a faster disk"));
  }
  return or_ok(std::move(out), "room enough, and a write is durable in " + time);
}

}  // namespace overlay::doctor
