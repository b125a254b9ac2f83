// SPDX-License-Identifier: Apache-2.0
// Figures that the core has gathered, as families of Prometheus metrics. Pure.
#pragma once

#include <prometheus/metric_family.h>

#include <limits>

#include "overlay/base/histogram.h"

namespace overlay::control {

inline prometheus::MetricFamily no_counters(const char* name, const char* help) {
  return {name, help, prometheus::MetricType::Counter, {}};
}

inline void add_counter(prometheus::MetricFamily& family, std::uint64_t value,
                        std::vector<prometheus::ClientMetric::Label> labels = {}) {
  auto& metric = family.metric.emplace_back();
  metric.counter.value = static_cast<double>(value);
  metric.label = std::move(labels);
}

inline prometheus::MetricFamily counter(const char* name, const char* help, std::uint64_t value) {
  auto out = no_counters(name, help);
  add_counter(out, value);
  return out;
}

/// Prometheus counts up to each bound, all below included.
template <std::size_t N>
prometheus::MetricFamily distribution(const char* name, const char* help,
                                      const overlay::Histogram<N>& values) {
  prometheus::MetricFamily out{name, help, prometheus::MetricType::Histogram, {}};
  auto& histogram = out.metric.emplace_back().histogram;
  for (std::size_t i = 0; i <= N; ++i) {
    const double bound = i < N ? values.bounds[i] : std::numeric_limits<double>::infinity();
    histogram.sample_count += values.counts[i];
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  histogram.sample_sum = values.sum;
  return out;
}

}  // namespace overlay::control
