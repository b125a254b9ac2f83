// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/mesh_figures.h"

#include "overlay/control/families.h"

namespace overlay::control {

namespace {

using prometheus::MetricFamily;

MetricFamily gossip_bytes(const mesh::Figures& figures) {
  auto out = no_counters("overlay_gossip_bytes_total", "Bytes of the daemons' messages, all sessions.");
  add_counter(out, figures.sent_bytes, {{"direction", "sent"}});
  add_counter(out, figures.heard_bytes, {{"direction", "heard"}});
  return out;
}

MetricFamily records_held(const mesh::Figures& figures) {
  MetricFamily out{"overlay_records", "Records this node holds.", prometheus::MetricType::Gauge, {}};
  for (const auto& [kind, count] : figures.records) {
    auto& metric = out.metric.emplace_back();
    metric.gauge.value = static_cast<double>(count);
    metric.label = {{"kind", std::string(kind)}};
  }
  return out;
}

MetricFamily records_heard(const mesh::Figures& figures) {
  auto out = no_counters("overlay_records_heard_total", "Records that neighbours have sent.");
  add_counter(out, figures.news, {{"as", "news"}});
  add_counter(out, figures.repairs, {{"as", "repair"}});
  add_counter(out, figures.known, {{"as", "known"}});
  return out;
}

MetricFamily comparisons(const mesh::Comparisons& figures) {
  auto out = no_counters("overlay_comparisons_total", "Comparisons with a neighbour of all that both hold.");
  add_counter(out, figures.same, {{"found", "same"}});
  add_counter(out, figures.different, {{"found", "different"}});
  add_counter(out, figures.given_up, {{"found", "no-answer"}});
  return out;
}

}  // namespace

std::vector<MetricFamily> mesh_figures(const mesh::Figures& figures) {
  return {gossip_bytes(figures), records_held(figures), records_heard(figures),
          comparisons(figures.comparisons),
          distribution("overlay_convergence_seconds",
                       "From a comparison that found a difference until nothing was lacking here.",
                       figures.comparisons.seconds)};
}

}  // namespace overlay::control
