// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/status_screen.h"

#include <algorithm>
#include <vector>

#include "overlay/control/view.h"
#include "overlay/ctl/text.h"

namespace overlay::ctl {

namespace {

/// Aligned `key: value` lines in groups; a key left empty continues the line above.
class Screen {
 public:
  explicit Screen(const Look& look) : look_(look) {}

  void line(const std::string& key, const std::string& value, Tone tone = Tone::plain) {
    const std::string label = key.empty() ? "" : key + ":";
    out_ += label + std::string(value_column - label.size(), ' ');
    out_ += toned(value.empty() ? "-" : printable(value), tone, look_) + "\n";
  }
  void gap() { out_ += "\n"; }
  std::string text() const { return out_; }

 private:
  static constexpr std::size_t value_column = 13;  // after "waiting for: "
  const Look& look_;
  std::string out_;
};

/// "a, b" of the parts that are not empty.
std::string list(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) {
    if (!part.empty()) out += (out.empty() ? "" : ", ") + part;
  }
  return out;
}

std::string labelled(const std::string& label, const std::string& value) {
  return value.empty() ? "" : label + " " + value;
}

std::string count(double number, const std::string& what) {
  return whole(number) + " " + what + (number == 1 ? "" : "s");
}

void show_node(const v1::Status& status, const Look& look, Screen& screen) {
  const auto& node = status.node();
  const auto up = node.has_started() ? age(control::to_wall_time(node.started()), look.now) : "";
  screen.line("node", list({node.name(), labelled("version", node.version()), labelled("up", up)}));
  screen.line("id", node.id());
  screen.line("ready", node.ready() ? "yes" : "no", node.ready() ? Tone::good : Tone::bad);
  std::string key = "waiting for";
  for (const auto& reason : node.waiting_for()) {
    screen.line(key, reason, Tone::warning);
    key.clear();
  }
  screen.line("underlay", list({node.underlay_address(), labelled("zone", node.zone()),
                                labelled("MTU of pods", number_or_none(node.mtu()))}));
}

std::string pool_text(const v1::Status::Cluster& cluster) {
  std::vector<std::string> parts;
  for (const auto& pool : cluster.pools()) {
    const bool v6 = pool.find(':') != std::string::npos;
    parts.push_back(pool + " in blocks of /" +
                    std::to_string(v6 ? cluster.block_prefix6() : cluster.block_prefix()));
  }
  return list(parts);
}

void show_cluster(const v1::Status::Cluster& cluster, Screen& screen) {
  screen.line("cluster", cluster.id().empty() ? "none yet" : cluster.id());
  if (cluster.id().empty()) return;
  screen.line("pools", pool_text(cluster));
  screen.line("voters", list({cluster.voters().begin(), cluster.voters().end()}));
  if (cluster.encryption() != "wireguard") {
    screen.line("vxlan", list({labelled("VNI", number_or_none(cluster.vni())),
                               labelled("UDP port", number_or_none(cluster.vxlan_port()))}));
  }
  screen.line("encryption", cluster.encryption());
  if (cluster.authenticated()) {
    screen.line("joining", "for hosts that prove themselves");
  } else {
    screen.line("joining", "for whoever reaches the mesh port: it is not protected", Tone::warning);
  }
}

void show_unreachable(const v1::Status& status, const Look& look, Screen& screen) {
  for (const auto& peer : status.unreachable()) {
    screen.line("",
                peer.name() + " " + peer.state() + " for " +
                    age(control::to_wall_time(peer.since()), look.now) + ": " +
                    (peer.path().reason().empty() ? "no reason known" : peer.path().reason()),
                Tone::bad);
  }
  const auto& counts = status.peers();
  const auto told = static_cast<std::uint32_t>(status.unreachable_size());
  const auto untold = counts.known() - counts.reachable() - told;
  if (told == 0 || untold == 0) return;
  screen.line("", "and " + std::to_string(untold) + " more: overlayctl peers", Tone::bad);
}

std::string path_text(const v1::Status::Paths& paths) {
  const auto part = [](std::uint32_t number, const char* kind) {
    return number == 0 ? "" : std::to_string(number) + " " + kind;
  };
  const auto text = list({part(paths.vxlan(), "vxlan"), part(paths.direct(), "direct"),
                          part(paths.wireguard(), "wireguard"), part(paths.relay(), "relay"),
                          part(paths.down(), "not up")});
  return text.empty() ? "none" : text;
}

void show_peers(const v1::Status& status, const Look& look, Screen& screen) {
  const auto& counts = status.peers();
  screen.line("peers",
              std::to_string(counts.reachable()) + " of " + std::to_string(counts.known()) + " reachable",
              counts.reachable() == counts.known() ? Tone::plain : Tone::bad);
  show_unreachable(status, look, screen);
  const auto& links = status.links();
  screen.line("links", list({std::to_string(links.established()) + " established",
                             links.retrying() == 0 ? "" : std::to_string(links.retrying()) + " retrying"}));
  screen.line("paths", path_text(status.paths()));
  const auto& ipam = status.ipam();
  screen.line("addresses", whole(ipam.addresses()) + " of " + whole(ipam.capacity()) + " in use, in " +
                               count(ipam.blocks(), "block"));
}

void show_alarms(const v1::Status& status, const Look& look, Screen& screen) {
  if (status.alarms().empty()) return screen.line("alarms", "none");
  std::string key = "alarms";
  for (const auto& alarm : status.alarms()) {
    screen.line(
        key,
        alarm.name() + " for " + age(control::to_wall_time(alarm.since()), look.now) + ": " + alarm.text(),
        Tone::bad);
    key.clear();
  }
}

}  // namespace

bool is_well(const v1::Status& status) { return status.node().ready() && status.alarms().empty(); }

std::string show(const v1::Status& status, const Look& look) {
  Screen screen(look);
  show_node(status, look, screen);
  screen.gap();
  show_cluster(status.cluster(), screen);
  screen.gap();
  show_peers(status, look, screen);
  screen.gap();
  show_alarms(status, look, screen);
  return screen.text();
}

}  // namespace overlay::ctl
