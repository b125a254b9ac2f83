// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/path_figures.h"

#include <limits>

namespace overlay::control {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily counter(const char* name, const char* help, std::uint64_t value) {
  MetricFamily out{name, help, MetricType::Counter, {}};
  out.metric.emplace_back().counter.value = static_cast<double>(value);
  return out;
}

/// Prometheus counts up to each bound, all below included.
template <std::size_t N>
MetricFamily distribution(const char* name, const char* help, const paths::Histogram<N>& values) {
  MetricFamily out{name, help, MetricType::Histogram, {}};
  auto& histogram = out.metric.emplace_back().histogram;
  for (std::size_t i = 0; i <= N; ++i) {
    const double bound = i < N ? values.bounds[i] : std::numeric_limits<double>::infinity();
    histogram.sample_count += values.counts[i];
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  histogram.sample_sum = values.sum;
  return out;
}

}  // namespace

std::vector<MetricFamily> path_figures(const paths::Figures& figures) {
  return {
      counter("overlay_path_probes_total", "Probes of ways to peers that were sent.", figures.probes),
      counter("overlay_path_probes_lost_total", "Those that were not answered in time.", figures.lost),
      distribution("overlay_path_rtt_seconds", "Round trips of probes of the ways in use.", figures.rtt),
      distribution("overlay_path_loss_ratio",
                   "What a way in use has lost of its last 32 probes, noted with each probe.", figures.loss)};
}

}  // namespace overlay::control
