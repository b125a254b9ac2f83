// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/process_figures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace overlay::control {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double open_files() {
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  return static_cast<double>(std::distance(begin(files), end(files)));
}

MetricFamily one(const char* name, const char* help, MetricType type, double value) {
  MetricFamily out{name, help, type, {}};
  auto& metric = out.metric.emplace_back();
  metric.gauge.value = value;
  metric.counter.value = value;
  return out;
}

}  // namespace

std::vector<MetricFamily> process_figures(WallTime started) {
  const auto since_epoch = std::chrono::duration<double>(started.time_since_epoch()).count();
  return {
      one("process_resident_memory_bytes", "Memory of the daemon.", MetricType::Gauge, resident_bytes()),
      one("process_cpu_seconds_total", "Processor time, user and system.", MetricType::Counter,
          cpu_seconds()),
      one("process_open_fds", "Open files and sockets.", MetricType::Gauge, open_files()),
      one("process_start_time_seconds", "When it started, since the epoch.", MetricType::Gauge, since_epoch)};
}

}  // namespace overlay::control
