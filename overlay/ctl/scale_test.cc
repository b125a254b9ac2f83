// SPDX-License-Identifier: Apache-2.0
// Status and metrics of a node with 5,000 peers do not grow with them; what they take is printed.
#include <gmock/gmock.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <sstream>

#include "overlay/base/crypto.h"
#include "overlay/control/figures.h"
#include "overlay/control/json.h"
#include "overlay/control/mesh_figures.h"
#include "overlay/control/metrics.h"
#include "overlay/control/path_figures.h"
#include "overlay/control/test_server.h"
#include "overlay/control/view.h"
#include "overlay/ctl/app.h"

namespace overlay::ctl {
namespace {

constexpr int peers = 5'000;

node::View large_view() {
  node::View out;
  out.name = "h0";
  out.voters = {"h0"};
  for (int i = 0; i < peers; ++i) {
    const std::string name = "h" + std::to_string(i);
    node::PeerView peer;
    peer.id = hash_id<NodeId>(name);
    peer.name = name;
    peer.self = i == 0;
    peer.reachable = i % 2 == 0;
    peer.underlay_addresses = {Ip::parse("192.0.2.1").value()};
    out.peers.push_back(peer);
  }
  std::ranges::sort(out.peers, {}, &node::PeerView::name);
  return out;
}

/// Milliseconds.
template <class Body>
double time_of(Body body) {
  const auto begun = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
}

TEST(Scale, StatusOfFiveThousandPeersIsShort) {
  const auto view = large_view();
  control::test::TestServer server;
  const auto building = time_of([&] { server.backend.status_answer = control::to_status(view, {}, {}); });
  EXPECT_LT(control::to_json(server.backend.status_answer).size(), 10'000U);
  std::ostringstream out;
  Console console{out, out};
  const auto asking = time_of([&] { run({"--socket", server.socket(), "status"}, console); });
  EXPECT_THAT(out.str(), testing::HasSubstr("and 2490 more: overlayctl peers"));
  std::cout << "status: " << building << " ms in the daemon, " << asking << " ms to ask and show\n";
}

TEST(Scale, MetricsOfFiveThousandPeersAreFew) {
  const auto view = large_view();
  std::string text;
  const auto scraping = time_of([&] {
    auto more = control::Figures::instance().collect();
    std::ranges::move(control::path_figures({}), std::back_inserter(more));
    std::ranges::move(control::mesh_figures({}), std::back_inserter(more));
    text =
        control::to_metrics(control::to_status(view, {}, {}), control::to_links(view, {}), std::move(more));
  });
  EXPECT_LT(std::ranges::count(text, '\n'), 300);
  std::cout << "metrics: " << scraping << " ms, " << std::ranges::count(text, '\n') << " lines\n";
}

}  // namespace
}  // namespace overlay::ctl
