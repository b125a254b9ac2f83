// SPDX-License-Identifier: Apache-2.0
#include "overlay/doctor/gather.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cstdlib>

#include "overlay/kernel/foreign_chains.h"
#include "overlay/kernel/host.h"
#include "overlay/kernel/sysctl.h"
#include "overlay/kernel/wireguard.h"
#include "overlay/store/secret_file.h"

namespace overlay::doctor {
namespace {

/// More peers are not asked: one that is lost shows by itself, a network that loses shows by these.
constexpr std::size_t echoes_max = 32;

std::vector<Device> find_devices(kernel::Socket& socket) {
  std::vector<Device> out;
  const auto replies = socket.dump(kernel::Message(RTM_GETLINK, 0, ifinfomsg{}));
  if (!replies) return out;
  for (const kernel::Reply& reply : *replies) {
    const auto header = reply.header<ifinfomsg>();
    if (!header) continue;
    const auto attributes = reply.attributes<ifinfomsg>();
    out.push_back({.name = attributes.string(IFLA_IFNAME).value_or(""),
                   .alias = attributes.string(IFLA_IFALIAS).value_or(""),
                   .up = (header->ifi_flags & IFF_UP) != 0,
                   .mtu = attributes.u32(IFLA_MTU).value_or(0)});
  }
  return out;
}

void gather_network(Evidence& evidence) {
  auto socket = kernel::Socket::open(NETLINK_ROUTE);
  if (!socket) {
    evidence.no_underlay = socket.error().text;
    return;
  }
  evidence.devices = find_devices(*socket);
  const auto underlay = kernel::find_underlay(*socket, std::nullopt);
  if (underlay) evidence.underlay = *underlay;
  if (!underlay) evidence.no_underlay = underlay.error().text;
  const auto routes = kernel::foreign_routes(*socket);
  if (routes) evidence.routes = *routes;
}

/// What overlayd was told to take counts more than the default route.
void prefer_chosen_underlay(Evidence& evidence) {
  if (!evidence.daemon) return;
  const auto chosen = Ip::parse(evidence.daemon->status.node().underlay_address());
  auto socket = kernel::Socket::open(NETLINK_ROUTE);
  if (!chosen || !socket) return;
  const auto underlay = kernel::find_underlay(*socket, *chosen);
  if (underlay) evidence.underlay = *underlay;
  if (!underlay) {
    evidence.underlay.reset();
    evidence.no_underlay = underlay.error().text;
  }
}

void gather_wireguard(Evidence& evidence) {
  evidence.wireguard_module = kernel::open_wireguard("overlay.wg", kernel::wireguard_kind).has_value();
  evidence.wireguard_go = ::access(kernel::wireguard_go_path, X_OK) == 0;
}

void gather_settings(Evidence& evidence) {
  for (const std::string name :
       {"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/ipv6/conf/all/disable_ipv6",
        "net/ipv4/conf/all/rp_filter", "net/ipv4/conf/overlay.vx/rp_filter",
        "net/bridge/bridge-nf-call-iptables"}) {
    const auto value = kernel::read_sysctl(name);
    if (value) evidence.settings[name] = *value;
  }
}

void gather_echoes(Evidence& evidence) {
  if (!evidence.daemon || !evidence.underlay || !evidence.root) return;
  for (const auto& peer : evidence.daemon->peers.peers()) {
    if (peer.self() || peer.underlay_addresses().empty() || evidence.echoes.size() == echoes_max) continue;
    const auto address = Ip::parse(peer.underlay_addresses(0));
    if (address) evidence.echoes.push_back({.peer = peer.name(), .address = *address});
  }
  send_echoes(evidence.underlay->mtu, evidence.echoes);
}

/// Or where overlayd would make it.
std::filesystem::path existing_part(std::filesystem::path path) {
  std::error_code error;
  while (path.has_relative_path() && !std::filesystem::exists(path, error)) path = path.parent_path();
  return path;
}

void gather_files(const Places& places, Evidence& evidence) {
  evidence.state_dir = places.state_dir.string();
  std::error_code error;
  evidence.has_identity = std::filesystem::exists(places.state_dir / "identity", error);
  evidence.has_log = std::filesystem::exists(places.state_dir / "state.log", error);
  evidence.cni = look_at_cni(places);
  evidence.managers = find_managers("/");
  if (!evidence.root) return;
  const auto disk = try_disk(existing_part(places.state_dir));
  if (disk) evidence.disk = *disk;
  if (!disk) evidence.no_disk = disk.error().text;
  const auto secret = places.secret_file.empty() ? places.state_dir / "secret" : places.secret_file;
  if (!std::filesystem::exists(secret, error) && places.secret_file.empty()) return;
  const auto loaded = store::load_secret(secret);
  if (!loaded) evidence.secret_fault = loaded.error().text;
}

void gather_chains(Evidence& evidence) {
  constexpr std::uint16_t default_port = 4789;
  const auto port = evidence.daemon ? evidence.daemon->status.cluster().vxlan_port() : 0;
  auto socket = kernel::Socket::open(NETLINK_NETFILTER);
  if (!socket) return;
  const kernel::Marks marks{port == 0 ? default_port : static_cast<std::uint16_t>(port), pools(evidence)};
  const auto chains = kernel::foreign_chains(*socket, marks);
  if (chains) evidence.chains = *chains;
}

bool clock_is_synchronised() {
  timex question{};
  return ::adjtimex(&question) != TIME_ERROR && (question.status & STA_UNSYNC) == 0;
}

}  // namespace

void gather(const Places& places, Evidence& evidence) {
  evidence.root = ::geteuid() == 0;
  gather_network(evidence);
  prefer_chosen_underlay(evidence);
  gather_settings(evidence);
  gather_wireguard(evidence);
  gather_files(places, evidence);
  evidence.clock_synchronised = clock_is_synchronised();
  const char* const service = std::getenv("KUBERNETES_SERVICE_HOST");
  evidence.service_address = service != nullptr ? service : "";
  if (!evidence.daemon) evidence.taken_ports = try_ports(has_overlay(evidence));
  if (!evidence.root) return;
  evidence.kernel_lacks = try_kernel();
  gather_chains(evidence);
  gather_echoes(evidence);
}

}  // namespace overlay::doctor
