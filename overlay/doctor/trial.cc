// SPDX-License-Identifier: Apache-2.0
// The best way to know what a kernel can do is to have it do it: an overlay of two hosts, programmed with the
// daemon's own code in a network namespace that only this thread is in and that goes with it.
#include <sched.h>

#include <cerrno>
#include <thread>

#include "overlay/base/crypto.h"
#include "overlay/doctor/gather.h"
#include "overlay/kernel/kernel.h"

namespace overlay::doctor {
namespace {

Ip ip_of(const char* text) { return Ip::parse(text).value(); }
Prefix prefix_of(const char* text) { return Prefix::parse(text).value(); }

/// Addresses of the documentation ranges (RFC 5737).
plan::Intent example() {
  plan::Intent out;
  out.node = hash_id<NodeId>("doctor");
  out.cluster = hash_id<ClusterId>("doctor");
  out.vni = 1;
  out.underlay = {ip_of("192.0.2.1"), 1500};
  out.mtu = 1450;
  out.pools = {prefix_of("10.32.0.0/12")};
  out.blocks = {prefix_of("10.32.1.0/24")};
  out.host_addresses = {ip_of("10.32.1.0")};
  plan::Peer peer;
  peer.index = 1;
  peer.id = hash_id<NodeId>("peer");
  peer.vtep_mac = vtep_mac(peer.id);
  peer.underlay = ip_of("192.0.2.2");
  peer.blocks = {prefix_of("10.32.2.0/24")};
  out.peers = {peer};
  out.keep_unknown = false;
  return out;
}

std::string program_here() {
  if (::unshare(CLONE_NEWNET) != 0) return kernel::kernel_error(errno).text + ": no namespace can be made";
  auto kernel = kernel::Kernel::open();
  if (!kernel) return kernel.error().text;
  const Status done = kernel->reconcile(example());
  return done ? "" : done.error().text;
}

}  // namespace

std::string try_kernel() {
  std::string out;
  std::thread([&out] { out = program_here(); }).join();
  return out;
}

}  // namespace overlay::doctor
