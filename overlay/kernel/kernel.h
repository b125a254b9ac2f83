// SPDX-License-Identifier: Apache-2.0
// The kernel's side of the overlay: reads what is there, carries out what the plan says, takes it all away
// again.
//
// Everything happens in the network namespace of the thread that opened it, and must be called from a thread
// that is still there (the settings below /proc/sys are the caller's). Calls block for the kernel's own time
// only: 5,000 peers from nothing are well under a second, a pass that finds nothing to do some 10 ms per
// thousand peers. Not thread-safe. Objects that are not ours are never changed: a clash is an error that
// names the thing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>

#include "overlay/kernel/devices.h"
#include "overlay/kernel/netlink.h"
#include "overlay/kernel/nft.h"
#include "overlay/kernel/wireguard.h"
#include "overlay/plan/diff.h"
#include "overlay/plan/fights.h"
#include "overlay/plan/intent.h"
#include "overlay/plan/peer_book.h"
#include "overlay/plan/ways.h"

namespace overlay::kernel {

class Kernel {
 public:
  /// Errc::unsupported or io when this kernel lacks netlink features or nftables.
  [[nodiscard]] static Result<Kernel> open();

  /// Makes the kernel hold what `intent` wants: observe, diff, apply. Only differences are written, so a
  /// daemon that starts again adopts what is there. When a device was touched it looks again, because the
  /// kernel flushes more than a device when one goes down. Errc::conflict, with nothing changed, when one of
  /// our names is taken.
  /// What somebody else keeps changing back is repaired ever more rarely; `now` tells how often.
  [[nodiscard]] Status reconcile(plan::Intent intent, Time now = {});

  /// The same where nothing but these peers has changed, without a look at the kernel: it is taken to hold
  /// what it was made to. Costs what they cost, however many others there are. False: it takes a reconcile.
  [[nodiscard]] Result<bool> update(const std::vector<plan::PeerChange>& changes);

  /// What the last reconcile that succeeded, and the updates since, made or found.
  const plan::Objects& made() const { return made_; }
  /// What others fight us over, "route 10.32.1.0/24"; empty when nothing.
  std::vector<std::string> fights(Time now) const { return fights_.objects(now); }
  /// What was put back as it had been since the last call, by the kind of object.
  std::map<std::string, int> take_repairs() { return fights_.take_repairs(); }
  /// Somebody changed the nftables table: the next reconcile makes it anew, whatever its marker says.
  void distrust_firewall() { firewall_trusted_ = false; }

  /// What the kernel holds of what is ours, of whatever cluster. Settings are read only where `intent` has a
  /// wish.
  [[nodiscard]] Result<plan::Objects> observe(const plan::Intent& intent);

  /// In this order and in batches; a failure does not stop the rest. The first one is reported, with what it
  /// was about. To find a thing to be removed gone is success.
  [[nodiscard]] Status apply(std::span<const plan::Operation> operations);

  /// Removes every object of ours, of whatever cluster: devices with our alias (and all that is on them),
  /// routes, nexthops and the nftables table. Stays: what others may have come to need (ip_forward,
  /// forwarding). Goes on after a failure and reports the first.
  [[nodiscard]] Status teardown();

  /// The cluster named by the alias of overlay.vx or overlay.wg; nothing when there is no such device or it
  /// is not ours.
  [[nodiscard]] Result<std::optional<ClusterId>> cluster();

  /// Which ways it leads peers' packets; none where nothing is ours.
  [[nodiscard]] Result<plan::FoundWays> ways();

  /// Where overlay.vx sends from; nothing where there is none of ours.
  [[nodiscard]] Result<std::optional<Ip>> local();

  /// How many operations apply() was given since open(); one that changes nothing about the kernel is never
  /// given.
  std::uint64_t operations() const { return operations_; }

 private:
  Kernel(Socket socket, Nft nft) : socket_(std::move(socket)), nft_(std::move(nft)) {}

  [[nodiscard]] Result<plan::Objects> observe(const plan::Objects& wanted);
  [[nodiscard]] Result<bool> carry_out(const plan::Objects& wanted, const plan::Objects& observed,
                                       bool keep_unknown, Time now);
  [[nodiscard]] Status check_claims(const plan::Objects& wanted);
  [[nodiscard]] Status observe_links(const plan::Objects& wanted, plan::Objects& out);
  [[nodiscard]] Result<plan::WireguardState> read_wireguard_device(const FoundLink& found);
  [[nodiscard]] Status observe_wireguard(const FoundLink& found, const plan::Objects& wanted,
                                         plan::Objects& out);
  [[nodiscard]] Status observe_settings(const plan::Objects& wanted, plan::Objects& out);
  [[nodiscard]] Status make_wireguard(const plan::Link& link);
  [[nodiscard]] Status write_wireguard(const plan::WireguardChange& change);
  [[nodiscard]] Status change_link(const plan::Link& link, const plan::Link& before);
  [[nodiscard]] Status apply_link(const plan::Operation& operation, const plan::Link& link);
  [[nodiscard]] Status apply_run(std::span<const plan::Operation> operations);
  [[nodiscard]] Status apply_members(std::span<const plan::Operation> operations);
  [[nodiscard]] Status apply_singly(const plan::Operation& operation);
  [[nodiscard]] Status apply_batch(std::span<const plan::Operation> operations);
  [[nodiscard]] Status find_indices();

  Socket socket_;
  Nft nft_;
  std::unique_ptr<Wireguard> wireguard_;  // of the device as it was seen last
  Indices indices_;
  plan::Objects made_;
  plan::PeerBook peers_;
  plan::Fights fights_;
  bool firewall_trusted_ = true;
  std::uint64_t operations_ = 0;
};

}  // namespace overlay::kernel
