// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/kernel.h"

#include <linux/netlink.h>
#include <algorithm>
#include <ctime>
#include <vector>

#include "overlay/kernel/dump.h"
#include "overlay/kernel/encode.h"
#include "overlay/kernel/offload.h"
#include "overlay/kernel/ports.h"
#include "overlay/kernel/sysctl.h"
#include "overlay/plan/desired.h"
#include "overlay/plan/firewall.h"

namespace overlay::kernel {
namespace {

using plan::Device;
using plan::Operation;
using Verb = plan::Operation::Verb;

constexpr std::string_view ipv6_forwarding = "net/ipv6/conf/all/forwarding";
constexpr int passes_max = 3;             // a device still changing after these is somebody else's doing
constexpr std::size_t batch_size = 1024;  // bounds memory, not the kernel's work
constexpr std::size_t portion_size = 2 * batch_size;

bool touches_device(const Operation& operation) {
  return std::holds_alternative<plan::Link>(operation.object);
}

/// How an operation is carried out.
enum class Way : std::uint8_t { batch, members, wireguard, singly };

Way way_of(const Operation& operation) {
  return std::visit(
      [](const auto& object) {
        using T = std::decay_t<decltype(object)>;
        if constexpr (std::is_same_v<T, plan::Member>) return Way::members;
        if constexpr (std::is_same_v<T, plan::WireguardPeer>) return Way::wireguard;
        constexpr bool steps = std::is_same_v<T, plan::Link> || std::is_same_v<T, plan::Port> ||
                               std::is_same_v<T, plan::Firewall> || std::is_same_v<T, plan::Setting>;
        return steps ? Way::singly : Way::batch;
      },
      operation.object);
}

/// How many of the first go the same way, and together.
std::size_t run_of(std::span<const Operation> operations) {
  const Way way = way_of(operations.front());
  if (way == Way::singly) return 1;
  const auto end = std::ranges::find_if(
      operations, [way](const Operation& operation) { return way_of(operation) != way; });
  return std::min<std::size_t>(static_cast<std::size_t>(end - operations.begin()), batch_size);
}

/// Success where the failure says that the aim is reached; else the error, with what it was about and the
/// cure.
Status outcome(const Operation& operation, const Status& status) {
  if (status) return status;
  Error error = status.error();
  if (operation.verb == Verb::remove && error.code == Errc::not_found) return {};
  if (error.code == Errc::exists) {
    error.text += touches_device(operation)
                      ? "; remove the other device, or found the cluster with another --vni or "
                        "--vxlan-port"
                      : "; what is there is not ours: remove it";
  }
  if (error.code == Errc::refused) error.text += "; CAP_NET_ADMIN is needed";
  return with_context("cannot " + operation.text(), std::move(error));
}

/// Keeps the first failure of several steps.
class FirstError {
 public:
  void note(Status status) {
    if (first_ && !status) first_ = std::move(status);
  }
  Status take() { return std::move(first_); }

