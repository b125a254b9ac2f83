// SPDX-License-Identifier: Apache-2.0
// Whole meshes in one process over a lossless wire. Effects are carried out at once; time moves only when
// nothing is left to do. Faults are the simulator's.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "overlay/mesh/mesh.h"

namespace overlay::mesh {

inline wire::Record genesis_by(const KeyPair& founder, std::uint8_t nonce = 1) {
  consensus::Genesis genesis;
  genesis.pools = {Prefix::parse("10.32.0.0/12").value()};
  genesis.voters = {founder.public_key};
  genesis.nonce = Nonce{{nonce}};
  return wire::seal(genesis, {}, founder, ClusterId{});
}

class Net {
 public:
  struct Host {
    Host(std::uint8_t number, std::vector<HostPort> join)
        : rng(number),
          mesh({KeyPair::from_seed(SecretSeed{{number}}),
                KeyPair::from_seed(SecretSeed{{number}}).node_id(),
                "h" + std::to_string(number),
                "0.1.0",
                1,
                {},
                {}},
               std::move(join), rng, out, [this](const wire::Record& record) { return judge(record); }) {}
    std::function<Status(const wire::Record&)> judge = [](const wire::Record&) { return Status(); };
    Rng rng;
    Outbox out;
    Mesh mesh;
    std::vector<std::string> events;
    bool cut = false;  // from everybody
    int side = 0;      // hosts of different sides are cut off from each other
  };

  Host& add(std::uint8_t number, std::vector<std::uint8_t> join) {
    std::vector<HostPort> targets;
    for (const auto other : join) targets.push_back({address(other).text(), 6783});
    hosts_[number] = std::make_unique<Host>(number, targets);
    hosts_[number]->mesh.start(now);
    return *hosts_[number];
  }
  Host& host(std::uint8_t number) { return *hosts_.at(number); }

  void describe(std::uint8_t number) {
    host(number).mesh.describe(
        {"h" + std::to_string(number), "", "0.1.0", {{address(number), 6783}}, {address(number)}, {}, 0, ""},
        now);
  }
  void found(std::uint8_t number) {
    host(number).mesh.adopt(genesis_by(host(number).mesh.self().identity, number), {}, now);
    describe(number);
  }

  /// Moves time on to `until`, doing all there is to do on the way.
  void run(Duration length) {
    const Time until = now + length;
    for (;;) {
      carry_out();
      Time next = until;
      for (const auto& [number, host] : hosts_) next = std::min(next, host->mesh.next_deadline());
      if (next >= until) break;
      now = std::max(now, next);
      for (const auto& [number, host] : hosts_) host->mesh.tick(now);
    }
    now = until;
  }

  /// What all hosts have sent by now.
  struct Traffic {
    std::size_t bytes = 0;
    std::map<std::size_t, std::size_t> frames;  // by kind, Message::index()
    std::size_t records = 0;
  };
  Traffic traffic;
  template <class Kind>
  std::size_t frames() const {
    const auto found = traffic.frames.find(wire::Message(Kind()).index());
    return found == traffic.frames.end() ? 0 : found->second;
  }

  Time now{};
  Bytes stranger;  // on the way of every connection: what the two ends see differs by this
  std::map<std::uint8_t, NodeId> certificates;  // of which node that is which a host shows; absent: none

 private:
  struct End {
    std::uint8_t host;
    SessionId session;
    auto operator<=>(const End&) const = default;
  };

  bool apart(std::uint8_t a, std::uint8_t b) const {
    return hosts_.at(a)->cut || hosts_.at(b)->cut || hosts_.at(a)->side != hosts_.at(b)->side;
  }
  std::optional<NodeId> certificate(std::uint8_t number) const {
    const auto found = certificates.find(number);
    return found == certificates.end() ? std::nullopt : std::optional(found->second);
  }
  static Ip address(std::uint8_t number) { return Ip::v4(0xc0000200U + number); }

  void carry_out() {
    for (bool busy = true; busy;) {
      busy = false;
      for (const auto& [number, host] : hosts_) {
        for (const Effect& effect : std::exchange(host->out, {})) {
          busy = true;
          std::visit([&, from = number](const auto& e) { carry_out(from, e); }, effect);
        }
        for (wire::Record& genesis : host->mesh.take_genesis()) {
          if (host->mesh.self().cluster.is_zero()) {
            host->mesh.adopt(genesis, {}, now);
            describe(number);
          }
        }
      }
    }
  }
  void carry_out(std::uint8_t from, const Dial& dial) {
    for (const auto& [number, host] : hosts_) {
      if (address(number).text() != dial.target.host || apart(from, number)) continue;
      const Bytes binding = "connection " + std::to_string(dial.session);
      const Channel to_called{binding + stranger, certificate(from)};
      const Channel to_caller{binding, certificate(number)};
      const SessionId other = host->mesh.accepted({address(from), 40000}, to_called, now);
      other_end_[{from, dial.session}] = {number, other};
      other_end_[{number, other}] = {from, dial.session};
      this->host(from).mesh.connected(dial.session, to_caller, now);
      return;
    }
    host(from).mesh.closed(dial.session, fail(Errc::unavailable, "connection refused"), now);
  }
  void carry_out(std::uint8_t from, const Send& send) {
    host(from).mesh.written(send.session, send.frame.size(), now);
    count(send.frame);
    const auto found = other_end_.find({from, send.session});
    if (found == other_end_.end() || apart(from, found->second.host)) return;
    host(found->second.host).mesh.received(found->second.session, send.frame, now);
  }
  void count(const Bytes& frame) {
    traffic.bytes += frame.size();
    const auto message = wire::decode(frame);
    if (!message) return;
    ++traffic.frames[message->index()];
    if (const auto* records = std::get_if<wire::Records>(&*message))
      traffic.records += records->envelopes.size();
  }
  void carry_out(std::uint8_t from, const Close& close) {
    const auto found = other_end_.find({from, close.session});
    if (found == other_end_.end()) return;
    const End other = found->second;
    other_end_.erase(found);
    other_end_.erase(other);
    if (apart(from, other.host)) return;
    host(other.host).mesh.closed(other.session, fail(Errc::unavailable, "closed by the peer"), now);
  }
  void carry_out(std::uint8_t, const Admit&) {}
  void carry_out(std::uint8_t from, const Event& event) {
    host(from).events.push_back(event.kind + " " + event.subject + " " + event.to + " " + event.text);
  }

  std::map<std::uint8_t, std::unique_ptr<Host>> hosts_;
  std::map<End, End> other_end_;
};

}  // namespace overlay::mesh
