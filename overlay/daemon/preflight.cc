// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/preflight.h"

#include <linux/netlink.h>

#include "overlay/daemon/clock.h"
#include "overlay/daemon/past.h"
#include "overlay/daemon/privileges.h"
#include "overlay/plan/preflight.h"

namespace overlay::daemon {
namespace {

/// A host that has sent from another address of its own before moves from there, instead of being there at
/// once.
Status find_underlay(const Options& options, Host& host) {
  OVERLAY_TRY(const auto before, host.kernel.local());
  if (before) host.moving = plan::Moving({.address = *before, .mtu = 0});
  auto underlay = look_at_underlay(host, now());
  if (!underlay && options.underlay_address) return underlay.error();
  if (underlay) host.underlay = *underlay;
  return {};
}

/// With state on disk the pools are the cluster's, and this host has lived with them before.
bool will_found(const Options& options) {
  const bool founds = options.bootstrap || options.bootstrap_expect != 0 || options.kubernetes;
  return founds && !was_in_cluster(options.state_dir);
}

}  // namespace

Result<Preflight> check_host(const Options& options) {
  if (!may_administer_network()) {
    return fail(Errc::refused, "overlayd programs the network and lacks CAP_NET_ADMIN; run it as root");
  }
  OVERLAY_TRY(auto kernel, kernel::Kernel::open());
  OVERLAY_TRY(auto socket, kernel::Socket::open(NETLINK_ROUTE));
  OVERLAY_TRY(auto events, kernel::Events::open());
  Preflight out{
      Host{std::move(kernel), std::move(socket), std::move(events), options.underlay_address, {}, {}}, {}};
  OVERLAY_CHECK(find_underlay(options, out.host));
  if (!will_found(options)) return out;
  if (out.host.underlay) {
    OVERLAY_CHECK(plan::check_pool_against_underlay(options.genesis.pools, out.host.underlay->address));
  }
  OVERLAY_TRY(const auto routes, kernel::foreign_routes(out.host.socket));
  OVERLAY_TRY(out.warnings, plan::check_pool_against_routes(options.genesis.pools, routes));
  return out;
}

}  // namespace overlay::daemon
