// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
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

/// The established ones: the median, and the slowest.
MetricFamily link_rtts(const v1::Links& links) {
  std::vector<double> rtts;
  for (const auto& link : links.links()) {
    if (link.state() == "established" && link.rtt_seconds() > 0) rtts.push_back(link.rtt_seconds());
  }
  std::ranges::sort(rtts);
  auto out = family("overlay_link_rtt_seconds", "Round trips of the established sessions.");
  add(out, rtts.empty() ? 0 : rtts[rtts.size() / 2], {{"rank", "median"}});
  add(out, rtts.empty() ? 0 : rtts.back(), {{"rank", "slowest"}});
  return out;
}

MetricFamily paths(const v1::Status::Paths& paths) {
  auto out = family("overlay_paths", "Data paths to peers.");
  add(out, paths.vxlan(), {{"kind", "vxlan"}});
  add(out, paths.direct(), {{"kind", "direct"}});
  add(out, paths.wireguard(), {{"kind", "wireguard"}});
  add(out, paths.relay(), {{"kind", "relay"}});
  add(out, paths.down(), {{"kind", "down"}});
  return out;
}

MetricFamily voters(const v1::Status::Cluster& cluster) {
  const double reachable = cluster.voters_reachable();
  auto out = family("overlay_voters", "Nodes that grant address blocks; this node too, if it is one.");
  add(out, reachable, {{"state", "reachable"}});
  add(out, cluster.voters_size() - reachable, {{"state", "unreachable"}});
  return out;
}

/// "fork-10.32.7.0/24" is counted as a fork: prefixes would be series without end.
MetricFamily alarms(const v1::Status& status) {
  std::set<std::string> names;
  for (const auto& alarm : status.alarms()) {
    const bool has_prefix = alarm.name().find('/') != std::string::npos;
    names.insert(has_prefix ? alarm.name().substr(0, alarm.name().find('-')) : alarm.name());
  }
  auto out = family("overlay_alarm", "1 for each alarm that stands.");
  for (const auto& name : names) add(out, 1, {{"name", name}});
  return out;
}

}  // namespace

std::string to_metrics(const v1::Status& status, const v1::Links& links, std::vector<MetricFamily> more) {
  std::vector<MetricFamily> families{
      build_info(status),
      gauge("overlay_ready", "1 when this node can serve a CNI ADD.", status.node().ready() ? 1 : 0),
      peers(status),
      links_by_state(links),
      link_rtts(links),
      paths(status.paths()),
      voters(status.cluster()),
      gauge("overlay_feature_level", "What all members can do together.", status.cluster().feature_level()),
      gauge("overlay_blocks_owned", "Address blocks this node owns.", status.ipam().blocks()),
      gauge("overlay_addresses_leased", "Pod addresses leased on this node.", status.ipam().addresses()),
      gauge("overlay_addresses_capacity", "Pod addresses the blocks of this node can lease.",
            status.ipam().capacity()),
      gauge("overlay_alarms", "Alarms that stand; overlayctl status shows them.", status.alarms_size()),
      alarms(status),
  };
  std::ranges::move(more, std::back_inserter(families));
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

}  // namespace overlay::control
