// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/views.h"

#include <google/protobuf/repeated_ptr_field.h>

#include <algorithm>

#include "overlay/control/view.h"
#include "overlay/ctl/text.h"

namespace overlay::ctl {

namespace {

using Kind = Column::Kind;
using Texts = google::protobuf::RepeatedPtrField<std::string>;

Tone tone_of(const std::string& state) {
  for (const auto* good : {"reachable", "established", "up", "ok"}) {
    if (state == good) return Tone::good;
  }
  for (const auto* bad : {"unreachable", "down", "missing", "differs", "extra", "error"}) {
    if (state == bad) return Tone::bad;
  }
  for (const auto* warning : {"retrying", "quarantine", "unknown", "warning"}) {
    if (state == warning) return Tone::warning;
  }
  return Tone::plain;
}

Cell state_cell(const std::string& state) { return {state, tone_of(state)}; }

std::string age_of(const google::protobuf::Timestamp& since, const Look& look) {
  return age(control::to_wall_time(since), look.now);
}

/// All of them when wide, else the first and how many more there are.
std::string some_of(const Texts& texts, const Look& look) {
  if (texts.empty()) return {};
  if (!look.wide) {
    return texts.size() == 1 ? texts.Get(0) : texts.Get(0) + "+" + std::to_string(texts.size() - 1);
  }
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : ",") + text;
  return out;
}

/// "direct", "relay via h3".
template <class Path>
std::string way(const Path& path) {
  return path.relay().empty() ? path.kind() : path.kind() + " via " + path.relay();
}

std::string bytes(double count, const Look& look) { return look.wide ? whole(count) : byte_count(count); }

Table pool_table(const v1::Ipam& ipam) {
  Table table({{"POOL"}, {"BLOCKS", Kind::number}, {"FREE", Kind::number}});
  for (const auto& pool : ipam.pools()) {
    table.add({pool.prefix(), whole(pool.blocks()), whole(pool.free_blocks())});
  }
  return table;
}

Table block_table(const v1::Ipam& ipam, const std::string& self) {
  Table table(
      {{"BLOCK"}, {"OWNER"}, {"EPOCH"}, {"STATE"}, {"USED", Kind::number}, {"CAPACITY", Kind::number}});
  for (const auto& block : ipam.blocks()) {
    const bool own = !self.empty() && block.owner() == self;
    table.add({block.prefix(), block.owner(), whole(block.epoch().term()) + "." + whole(block.epoch().seq()),
               state_cell(block.state()), own ? whole(block.addresses()) : "", whole(block.capacity())});
  }
  return table;
}

/// What there is to know beyond the state, in one sentence.
std::string detail(const v1::Routes::Object& object) {
  if (object.state() == "missing") return "wants " + object.desired();
  if (object.state() == "differs") return "has " + object.observed() + ", wants " + object.desired();
  return object.observed();
}

std::string change(const v1::Event& event) {
  if (event.from().empty() && event.to().empty()) return {};
  const auto or_none = [](const std::string& text) { return text.empty() ? "-" : printable(text); };
  return or_none(event.from()) + " -> " + or_none(event.to());
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, display_width(text)), ' ');
}

}  // namespace

bool differs(const v1::Routes::Object& object) { return object.state() != "ok"; }

std::string show(const v1::Peers& peers, const Look& look) {
  std::vector<Column> columns{{"NAME"},
                              {"STATE"},
                              {"ADDRESS"},
                              {"ZONE"},
                              {"BLOCKS"},
                              {"PATH"},
                              {"RTT", Kind::number},
                              {"LOSS", Kind::number},
                              {"MTU", Kind::number},
                              {"VERSION"},
                              {"AGE", Kind::number}};
  if (look.wide) columns.push_back({"ID"});
  columns.push_back({"REASON", Kind::remark});
  Table table(columns);
  for (const auto& peer : peers.peers()) {
    const auto& path = peer.path();
    const bool up = path.state() == "up";
    std::vector<Cell> row{peer.name(),
                          peer.self() ? Cell("self") : state_cell(peer.state()),
                          some_of(peer.underlay_addresses(), look),
                          peer.zone(),
                          some_of(peer.blocks(), look),
                          way(path),
                          latency(path.rtt_seconds()),
                          up ? percent(path.loss()) : "",
                          number_or_none(path.mtu()),
                          peer.version(),
                          peer.has_since() ? age_of(peer.since(), look) : ""};
    if (look.wide) row.emplace_back(peer.id());
    row.emplace_back(path.reason());
    table.add(std::move(row));
  }
  return table.text(look);
}

