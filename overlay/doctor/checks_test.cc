// SPDX-License-Identifier: Apache-2.0
// Each check is well on a host where all is, and not where its one fault is planted.
#include "overlay/doctor/checks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "overlay/plan/objects.h"

namespace overlay::doctor {
namespace {

using State = Finding::State;

void add_peer(Answers& answers, const std::string& name, const std::string& address) {
  auto& peer = *answers.peers.add_peers();
  peer.set_name(name);
  peer.set_self(name == "h1");
  peer.set_state("reachable");
  peer.set_version("0.1.0");
  peer.add_underlay_addresses(address);
}

Answers well_answers() {
  Answers out;
  out.status.mutable_node()->set_ready(true);
  out.status.mutable_cluster()->set_authenticated(true);
  out.status.mutable_cluster()->add_voters("h1");
  out.status.mutable_cluster()->add_pools("10.32.0.0/12");
  out.status.mutable_ipam()->set_capacity(255);
  out.ipam.add_pools()->set_free_blocks(4000);
  for (const auto& [name, address] :
       {std::pair{"h1", "192.0.2.1"}, {"h2", "192.0.2.2"}, {"h3", "192.0.2.3"}}) {
    add_peer(out, name, address);
  }
  return out;
}

Evidence well() {
  Evidence out;
  out.root = true;
  out.daemon = well_answers();
  for (const char* name : {"overlay0", "overlay.vx"}) {
    out.devices.push_back({.name = name, .alias = plan::alias_of(ClusterId{}), .up = true, .mtu = 1450});
  }
  out.underlay = plan::Underlay{Ip::parse("192.0.2.1").value(), 1500};
  out.settings = {{"net/ipv4/ip_forward", "1"},
                  {"net/ipv6/conf/all/forwarding", "1"},
                  {"net/ipv6/conf/all/disable_ipv6", "0"}};
  out.echoes = {{"h2", Ip::parse("192.0.2.2").value(), true, true}};
  out.state_dir = "/var/lib/overlay";
  out.has_identity = out.has_log = true;
  out.disk = Disk{std::uint64_t{1} << 30, std::chrono::milliseconds(2)};
  out.cni = {{"10-overlay.conflist"}, "", true};
  out.clock_synchronised = true;
  return out;
}

plan::ForeignChain dropping(plan::ForeignChain::Hook hook, const std::string& table,
                            const std::string& name) {
  plan::ForeignChain out;
  out.hook = hook;
  out.table = table;
  out.name = name;
  out.drops = true;
  return out;
}

struct Fault {
  const char* check;
  State state;
  const char* words;  // of the finding's text
  std::function<void(Evidence&)> plant;
};

std::ostream& operator<<(std::ostream& out, const Fault& fault) {
  return out << fault.check << ": " << fault.words;
}

Findings judge(const std::string& name, const Evidence& evidence) {
  return std::ranges::find_if(checks(), [&](const Check& check) { return check.name == name; })
      ->judge(evidence);
}

const std::vector<Fault> faults_of_the_host{
    {"kernel", State::fail, "no vxlan", [](Evidence& e) { e.kernel_lacks = "no vxlan"; }},
    {"kernel", State::warn, "takes root", [](Evidence& e) { e.root = false; }},
    {"names", State::fail, "overlay0", [](Evidence& e) { e.devices[0].alias = ""; }},
    {"devices", State::fail, "overlay.vx is down", [](Evidence& e) { e.devices[1].up = false; }},
    {"underlay", State::fail, "no default route",
     [](Evidence& e) { e.underlay.reset(), e.no_underlay = "no default route"; }},
    {"mtu", State::fail, "carries 1400", [](Evidence& e) { e.underlay->mtu = 1400; }},
    {"mtu", State::fail, "WireGuard adds 60", [](Evidence& e) { e.devices[1].name = "overlay.wg"; }},
    {"encryption", State::fail, "neither the kernel's wireguard module nor wireguard-go",
     [](Evidence& e) { e.daemon->status.mutable_cluster()->set_encryption("wireguard"); }},
    {"path-mtu", State::fail, "h2", [](Evidence& e) { e.echoes[0].full = false; }},
    {"ports", State::fail, "TCP 6783",
     [](Evidence& e) {
       e.taken_ports = {{"TCP 6783", "--listen", "in use"}};
     }},
    {"forwarding", State::fail, "ip_forward", [](Evidence& e) { e.settings["net/ipv4/ip_forward"] = "0"; }},
    {"forwarding", State::fail, "ipv6",
     [](Evidence& e) {
       e.daemon->status.mutable_cluster()->add_pools("fd32::/48");
       e.settings["net/ipv6/conf/all/forwarding"] = "0";
     }},
    {"reverse-path", State::warn, "strict",
     [](Evidence& e) { e.settings["net/ipv4/conf/overlay.vx/rp_filter"] = "1"; }},
    {"forward-policy", State::fail, "ip filter FORWARD",
     [](Evidence& e) { e.chains = {dropping(plan::ForeignChain::Hook::forward, "ip filter", "FORWARD")}; }},
    {"input-policy", State::warn, "inet f in",
     [](Evidence& e) { e.chains = {dropping(plan::ForeignChain::Hook::input, "inet f", "in")}; }},
    {"bridge-netfilter", State::warn, "is 1",
     [](Evidence& e) { e.settings["net/bridge/bridge-nf-call-iptables"] = "1"; }},
    {"ipv6", State::fail, "IPv6 is off",
     [](Evidence& e) {
       e.daemon->status.mutable_cluster()->add_pools("fd32::/48");
       e.settings["net/ipv6/conf/all/disable_ipv6"] = "1";
     }},
    {"routes", State::fail, "10.40.0.0/16",
     [](Evidence& e) {
       e.routes = {{Prefix::parse("10.40.0.0/16").value(), "eth0"}};
     }},
    {"routes", State::warn, "10.0.0.0/8",
     [](Evidence& e) {
       e.routes = {{Prefix::parse("10.0.0.0/8").value(), "eth0"}};
     }},
    {"routes", State::fail, "10.32.0.9",
     [](Evidence& e) { e.underlay->address = Ip::parse("10.32.0.9").value(); }},
    {"services", State::fail, "10.43.0.1", [](Evidence& e) { e.service_address = "10.43.0.1"; }},
    {"managers", State::warn, "NetworkManager",
     [](Evidence& e) {
       e.managers = {{"NetworkManager", false}};
     }},
    {"cni-configuration", State::fail, "00-other.conf",
     [](Evidence& e) {
       e.cni.configurations = {"00-other.conf", "10-overlay.conflist"};
     }},
    {"cni-configuration", State::fail, "no JSON", [](Evidence& e) { e.cni.fault = "it is no JSON"; }},
    {"cni-configuration", State::warn, "there is no", [](Evidence& e) { e.cni.configurations.clear(); }},
    {"cni-plugin", State::fail, "no pod starts", [](Evidence& e) { e.cni.plugin = false; }},
    {"state", State::fail, "state.log was lost", [](Evidence& e) { e.has_log = false; }},
    {"state", State::fail, "the identity was lost", [](Evidence& e) { e.has_identity = false; }},
    {"disk", State::fail, "1 MiB left", [](Evidence& e) { e.disk->free_bytes = 1 << 20; }},
    {"disk", State::warn, "500 ms", [](Evidence& e) { e.disk->sync = std::chrono::milliseconds(500); }},
    {"disk", State::fail, "read-only",
     [](Evidence& e) { e.disk.reset(), e.no_disk = "read-only file system"; }},
    {"secret-file", State::fail, "others", [](Evidence& e) { e.secret_fault = "open to others"; }},
    {"clock", State::warn, "not synchronised", [](Evidence& e) { e.clock_synchronised = false; }},
};

const std::vector<Fault> faults_of_the_cluster{
    {"daemon", State::fail, "cannot be reached",
     [](Evidence& e) { e.daemon.reset(), e.no_daemon = "overlayd cannot be reached"; }},
    {"daemon", State::fail, "a block",
     [](Evidence& e) { e.daemon->status.mutable_node()->add_waiting_for("a block of addresses"); }},
    {"alarms", State::fail, "fight", [](Evidence& e) { e.daemon->status.add_alarms()->set_name("fight"); }},
    {"peers", State::fail, "h2 is unreachable",
     [](Evidence& e) { e.daemon->peers.mutable_peers(1)->set_state("unreachable"); }},
    {"voters", State::fail, "0 of 1 voters are reachable, without h9",
     [](Evidence& e) { e.daemon->status.mutable_cluster()->set_voters(0, "h9"); }},
    {"secrets", State::fail, "192.0.2.3",
     [](Evidence& e) {
       auto& link = *e.daemon->links.add_links();
       link.set_address("192.0.2.3:6783");
       link.set_error("it holds another secret; give both the same --secret-file");
     }},
    {"secrets", State::warn, "--insecure",
     [](Evidence& e) { e.daemon->status.mutable_cluster()->set_authenticated(false); }},
    {"clones", State::fail, "two hosts are called h2",
     [](Evidence& e) { e.daemon->peers.mutable_peers(2)->set_name("h2"); }},
    {"clones", State::fail, "h2 and h3",
     [](Evidence& e) { e.daemon->peers.mutable_peers(2)->set_underlay_addresses(0, "192.0.2.2"); }},
    {"versions", State::warn, "0.1.0, 0.2.0",
     [](Evidence& e) { e.daemon->peers.mutable_peers(1)->set_version("0.2.0"); }},
    {"addresses", State::fail, "no free block",
     [](Evidence& e) { e.daemon->ipam.mutable_pools(0)->set_free_blocks(0); }},
    {"addresses", State::warn, "nine tenths",
     [](Evidence& e) { e.daemon->status.mutable_ipam()->set_addresses(250); }},
    {"objects", State::fail, "route 10.32.1.0/24: missing",
     [](Evidence& e) {
       auto& object = *e.daemon->routes.add_objects();
       object.set_kind("route");
       object.set_key("10.32.1.0/24");
       object.set_state("missing");
     }},
};

class DoctorTest : public testing::TestWithParam<Fault> {};

TEST_P(DoctorTest, FindsTheFaultAndNamesTheCure) {
  const Fault& fault = GetParam();
  Evidence evidence = well();
  fault.plant(evidence);
  const Findings findings = judge(fault.check, evidence);
  ASSERT_EQ(findings.size(), 1U) << findings.front().text;
  EXPECT_EQ(findings.front().state, fault.state);
  EXPECT_NE(findings.front().text.find(fault.words), std::string::npos) << findings.front().text;
  EXPECT_NE(findings.front().cure, "");
}

INSTANTIATE_TEST_SUITE_P(OfTheHost, DoctorTest, testing::ValuesIn(faults_of_the_host));
INSTANTIATE_TEST_SUITE_P(OfTheCluster, DoctorTest, testing::ValuesIn(faults_of_the_cluster));

TEST(Doctor, FindsNothingWhereAllIsWell) {
  for (const Check& check : checks()) {
    const Findings findings = check.judge(well());
    ASSERT_EQ(findings.size(), 1U) << check.name;
    EXPECT_EQ(findings.front().state, State::ok) << check.name << ": " << findings.front().text;
  }
}

TEST(Doctor, EveryCheckHasAFaultThatItFinds) {
  for (const Check& check : checks()) {
    const auto has = [&](const std::vector<Fault>& faults) {
      return std::ranges::any_of(faults,
                                 [&](const Fault& fault) { return std::string(fault.check) == check.name; });
    };
    EXPECT_TRUE(has(faults_of_the_host) || has(faults_of_the_cluster)) << check.name;
  }
}

TEST(Doctor, WithoutADaemonOnlyThatIsWrong) {
  Evidence evidence = well();
  evidence.daemon.reset();
  evidence.no_daemon = "overlayd cannot be reached";
  for (const Check& check : checks()) {
    const bool ok = check.judge(evidence).front().state == State::ok;
    EXPECT_EQ(ok, std::string(check.name) != "daemon") << check.name;
  }
}

}  // namespace
}  // namespace overlay::doctor
