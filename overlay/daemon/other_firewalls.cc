// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/other_firewalls.h"

#include <linux/netlink.h>
#include <algorithm>

#include "overlay/daemon/log.h"
#include "overlay/kernel/foreign_chains.h"
#include "overlay/kernel/host.h"
#include "overlay/plan/desired.h"

namespace overlay::daemon {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Clock::duration look_period = std::chrono::seconds(30);
/// Changes come in bursts: a program sets up its rules one after the other.
constexpr Clock::duration rules_settle = std::chrono::seconds(1);
/// Peers that are there send something in this time.
constexpr Clock::duration silence = std::chrono::seconds(10);

std::vector<Family> families(const std::vector<Prefix>& pools) {
  std::vector<Family> out;
  for (const Prefix& pool : pools) out.push_back(pool.family());
  return out;
}

}  // namespace

void OtherFirewalls::need(const plan::Intent& intent) {
  const bool first = !needs_;
  needs_ = Needs{.pools = intent.pools,
                 .underlay = intent.underlay.address.family(),
                 .device = std::string(name(plan::tunnel(intent))),
                 .port = intent.encryption ? intent.encryption->port : intent.vxlan_port,
                 .peers = !intent.peers.empty()};
  if (first) look_after({});
}

void OtherFirewalls::hear() {
  if (needs_ && timer_.expiry() > Clock::now() + rules_settle) look_after(rules_settle);
}

void OtherFirewalls::look_after(Clock::duration pause) {
  if (closed_) return;
  timer_.expires_after(pause);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    const Status looked = look();
    if (!looked) log(spdlog::level::warn, "firewall", {{"text", looked.error().text}});
    look_after(received_ ? silence : look_period);
  });
}

Status OtherFirewalls::look() {
  OVERLAY_TRY(kernel::Socket socket, kernel::Socket::open(NETLINK_NETFILTER));
  OVERLAY_TRY(auto chains, kernel::foreign_chains(socket, {needs_->port, needs_->pools}));
  if (open_forward_) {
    OVERLAY_CHECK(open(chains));
    OVERLAY_TRY(chains, kernel::foreign_chains(socket, {needs_->port, needs_->pools}));
  } else if (std::exchange(opened_none_yet_, false)) {
    OVERLAY_TRY(kernel::Nft nft, kernel::Nft::open());
    OVERLAY_CHECK(kernel::close_forward(socket, nft));  // of an earlier life that was told to
  }
  alarms_.set("forward-dropped", plan::forward_obstacle(chains, families(needs_->pools)));
  const std::string obstacle = plan::input_obstacle(chains, needs_->underlay, needs_->port);
  alarms_.set("vxlan-dropped", is_silent(obstacle) ? obstacle : "");
  return {};
}

Status OtherFirewalls::open(const std::vector<plan::ForeignChain>& chains) {
  const std::vector<Family> pools = families(needs_->pools);
  const bool v4 = std::ranges::count(pools, Family::v4) != 0;
  const bool v6 = std::ranges::count(pools, Family::v6) != 0;
  for (const plan::ForeignChain& chain : chains) {
    if (chain.hook != plan::ForeignChain::Hook::forward || chain.legacy) continue;
    if (!plan::stands_in_the_way(chain, v4, v6)) continue;
    OVERLAY_TRY(kernel::Nft nft, kernel::Nft::open());
    OVERLAY_CHECK(kernel::open_forward(nft, chain));
    log(spdlog::level::info, "firewall",
        {{"text", "--open-forward: a rule was put into chain " + chain.name + " of table " + chain.table}});
  }
  return {};
}

/// A chain may let the tunnel's packets in by a rule that is not understood here; then something arrives.
bool OtherFirewalls::is_silent(const std::string& obstacle) {
  if (obstacle.empty() || !needs_->peers) {
    received_.reset();
    return false;
  }
  auto socket = kernel::Socket::open(NETLINK_ROUTE);
  const auto count = socket ? kernel::received_packets(*socket, needs_->device) : socket.error();
  if (!count) return false;
  if (!received_ || *received_ != *count) {
    received_ = *count;
    suspected_ = Clock::now();
  }
  return Clock::now() - suspected_ >= silence;
}

Status OtherFirewalls::close() {
  closed_ = true;
  timer_.cancel();
  OVERLAY_TRY(kernel::Socket socket, kernel::Socket::open(NETLINK_NETFILTER));
  OVERLAY_TRY(kernel::Nft nft, kernel::Nft::open());
  return kernel::close_forward(socket, nft);
}

}  // namespace overlay::daemon