std::string show(const v1::Paths& paths, const Look& look) {
  Table table({{"PEER"},
               {"PATH"},
               {"STATE"},
               {"AGE", Kind::number},
               {"RTT", Kind::number},
               {"LOSS", Kind::number},
               {"MTU", Kind::number},
               {"REASON", Kind::remark}});
  for (const auto& path : paths.paths()) {
    const bool seen = path.has_since();
    table.add({path.peer(), way(path), state_cell(path.state()), seen ? age_of(path.since(), look) : "",
               latency(path.rtt_seconds()), seen ? percent(path.loss()) : "", number_or_none(path.mtu()),
               path.reason()});
  }
  return table.text(look);
}

std::string show(const v1::Links& links, const Look& look) {
  Table table({{"PEER"},
               {"ADDRESS"},
               {"DIRECTION"},
               {"STATE"},
               {"AGE", Kind::number},
               {"RTT", Kind::number},
               {"RECEIVED", Kind::number},
               {"SENT", Kind::number},
               {"ERROR", Kind::remark}});
  for (const auto& link : links.links()) {
    table.add({link.peer(), link.address(), Cell(link.outbound() ? "out" : "in"), state_cell(link.state()),
               age_of(link.since(), look), latency(link.rtt_seconds()), bytes(link.rx_bytes(), look),
               bytes(link.tx_bytes(), look), link.error()});
  }
  return table.text(look);
}

std::string show(const v1::Ipam& ipam, const std::string& self, const Look& look) {
  return pool_table(ipam).text(look) + "\n" + block_table(ipam, self).text(look);
}

std::string show(const v1::Addresses& addresses, const Look& look) {
  Table table({{"ADDRESS"}, {"NETWORK"}, {"INTERFACE"}, {"AGE", Kind::number}, {"CONTAINER"}});
  for (const auto& address : addresses.addresses()) {
    table.add({address.address(), address.network(), address.interface(), age_of(address.since(), look),
               address.container()});
  }
  return table.text(look);
}

std::string show(const v1::Routes& routes, bool only_differing, const Look& look) {
  std::vector<Column> columns{{"KIND"}, {"KEY"}, {"PEER"}, {"STATE"}};
  if (look.wide) columns.push_back({"DESIRED"});
  columns.push_back({look.wide ? "OBSERVED" : "DETAIL", Kind::remark});
  Table table(columns);
  for (const auto& object : routes.objects()) {
    if (only_differing && !differs(object)) continue;
    std::vector<Cell> row{object.kind(), object.key(), object.peer(), state_cell(object.state())};
    if (look.wide) row.emplace_back(object.desired());
    row.emplace_back(look.wide ? object.observed() : detail(object));
    table.add(std::move(row));
  }
  if (only_differing && table.empty()) {
    return "nothing differs: " + std::to_string(routes.objects_size()) + " objects are as desired\n";
  }
  return table.text(look);
}

std::string show(const v1::Event& event, const Look& look) {
  std::string line = timestamp(control::to_wall_time(event.time()));
  line += "  " + toned(padded(printable(event.level()), 7), tone_of(event.level()), look);
  line += "  " + padded(printable(event.kind()), 8);
  for (const auto& part : {printable(event.subject()), change(event), printable(event.text())}) {
    if (!part.empty()) line += "  " + part;
  }
  return line + "\n";
}

std::string show(const v1::Version& daemon) {
  return "overlayd   " + printable(daemon.version()) + ", protocol " + std::to_string(daemon.protocol_min()) +
         " to " + std::to_string(daemon.protocol_max()) + "\n";
}

}  // namespace overlay::ctl
