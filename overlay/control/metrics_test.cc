// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/metrics.h"

#include <gmock/gmock.h>

namespace overlay::control {
namespace {

constexpr const char* all_metrics_text =
    "# HELP overlay_build_info Always 1; the version of overlayd is its label.\n"
    "# TYPE overlay_build_info gauge\n"
    "overlay_build_info{version=\"0.1.0\"} 1\n"
    "# HELP overlay_ready 1 when this node can serve a CNI ADD.\n"
    "# TYPE overlay_ready gauge\n"
    "overlay_ready 1\n"
    "# HELP overlay_peers Peers known to this node, without itself.\n"
    "# TYPE overlay_peers gauge\n"
    "overlay_peers{state=\"reachable\"} 3\n"
    "overlay_peers{state=\"unreachable\"} 2\n"
    "# HELP overlay_links Control sessions of this node.\n"
    "# TYPE overlay_links gauge\n"
    "overlay_links{state=\"connecting\"} 0\n"
    "overlay_links{state=\"established\"} 2\n"
    "overlay_links{state=\"handshake\"} 0\n"
    "overlay_links{state=\"retrying\"} 1\n"
    "# HELP overlay_link_rtt_seconds Round trips of the established sessions.\n"
    "# TYPE overlay_link_rtt_seconds gauge\n"
    "overlay_link_rtt_seconds{rank=\"median\"} 0.25\n"
    "overlay_link_rtt_seconds{rank=\"slowest\"} 0.25\n"
    "# HELP overlay_paths Data paths to peers.\n"
    "# TYPE overlay_paths gauge\n"
    "overlay_paths{kind=\"vxlan\"} 3\n"
    "overlay_paths{kind=\"direct\"} 0\n"
    "overlay_paths{kind=\"wireguard\"} 0\n"
    "overlay_paths{kind=\"relay\"} 0\n"
    "overlay_paths{kind=\"down\"} 2\n"
    "# HELP overlay_voters Nodes that grant address blocks; this node too, if it is one.\n"
    "# TYPE overlay_voters gauge\n"
    "overlay_voters{state=\"reachable\"} 1\n"
    "overlay_voters{state=\"unreachable\"} 1\n"
    "# HELP overlay_feature_level What all members can do together.\n"
    "# TYPE overlay_feature_level gauge\n"
    "overlay_feature_level 1\n"
    "# HELP overlay_blocks_owned Address blocks this node owns.\n"
    "# TYPE overlay_blocks_owned gauge\n"
    "overlay_blocks_owned 2\n"
    "# HELP overlay_addresses_leased Pod addresses leased on this node.\n"
    "# TYPE overlay_addresses_leased gauge\n"
    "overlay_addresses_leased 17\n"
    "# HELP overlay_addresses_capacity Pod addresses the blocks of this node can lease.\n"
    "# TYPE overlay_addresses_capacity gauge\n"
    "overlay_addresses_capacity 510\n"
    "# HELP overlay_alarms Alarms that stand; overlayctl status shows them.\n"
    "# TYPE overlay_alarms gauge\n"
    "overlay_alarms 1\n"
    "# HELP overlay_alarm 1 for each alarm that stands.\n"
    "# TYPE overlay_alarm gauge\n"
    "overlay_alarm{name=\"fight\"} 1\n";

TEST(Metrics, PrintsEachMetricWithItsHelp) {
  v1::Status status;
  status.mutable_node()->set_version("0.1.0");
  status.mutable_node()->set_ready(true);
  status.mutable_peers()->set_known(5);
  status.mutable_peers()->set_reachable(3);
  status.mutable_ipam()->set_blocks(2);
  status.mutable_ipam()->set_addresses(17);
  status.mutable_ipam()->set_capacity(510);
  status.mutable_paths()->set_vxlan(3);
  status.mutable_paths()->set_down(2);
  status.mutable_cluster()->add_voters("h1");
  status.mutable_cluster()->add_voters("h2");
  status.mutable_cluster()->set_voters_reachable(1);
  status.mutable_cluster()->set_feature_level(1);
  status.add_alarms()->set_name("fight");
  v1::Links links;
  links.add_links()->set_state("established");
  links.add_links()->set_state("established");
  links.add_links()->set_state("retrying");
  links.mutable_links(0)->set_rtt_seconds(0.25);
  EXPECT_EQ(to_metrics(status, links), all_metrics_text);
}

}  // namespace
}  // namespace overlay::control