 private:
  Status first_;
};

}  // namespace

Result<Kernel> Kernel::open() {
  OVERLAY_TRY(Socket socket, Socket::open(NETLINK_ROUTE));
  OVERLAY_TRY(Nft nft, Nft::open());
  return Kernel(std::move(socket), std::move(nft));
}

Status Kernel::reconcile(plan::Intent intent, Time now) {
  bool contested = false;
  plan::Objects wanted = plan::desired(intent, &contested);
  for (int pass = 0; pass < passes_max; ++pass) {
    OVERLAY_CHECK(check_claims(wanted));
    OVERLAY_TRY(const plan::Objects observed, observe(wanted));
    OVERLAY_TRY(const bool touched, carry_out(wanted, observed, intent.keep_unknown, now));
    if (!touched) break;
  }
  made_ = std::move(wanted);
  peers_.forget();
  if (!contested) peers_.reset(std::move(intent));
  return {};
}

/// What leads from one to the other, in portions, so that much takes no more memory than some. Whether a
/// device was among it; all else stands on those, so nothing more follows where one failed.
Result<bool> Kernel::carry_out(const plan::Objects& wanted, const plan::Objects& observed, bool keep_unknown,
                               Time now) {
  FirstError first;
  bool touched = false;
  bool stopped = false;
  std::vector<Operation> portion;
  const auto apply_portion = [&] {
    fights_.hold_back(portion, made_, now);
    const bool devices = std::ranges::any_of(portion, touches_device);
    Status status = stopped ? Status() : apply(portion);
    touched = touched || devices;
    stopped = stopped || (!status && devices);
    first.note(std::move(status));
    portion.clear();
  };
  plan::diff(wanted, observed, keep_unknown, [&](Operation operation) {
    portion.push_back(std::move(operation));
    if (portion.size() == portion_size) apply_portion();
  });
  apply_portion();
  OVERLAY_CHECK(first.take());
  return touched;
}

Result<bool> Kernel::update(const std::vector<plan::PeerChange>& changes) {
  const auto operations = firewall_trusted_ ? peers_.change(changes, made_) : std::nullopt;
  if (!operations) return false;
  if (auto applied = apply(*operations); !applied) {
    peers_.forget();
    return std::move(applied).error();
  }
  for (const Operation& operation : *operations) plan::apply(operation, made_);
  return true;
}

Status Kernel::check_claims(const plan::Objects& wanted) {
  for (const plan::Link& link : wanted.links) {
    OVERLAY_TRY(const auto found, find_link(socket_, link.device));
    if (found) OVERLAY_CHECK(claim(*found, link));
  }
  return {};
}

// ---- observing ----

Result<plan::Objects> Kernel::observe(const plan::Intent& intent) { return observe(plan::desired(intent)); }

Result<plan::Objects> Kernel::observe(const plan::Objects& wanted) {
  plan::Objects out;
  OVERLAY_CHECK(observe_links(wanted, out));
  OVERLAY_TRY(out.ports, observe_ports(socket_, indices_.of(Device::bridge), wanted.ports));
  for (const plan::Firewall& firewall : wanted.firewall) {
    OVERLAY_TRY(const bool held, nft_.holds(firewall));
    if (held && firewall_trusted_)
      out.firewall.push_back({.digest = firewall.digest, .rules = {}, .members = {}});
  }
  OVERLAY_TRY(out.members, nft_.members());
  OVERLAY_CHECK(observe_settings(wanted, out));
  OVERLAY_TRY(out.addresses, dump_addresses(socket_, indices_));
  OVERLAY_TRY(out.fdb, dump_fdb(socket_, indices_));
  OVERLAY_TRY(out.neighbours, dump_neighbours(socket_, indices_));
  OVERLAY_TRY(out.nexthops, dump_nexthops(socket_, indices_));
  OVERLAY_TRY(out.routes, dump_routes(socket_, indices_));
  out.normalise();
  return out;
}

Status Kernel::observe_links(const plan::Objects& wanted, plan::Objects& out) {
  for (const plan::Link& link : wanted.links) {
    OVERLAY_TRY(const auto found, find_link(socket_, link.device));
    const bool ours = found && (is_ours(*found) || claim(*found, link));
    indices_.set(link.device, ours ? found->index : 0);
    if (!ours) continue;
    out.links.push_back(found->link);
    if (link.device == Device::wireguard) OVERLAY_CHECK(observe_wireguard(*found, wanted, out));
  }
  return {};
}

Result<plan::WireguardState> Kernel::read_wireguard_device(const FoundLink& found) {
  // The socket of wireguard-go keeps the name that it was started with.
  const bool by_id = found.link.renamed.empty() || found.kind == tun_kind;
  OVERLAY_TRY(wireguard_, open_wireguard(by_id ? found.link.id() : found.link.renamed, found.kind));
  return wireguard_->read();
}

Status Kernel::observe_wireguard(const FoundLink& found, const plan::Objects& wanted, plan::Objects& out) {
  OVERLAY_TRY(const plan::WireguardState state, read_wireguard_device(found));
  out.links.back().secret = state.secret;
  out.links.back().port = state.port;
  out.wireguard = plan::peers_of(state, wanted.wireguard, ::time(nullptr));
  return {};
}

Status Kernel::observe_settings(const plan::Objects& wanted, plan::Objects& out) {
  const bool ipv6 = has_ipv6();
  for (const plan::Setting& setting : wanted.settings) {
    auto value = read_sysctl(setting.path);
    if (value) {
      out.settings.push_back({setting.path, std::move(*value)});
    } else if (value.error().code != Errc::not_found) {
      return std::move(value).error();
    } else if (!ipv6 && setting.path.starts_with("net/ipv6/")) {
      out.settings.push_back(setting);  // without IPv6 there is nothing to quiet
    }
  }
  return {};
}

Status Kernel::find_indices() {
  for (const Device device : plan::devices) {
    OVERLAY_TRY(const auto found, find_link(socket_, device));
    indices_.set(device, found ? found->index : 0);
  }
  return {};
}

// ---- applying ----

Status Kernel::apply(std::span<const Operation> operations) {
  if (operations.empty()) return {};
  OVERLAY_CHECK(find_indices());
  operations_ += operations.size();
  FirstError first;
  while (!operations.empty()) {
    const std::size_t run = run_of(operations);
    Status status = apply_run(operations.first(run));
    if (!status && touches_device(operations.front())) return status;  // all else stands on the devices
    first.note(std::move(status));
    operations = operations.subspan(run);
  }
  return first.take();
}

Status Kernel::apply_run(std::span<const Operation> operations) {
  switch (way_of(operations.front())) {
    case Way::batch:
      return apply_batch(operations);
    case Way::members:
      return apply_members(operations);
    case Way::wireguard:
      return outcome(operations.front(), write_wireguard(plan::change_of(operations)));
    case Way::singly:
      return outcome(operations.front(), apply_singly(operations.front()));
  }
  return {};
}

/// In one transaction; one by one where that fails, for a member to be removed may be gone already.
Status Kernel::apply_members(std::span<const Operation> operations) {
  Status together = nft_.change_members(operations);
  if (together || operations.size() == 1) return outcome(operations.front(), together);
  FirstError first;
  for (const Operation& operation : operations) {
    first.note(outcome(operation, nft_.change_members({&operation, 1})));
  }
  return first.take();
}

Status Kernel::apply_singly(const Operation& operation) {
  if (const auto* link = std::get_if<plan::Link>(&operation.object)) return apply_link(operation, *link);
  if (const auto* port = std::get_if<plan::Port>(&operation.object)) {
    return attach(socket_, *port, indices_.of(Device::bridge));
  }
  if (const auto* setting = std::get_if<plan::Setting>(&operation.object)) {
    if (setting->path == ipv6_forwarding) OVERLAY_CHECK(keep_router_advertisements());
    return write_sysctl(setting->path, setting->value);
  }
  OVERLAY_CHECK(nft_.run(firewall_replacement(std::get<plan::Firewall>(operation.object))));
  firewall_trusted_ = true;
  return {};
}

Status Kernel::change_link(const plan::Link& link, const plan::Link& before) {
  const int index = indices_.of(link.device);
  if (link.checksum_offload != before.checksum_offload) {
    OVERLAY_CHECK(
        set_checksum_offload(before.renamed.empty() ? link.id() : before.renamed, link.checksum_offload));
  }
  if (link.secret != before.secret || (link.device == Device::wireguard && link.port != before.port)) {
    OVERLAY_CHECK(write_wireguard({.secret = link.secret, .port = link.port}));
  }
  Status done = socket_.request(encode_link_change(index, link, before));
  if (done || before.renamed.empty() || done.error().code != Errc::unavailable) return done;
  // Linux before 6.2 renames only what is down. What that flushes the next look restores.
  plan::Link down = before;
  down.up = false;
  OVERLAY_CHECK(socket_.request(encode_link_change(index, down, before)));
  return socket_.request(encode_link_change(index, link, down));
}

/// By the module where the kernel has it, which is asked first; the error tells of the other.
Status Kernel::make_wireguard(const plan::Link& link) {
  const Status made = socket_.request(encode_new_link(link));
  const bool by_module = made || made.error().code != Errc::unsupported;
  if (by_module) OVERLAY_CHECK(made);
  if (!by_module) OVERLAY_CHECK(start_wireguard_go(link.id()));
  OVERLAY_TRY(wireguard_, open_wireguard(link.id(), by_module ? wireguard_kind : tun_kind));
  return write_wireguard({.secret = link.secret, .port = link.port});
}

Status Kernel::write_wireguard(const plan::WireguardChange& change) {
  if (!wireguard_) return fail(Errc::not_found, "there is no device overlay.wg");
  return wireguard_->write(change);
}

Status Kernel::apply_link(const Operation& operation, const plan::Link& link) {
  if (operation.verb == Verb::remove) return socket_.request(encode_link_removal(indices_.of(link.device)));
  if (operation.verb == Verb::change) return change_link(link, std::get<plan::Link>(*operation.before));
  OVERLAY_CHECK(link.device == Device::wireguard ? make_wireguard(link)
                                                 : socket_.request(encode_new_link(link)));
  // Before it comes up, or the kernel gives it an IPv6 address of its own making.
  ignore_error(write_sysctl("net/ipv6/conf/" + link.id() + "/addr_gen_mode", "1"),
               "a setting of the plan asks again");
  if (!link.checksum_offload) OVERLAY_CHECK(set_checksum_offload(link.id(), false));
  OVERLAY_CHECK(socket_.request(encode_mark_and_up(link)));
  return find_indices();
}

Status Kernel::apply_batch(std::span<const Operation> operations) {
  std::vector<Message> messages;
  messages.reserve(operations.size());
  for (const Operation& operation : operations) messages.push_back(*encode(operation, indices_));
  const std::vector<Status> statuses = socket_.batch(messages);
  FirstError first;
  for (std::size_t i = 0; i < operations.size(); ++i) first.note(outcome(operations[i], statuses[i]));
  return first.take();
}

Result<std::optional<Ip>> Kernel::local() {
  OVERLAY_TRY(const auto found, find_link(socket_, Device::vxlan));
  if (!found || !is_ours(*found)) return std::nullopt;
  return found->link.local;
}

Result<std::optional<ClusterId>> Kernel::cluster() {
  for (const Device tunnel : {Device::vxlan, Device::wireguard}) {
    OVERLAY_TRY(const auto found, find_link(socket_, tunnel));
    if (found && is_ours(*found)) return plan::cluster_of_alias(found->link.alias);
  }
  return std::nullopt;
}

Result<plan::FoundWays> Kernel::ways() {
  OVERLAY_TRY(const auto present, cluster());
  if (!present) return plan::FoundWays();
  OVERLAY_CHECK(find_indices());
  plan::Objects objects;
  OVERLAY_TRY(objects.neighbours, dump_neighbours(socket_, indices_));
  OVERLAY_TRY(objects.nexthops, dump_nexthops(socket_, indices_));
  OVERLAY_TRY(objects.routes, dump_routes(socket_, indices_));
  OVERLAY_TRY(const auto encrypted, find_link(socket_, Device::wireguard));
  if (encrypted && is_ours(*encrypted)) {
    const auto state = read_wireguard_device(*encrypted);
    if (state) objects.wireguard = plan::peers_of(*state, {}, 0);  // else nothing goes there that could stay
  }
  objects.normalise();
  return plan::ways_in(objects);
}

// ---- teardown ----

Status Kernel::teardown() {
  FirstError first;
  OVERLAY_CHECK(find_indices());
  plan::Objects ours;
  OVERLAY_TRY(ours.routes, dump_routes(socket_, indices_));
  OVERLAY_TRY(ours.nexthops, dump_nexthops(socket_, indices_));
  ours.normalise();
  // Before the devices: removals as the plan orders them. The devices take the rest along.
  first.note(apply(plan::diff({}, ours, false)));
  for (const Device device : {Device::wireguard, Device::vxlan, Device::bridge}) {
    OVERLAY_TRY(const auto found, find_link(socket_, device));
    if (!found || !is_ours(*found)) continue;
    const Operation removal{Verb::remove, found->link, std::nullopt};
    first.note(apply({&removal, 1}));
  }
  first.note(nft_.run(plan::firewall_removal()));
  return first.take();
}

}  // namespace overlay::kernel
