// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/condition.h"

#include <algorithm>
#include <charconv>

#include "overlay/ctl/views.h"

namespace overlay::ctl {

namespace {

using Sentences = std::vector<std::string>;

void add_unready(const v1::Status& status, Sentences& out) {
  if (status.node().ready()) return;
  for (const auto& reason : status.node().waiting_for()) out.push_back("not ready: waiting for " + reason);
  if (status.node().waiting_for().empty()) out.push_back("not ready");
}

void add_unreachable(const v1::Peers& peers, Sentences& out) {
  for (const auto& peer : peers.peers()) {
    if (peer.self() || peer.state() != "unreachable") continue;
    const auto& reason = peer.path().reason();
    out.push_back("peer " + peer.name() + " is unreachable" + (reason.empty() ? "" : ": " + reason));
  }
}

void add_differing(const v1::Routes& routes, Sentences& out) {
  for (const auto& object : routes.objects()) {
    if (differs(object)) out.push_back(object.kind() + " " + object.key() + ": " + object.state());
  }
}

void add_path(const v1::Peers& peers, const std::string& name, Sentences& out) {
  const auto peer = std::ranges::find(peers.peers(), name, &v1::Peer::name);
  if (peer == peers.peers().end()) {
    out.push_back("no peer " + name + " is known");
  } else if (!peer->self() && peer->path().state() != "up") {
    const auto& reason = peer->path().reason();
    out.push_back("the path to " + name + " is " + peer->path().state() +
                  (reason.empty() ? "" : ": " + reason));
  }
}

}  // namespace

Result<Condition> parse_condition(std::string_view text) {
  if (text == "ready") return Condition{Condition::Kind::ready};
  if (text == "synced") return Condition{Condition::Kind::synced};
  constexpr std::string_view peers = "peers=";
  if (text.starts_with(peers)) {
    Condition out{Condition::Kind::peers};
    const auto number = text.substr(peers.size());
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), out.count);
    if (error == std::errc{} && end == number.data() + number.size()) return out;
  }
  constexpr std::string_view path = "path=";
  if (text.starts_with(path) && text.size() > path.size()) {
    return Condition{Condition::Kind::path, 0, std::string(text.substr(path.size()))};
  }
  return fail(Errc::invalid,
              "\"" + std::string(text) + "\" cannot be waited for: give ready, synced, peers=N or path=NAME");
}

Sentences missing(const Condition& condition, const Seen& seen) {
  Sentences out;
  if (condition.kind == Condition::Kind::peers) {
    const auto reachable = seen.status.peers().reachable();
    if (reachable < condition.count) {
      out.push_back(std::to_string(reachable) + " of " + std::to_string(condition.count) +
                    " peers are reachable");
    }
    return out;
  }
  if (condition.kind == Condition::Kind::path) {
    add_path(seen.peers, condition.name, out);
    return out;
  }
  add_unready(seen.status, out);
  if (condition.kind == Condition::Kind::synced) {
    add_unreachable(seen.peers, out);
    add_differing(seen.routes, out);
  }
  return out;
}

}  // namespace overlay::ctl
