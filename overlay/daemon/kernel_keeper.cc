// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/kernel_keeper.h"

#include <malloc.h>
#include <algorithm>

#include "overlay/control/figures.h"
#include "overlay/daemon/log.h"
#include "overlay/kernel/reverse_path.h"
#include "overlay/plan/preflight.h"

namespace overlay::daemon {
namespace {

using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// The full pass that makes certain; with jitter, so that the hosts of a cluster do not do it together.
constexpr Duration period = std::chrono::seconds(30);
constexpr Duration period_jitter = std::chrono::seconds(3);
constexpr Clock::duration shortest_backoff = milliseconds(250);
constexpr Clock::duration longest_backoff = std::chrono::seconds(30);
/// News come in bursts; the rest of one is awaited this long.
constexpr Clock::duration burst = milliseconds(20);
/// A look at so many peers takes memory for a while that the allocator would keep.
constexpr std::size_t many_peers = 1000;
/// More peers than these are a pass's work.
constexpr std::size_t updated_at_once = 64;
/// A pass is followed by a pause of this many times its own length, so that passes never take more than a
/// fifth of the time, however many peers there are and however often they change.
constexpr int pause_factor = 4;

}  // namespace

Result<plan::Underlay> look_at_underlay(Host& host, Time now) {
  OVERLAY_TRY(const plan::Underlay found, kernel::find_underlay(host.socket, host.wanted_underlay));
  OVERLAY_TRY(const auto addresses, kernel::own_addresses(host.socket));
  return host.moving.look(
      found, [&addresses](const Ip& ip) { return addresses.contains(ip); }, now);
}

KernelKeeper::KernelKeeper(boost::asio::io_context& io, const Options& options, Host host, Driver& driver,
                           Alarms& alarms, Rng rng)
    : host_(std::move(host)),
      direct_routes_(options.direct_routes),
      reverse_path_note_(options.run_dir / kernel::reverse_path_note),
      firewalls_(io, alarms, options.open_forward),
      checksums_(io, options.checksum_offload, alarms, Rng(rng.next()), [this] { request(); }),
      driver_(driver),
      alarms_(alarms),
      rng_(rng),
      news_{News(io, host_.events.fds()[0]), News(io, host_.events.fds()[1])},
      timer_(io),
      backoff_(shortest_backoff) {}

/// The descriptors are the events' to close.
KernelKeeper::~KernelKeeper() {
  for (News& news : news_) news.release();
}

void KernelKeeper::start() {
  if (host_.underlay) {
    driver_.feed([&](node::Node& node, Time now) { node.underlay_changed(*host_.underlay, now); });
  }
  for (News& news : news_) wait_for_events(news);
  request();
}

void KernelKeeper::request(const node::ReconcileKernel& wanted) {
  const bool few = !wanted.peers.empty() && wanted.peers.size() <= updated_at_once;
  if (few && update(wanted.peers)) return;
  schedule(Clock::now() + (wanted.urgent ? Clock::duration() : burst));
}

/// False: it takes a pass.
bool KernelKeeper::update(const std::vector<NodeId>& peers) {
  if (torn_down_ || !programmed_) return false;
  std::vector<plan::PeerChange> changes;
  for (const NodeId& peer : peers) changes.push_back({peer, driver_.node().planned_peer(peer)});
  const auto done = host_.kernel.update(changes);
  host_.events.skip_own_table();
  hear_events();  // of what this made, before more of it is made
  if (!done) log(spdlog::level::warn, "kernel", {{"text", done.error().text + "; looking at all of it"}});
  if (!done || !*done) return false;
  driver_.feed([&](node::Node& node, Time) { node.kernel_updated(peers); });
  return true;
}

void KernelKeeper::wait_for_events(News& news) {
  news.async_wait(News::wait_read, [this, &news](const error_code& error) {
    if (error) return;
    hear_events();
    wait_for_events(news);
  });
}

void KernelKeeper::hear_events() {
  const auto concerned = host_.events.drain(host_.kernel.made());
  if (!concerned) log(spdlog::level::warn, "kernel", {{"text", "news: " + concerned.error().text}});
  if (host_.events.take_table_changed()) host_.kernel.distrust_firewall();
  if (host_.events.take_others_changed()) firewalls_.hear();
  for (const int port : host_.events.take_gone_ports()) on_port_gone_(port);
  if (!concerned || *concerned) schedule(Clock::now() + burst);
}

/// An address that is gone may come back, and the kernel goes on with what it has: the last one known is
/// kept.
void KernelKeeper::look_at_underlay() {
  const auto found = daemon::look_at_underlay(host_, now());
  const Time again = host_.moving.next_look();
  if (again != Time::max()) schedule(Clock::now() + (again - now()));
  if (!found || found == host_.underlay) return;
  const auto before = std::exchange(host_.underlay, *found);
  const bool lost = before && before->address != found->address &&
                    std::ranges::find(found->also, before->address) == found->also.end();
  if (lost && on_address_lost_) on_address_lost_(before->address);
  driver_.feed([&](node::Node& node, Time now) { node.underlay_changed(*found, now); });
}

/// While the disk takes nothing, ADDs wait for their answers, and their pods for interfaces.
void KernelKeeper::look_at_interfaces() {
  if (driver_.stall()) return;
  const auto names = kernel::interface_names(host_.socket);
  if (!names) return log(spdlog::level::warn, "kernel", {{"text", names.error().text}});
  driver_.feed([&](node::Node& node, Time now) { node.interfaces_seen(*names, now); });
}

void KernelKeeper::schedule(Clock::time_point due) {
  due = std::max(due, not_before_);
  if (torn_down_ || (due_ && *due_ <= due)) return;
  due_ = due;
  timer_.expires_at(due);
  timer_.async_wait([this](const error_code& error) {
    if (error) return;
    due_.reset();
    pass();
  });
}

void KernelKeeper::pass() {
  if (torn_down_) return;
  const auto began = Clock::now();
  look_at_underlay();
  auto intent = driver_.node().intent();
  const bool wanted = intent.has_value();
  const std::size_t peers = wanted ? intent->peers.size() : 0;
  const Status status = wanted ? reconcile(*std::move(intent)) : Status();
  if (wanted) driver_.feed([&](node::Node& node, Time now) { node.kernel_reconciled(status, now); });
  if (peers >= many_peers) ::malloc_trim(0);
  const auto ended = Clock::now();
  not_before_ = ended + pause_factor * (ended - began);
  if (status) {
    backoff_ = shortest_backoff;
    schedule(ended + rng_.between(period - period_jitter, period + period_jitter));
  } else {
    not_before_ = std::max(not_before_, ended + backoff_);
    backoff_ = std::min(2 * backoff_, longest_backoff);
    schedule(not_before_);
  }
}

Status KernelKeeper::reconcile(plan::Intent intent) {
  if (!programmed_) OVERLAY_CHECK(check_first_time(intent));
  const std::uint64_t before = host_.kernel.operations();
  firewalls_.need(intent);
  if (!intent.encryption) checksums_.need(intent);
  let_neighbours_in(intent);
  intent.checksum_offload = checksums_.may_offload();
  const auto began = Clock::now();
  const Status done = host_.kernel.reconcile(std::move(intent), now());
  const std::uint64_t made = host_.kernel.operations() - before;
  control::Figures::instance().kernel_passed(done.has_value(), Clock::now() - began, made);
  for (const auto& [object, count] : host_.kernel.take_repairs())
    control::Figures::instance().kernel_repaired(object, count);
  host_.events.skip_own_table();
  tell_fights();
  OVERLAY_CHECK(done);
  programmed_ = true;
  checksums_.programmed();
  if (made > 0) log(spdlog::level::debug, "kernel", {{"operations", std::to_string(made)}});
  return {};
}

/// Those whose packets may come past VXLAN, or their probes would be dropped and they never do.
void KernelKeeper::let_neighbours_in(const plan::Intent& intent) {
  const plan::Underlay& here = intent.underlay;
  if (!direct_routes_ || intent.encryption || !here.address.is_v4() || here.device == 0 ||
      !here.neighbourhood)
    return;
  const bool any = std::ranges::any_of(
      intent.peers, [&here](const plan::Peer& peer) { return here.neighbourhood->contains(peer.underlay); });
  const Status done = any ? kernel::loosen_reverse_path(here.device, reverse_path_note_) : Status();
  if (!done) log(spdlog::level::warn, "kernel", {{"text", done.error().text}});
}

void KernelKeeper::tell_fights() {
  const auto objects = host_.kernel.fights(now());
  if (objects.empty()) return alarms_.clear("fight");
  const std::string more = objects.size() == 1 ? "" : " and " + std::to_string(objects.size() - 1) + " more";
  alarms_.raise(
      "fight", "another program keeps changing " + objects.front() + more +
                   "; it is put back ever more rarely: have that program leave alone what is of "
                   "overlay0, overlay.vx, overlay.wg, route protocol 77 and the nftables table inet overlay");
}

/// A host that has the overlay already goes on with it; one that has not must not lose traffic to it.
Status KernelKeeper::check_first_time(const plan::Intent& intent) {
  OVERLAY_TRY(const auto present, host_.kernel.cluster());
  if (present == intent.cluster) return {};
  OVERLAY_CHECK(plan::check_pool_against_underlay(intent.pools, intent.underlay.address));
  OVERLAY_TRY(const auto routes, kernel::foreign_routes(host_.socket));
  OVERLAY_TRY(const auto warnings, plan::check_pool_against_routes(intent.pools, routes));
  for (const std::string& warning : warnings) log(spdlog::level::warn, "route", {{"text", warning}});
  return {};
}

Result<plan::Objects> KernelKeeper::observe() {
  return host_.kernel.observe(driver_.node().intent().value_or(plan::Intent()));
}

Status KernelKeeper::teardown() {
  torn_down_ = true;
  timer_.cancel();
  const Status closed = firewalls_.close();
  const Status removed = host_.kernel.teardown();
  const Status restored = kernel::restore_reverse_path(reverse_path_note_);
  if (!removed) return removed;
  return closed ? restored : closed;
}

}  // namespace overlay::daemon
