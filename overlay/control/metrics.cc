// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <initializer_list>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

namespace overlay::control {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily family(const char* name, const char* help) { return {name, help, MetricType::Gauge, {}}; }

void add(MetricFamily& family, double value, std::vector<ClientMetric::Label> labels = {}) {
  auto& metric = family.metric.emplace_back();
  metric.gauge.value = value;
  metric.label = std::move(labels);
}

MetricFamily gauge(const char* name, const char* help, double value) {
  auto out = family(name, help);
  add(out, value);
  return out;
}

MetricFamily build_info(const v1::Status& status) {
  auto out = family("overlay_build_info", "Always 1; the version of overlayd is its label.");
  add(out, 1, {{"version", status.node().version()}});
  return out;
}

MetricFamily peers(const v1::Status& status) {
  auto out = family("overlay_peers", "Peers known to this node, without itself.");
  add(out, status.peers().reachable(), {{"state", "reachable"}});
  add(out, status.peers().known() - status.peers().reachable(), {{"state", "unreachable"}});
  return out;
}

/// Every state is there at all times, zero or not, so that a query never meets a gap.
MetricFamily links_by_state(const v1::Links& links) {
  std::map<std::string, double> counts{
      {"connecting", 0}, {"handshake", 0}, {"established", 0}, {"retrying", 0}};
  for (const auto& link : links.links()) ++counts[link.state()];
  auto out = family("overlay_links", "Control sessions of this node.");
  for (const auto& [state, count] : counts) add(out, count, {{"state", state}});
  return out;
}

}  // namespace

std::string to_metrics(const v1::Status& status, const v1::Links& links) {
  const std::vector<MetricFamily> families{
      build_info(status),
      gauge("overlay_ready", "1 when this node can serve a CNI ADD.", status.node().ready() ? 1 : 0),
      peers(status),
      links_by_state(links),
      gauge("overlay_blocks_owned", "Address blocks this node owns.", status.ipam().blocks()),
      gauge("overlay_addresses_leased", "Pod addresses leased on this node.", status.ipam().addresses()),
      gauge("overlay_addresses_capacity", "Pod addresses the blocks of this node can lease.",
            status.ipam().capacity()),
      gauge("overlay_alarms", "Alarms that stand; overlayctl status shows them.", status.alarms_size()),
  };
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

}  // namespace overlay::control
