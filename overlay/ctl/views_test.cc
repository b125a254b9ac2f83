// SPDX-License-Identifier: Apache-2.0
// The text of every table and of the status screen, as a person sees it.
#include "overlay/ctl/views.h"

#include <gmock/gmock.h>

#include "overlay/control/view.h"
#include "overlay/ctl/status_screen.h"
#include "overlay/ctl/test_answers.h"

namespace overlay::ctl {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const Look plain{.now = examples::now};
const Look wide{.now = examples::now, .wide = true};

TEST(Views, ShowPeers) {
  EXPECT_EQ(
      show(examples::peers(), plain),
      "NAME  STATE        ADDRESS         ZONE  BLOCKS          PATH      RTT  LOSS   MTU  VERSION  AGE  "
      "REASON\n"
      "h1    self         198.51.100.1    -     10.32.0.0/24    -           -     -     -  0.1.0      -  -\n"
      "h2    reachable    198.51.100.2+1  east  10.32.1.0/24+1  vxlan  0.25ms    0%  1450  0.1.0     5m  -\n"
      "h3    unreachable  198.51.100.3    -     10.32.2.0/24    vxlan       -     -  1450  0.1.0     5m  "
      "connection refused\n");
}

TEST(Views, ShowAllOfAPeerWhenWide) {
  const auto text = show(examples::peers(), wide);
  EXPECT_THAT(text, HasSubstr("  198.51.100.2,203.0.113.2  east  10.32.1.0/24,10.32.7.0/24  vxlan  "));
  EXPECT_THAT(text, HasSubstr("  22222222222222222222222222222222  -\n"));
}

TEST(Views, ShowPathsAndWhyNotTheBest) {
  v1::Paths paths;
  auto& direct = *paths.add_paths();
  direct.set_peer("h2");
  direct.set_kind("direct");
  direct.set_state("up");
  direct.set_rtt_seconds(0.00025);
  direct.set_mtu(1450);
  *direct.mutable_since() = control::to_timestamp(examples::now - 5min);
  auto& relay = *paths.add_paths();
  relay.set_peer("h3");
  relay.set_kind("relay");
  relay.set_relay("h2");
  relay.set_state("unknown");
  relay.set_reason("no answer straight");
  EXPECT_EQ(show(paths, plain),
            "PEER  PATH          STATE    AGE     RTT  LOSS   MTU  REASON\n"
            "h2    direct        up        5m  0.25ms    0%  1450  -\n"
            "h3    relay via h2  unknown    -       -     -     -  no answer straight\n");
}

TEST(Views, ShowLinks) {
  EXPECT_EQ(show(examples::links(), plain),
            "PEER  ADDRESS             DIRECTION  STATE        AGE     RTT  RECEIVED    SENT  ERROR\n"
            "h2    198.51.100.2:6783   out        established  12s  0.25ms    1.5KiB  7.2MiB  -\n"
            "-     198.51.100.9:41234  in         handshake    12s       -        0B      0B  -\n"
            "h3    198.51.100.3:6783   out        retrying     12s       -        0B      0B  connection "
            "refused\n");
  EXPECT_THAT(show(examples::links(), wide), HasSubstr("  1536  7500000  -\n"));
}

TEST(Views, ShowPoolsAndBlocksWithUseOnlyWhereItIsKnown) {
  EXPECT_EQ(show(examples::ipam(), "h1", plain),
            "POOL          BLOCKS  FREE\n"
            "10.32.0.0/12    4096  4093\n"
            "\n"
            "BLOCK         OWNER  EPOCH  STATE       USED  CAPACITY\n"
            "10.32.0.0/24  h1     0.1    owned          2       255\n"
            "10.32.1.0/24  h2     0.12   owned          -       255\n"
            "10.32.2.0/24  -      0.7    quarantine     -       255\n");
}

TEST(Views, ShowAddressesWithTheWholeContainerId) {
  EXPECT_EQ(show(examples::addresses(), plain),
            "ADDRESS    NETWORK  INTERFACE  AGE  CONTAINER\n"
            "10.32.0.2  overlay  eth0        2d  "
            "0c7f5d3b1a9e0c7f5d3b1a9e0c7f5d3b1a9e0c7f5d3b1a9e0c7f5d3b1a9e0c7f\n");
}

TEST(Views, ShowKernelObjectsAndHowTheyDiffer) {
  EXPECT_EQ(show(examples::routes(), false, plain),
            "KIND   KEY           PEER  STATE    DETAIL\n"
            "link   overlay0      -     ok       overlay0 mtu 1450\n"
            "route  10.32.1.0/24  h2    missing  wants 10.32.1.0/24 nhid 2\n"
            "route  10.32.2.0/24  h3    differs  has 10.32.2.0/24 nhid 9, wants 10.32.2.0/24 nhid 3\n"
            "route  10.32.9.0/24  -     extra    10.32.9.0/24 nhid 9\n");
  EXPECT_EQ(show(examples::routes(), true, wide),
            "KIND   KEY           PEER  STATE    DESIRED              OBSERVED\n"
            "route  10.32.1.0/24  h2    missing  10.32.1.0/24 nhid 2  -\n"
            "route  10.32.2.0/24  h3    differs  10.32.2.0/24 nhid 3  10.32.2.0/24 nhid 9\n"
            "route  10.32.9.0/24  -     extra    -                    10.32.9.0/24 nhid 9\n");
}

TEST(Views, SaySoWhenNothingDiffers) {
  auto routes = examples::routes();
  routes.mutable_objects()->DeleteSubrange(1, 3);
  EXPECT_EQ(show(routes, true, plain), "nothing differs: 1 objects are as desired\n");
}

TEST(Views, ShowAnEventAsOneLine) {
  auto event = examples::events().events(0);
  EXPECT_EQ(
      show(event, plain),
      "2025-12-31T23:59:59.000Z  warning  peer      h3  reachable -> unreachable  its last link ended\n");
  event.clear_text();
  event.clear_from();
  event.set_subject("h\n3");
  EXPECT_EQ(show(event, plain), "2025-12-31T23:59:59.000Z  warning  peer      h?3  - -> unreachable\n");
  event.clear_to();
  EXPECT_EQ(show(event, plain), "2025-12-31T23:59:59.000Z  warning  peer      h?3\n");
}

TEST(Views, ColourStatesOnlyWhenAsked) {
  EXPECT_THAT(show(examples::links(), Look{.now = examples::now, .colour = true}),
              HasSubstr("\x1b[32mestablished\x1b[0m  12s"));
  EXPECT_THAT(show(examples::links(), plain), Not(HasSubstr("\x1b")));
}

TEST(StatusScreen, FitsAHealthyNodeIntoAFewLines) {
  EXPECT_EQ(show(examples::status(), plain),
            "node:        h1, version 0.1.0, up 3h\n"
            "id:          0123456789abcdef0123456789abcdef\n"
            "ready:       yes\n"
            "underlay:    198.51.100.1, MTU of pods 1450\n"
            "\n"
            "cluster:     fedcba9876543210fedcba9876543210\n"
            "pools:       10.32.0.0/12 in blocks of /24, fd32::/48 in blocks of /64\n"
            "voters:      h1\n"
            "vxlan:       VNI 1193046, UDP port 4789\n"
            "encryption:  none\n"
            "joining:     for hosts that prove themselves\n"
            "\n"
            "peers:       2 of 2 reachable\n"
            "links:       2 established\n"
            "paths:       2 vxlan\n"
            "addresses:   2 of 255 in use, in 1 block\n"
            "\n"
            "alarms:      none\n");
  EXPECT_TRUE(is_well(examples::status()));
}

TEST(StatusScreen, SaysWhoIsMissingWhatIsWaitingAndWhatNeedsAPerson) {
  auto status = examples::status();
  status.mutable_node()->set_ready(false);
  status.mutable_node()->add_waiting_for("an IPv4 address block");
  status.mutable_node()->add_waiting_for("the kernel to be programmed");
  status.mutable_cluster()->set_authenticated(false);
  status.mutable_peers()->set_reachable(1);
  status.mutable_paths()->set_vxlan(1);
  status.mutable_paths()->set_down(1);
  status.mutable_links()->set_retrying(1);
  auto& alarm = *status.add_alarms();
  alarm.set_name("fork");
  alarm.set_text("two owners of 10.32.9.0/24");
  *alarm.mutable_since() = examples::ago(90s);
  *status.add_unreachable() = examples::peers().peers(2);
  const auto text = show(status, plain);
  EXPECT_THAT(text, HasSubstr("ready:       no\n"
                              "waiting for: an IPv4 address block\n"
                              "             the kernel to be programmed\n"));
  EXPECT_THAT(text, HasSubstr("joining:     for whoever reaches the mesh port: it is not protected\n"));
  EXPECT_THAT(text, HasSubstr("peers:       1 of 2 reachable\n"
                              "             h3 unreachable for 5m: connection refused\n"
                              "links:       2 established, 1 retrying\n"
                              "paths:       1 vxlan, 1 not up\n"));
  EXPECT_THAT(text, HasSubstr("alarms:      fork for 1m: two owners of 10.32.9.0/24\n"));
  EXPECT_FALSE(is_well(status));
}

TEST(StatusScreen, LeavesALongListOfTheUnreachableToPeers) {
  auto status = examples::status();
  status.mutable_peers()->set_known(12);
  status.mutable_peers()->set_reachable(0);
  for (int i = 0; i < 10; ++i) {
    *status.add_unreachable() = examples::peers().peers(2);
    status.mutable_unreachable(i)->set_name("h" + std::to_string(i));
  }
  const auto text = show(status, plain);
  EXPECT_THAT(text, HasSubstr("             h9 unreachable for 5m: connection refused\n"
                              "             and 2 more: overlayctl peers\n"));
}

TEST(StatusScreen, IsWholeBeforeThereIsACluster) {
  EXPECT_EQ(show(v1::Status(), plain),
            "node:        -\n"
            "id:          -\n"
            "ready:       no\n"
            "underlay:    -\n"
            "\n"
            "cluster:     none yet\n"
            "\n"
            "peers:       0 of 0 reachable\n"
            "links:       0 established\n"
            "paths:       none\n"
            "addresses:   0 of 0 in use, in 0 blocks\n"
            "\n"
            "alarms:      none\n");
}

}  // namespace
}  // namespace overlay::ctl
