// SPDX-License-Identifier: Apache-2.0
#include "overlay/sim/network.h"

#include <algorithm>

#include "overlay/sim/connection.h"

namespace overlay::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::size_t send_buffer_bytes = 256 * 1024;
constexpr auto to_kernel = microseconds(10);
/// How soon a frame is looked at again that its reader is not ready for.
constexpr auto read_again = microseconds(100);
constexpr auto name_again = milliseconds(20);

}  // namespace

void Network::attach(Station& station, std::size_t zone) {
  const auto index = static_cast<std::uint32_t>(stations_.size());
  stations_.push_back(&station);
  zones_.push_back(zone);
  addresses_.push_back(Ip::v4(0xc0000201U + index));  // 192.0.2.1
}

std::optional<HostIndex> Network::resolve(const std::string& name) const {
  for (HostIndex host = 0; host < stations_.size(); ++host) {
    if (name == host_name(host) || name == addresses_[host].text()) return host;
  }
  return std::nullopt;
}

std::optional<HostIndex> Network::at(const Ip& address) const {
  const auto found = std::ranges::find(addresses_, address);
  if (found == addresses_.end()) return std::nullopt;
  return static_cast<HostIndex>(found - addresses_.begin());
}

Duration Network::latency(HostIndex from, HostIndex to) {
  if (from == to) return microseconds(20);
  const auto extra = slow_.find(std::minmax(from, to));
  const Duration more = extra == slow_.end() ? Duration{} : extra->second;
  if (zones_[from] == zones_[to]) return more + rng_.between(microseconds(80), microseconds(600));
  return more + rng_.between(milliseconds(8), milliseconds(20));
}

Network::Connection* Network::find(ConnectionId id) {
  const auto at = connections_.find(id);
  return at == connections_.end() ? nullptr : &at->second;
}

Network::Side* Network::find(HostIndex host, mesh::SessionId session, Where* where) {
  const auto at = by_session_.find({host, session});
  if (at == by_session_.end()) return nullptr;
  if (where != nullptr) *where = at->second;
  return &connections_.at(at->second.connection).sides[at->second.side];
}

// ---- dialling ----

void Network::dial(HostIndex host, mesh::SessionId session, const HostPort& target) {
  log_.add(queue_.time(), host, "dial", target.text());
  const ConnectionId id = next_connection_++;
  auto& side = connections_[id].sides[0];
  side.host = host;
  side.session = session;
  side.open = side.named = true;
  by_session_[{host, session}] = {id, 0};
  const auto to = resolve(target.host);
  if (!to) {
    queue_.after(milliseconds(5), [this, id] { fail_dial(id, "there is no host of that name"); });
    return;
  }
  queue_.after(latency(host, *to), [this, id, to = *to, port = target.port] { syn_arrived(id, to, port); });
  queue_.after(connect_timeout, [this, id] {
    const auto* connection = find(id);
    if (connection != nullptr && !connection->accepted) fail_dial(id, "no answer within 5 s");
  });
}

void Network::syn_arrived(ConnectionId id, HostIndex target, std::uint16_t port) {
  const auto* connection = find(id);
  if (connection == nullptr) return;
  const HostIndex from = connection->sides[0].host;
  if (!passes(from, target) || !passes(target, from) || !stations_[target]->powered()) return;
  if (port == mesh_port && stations_[target]->listening()) return accept(id, target);
  queue_.after(latency(target, from), [this, id] { fail_dial(id, "connection refused"); });
}

void Network::accept(ConnectionId id, HostIndex target) {
  auto& connection = connections_.at(id);
  connection.accepted = true;
  const HostIndex from = connection.sides[0].host;
  const Time back = queue_.time() + latency(target, from);
  auto& side = connection.sides[1];
  side.host = target;
  side.open = true;
  side.not_before = back;
  const Endpoint remote{addresses_[from], next_port_};
  next_port_ = next_port_ == 60999 ? 32768 : static_cast<std::uint16_t>(next_port_ + 1);
  queue_.at(back, [this, id, seen = Endpoint{addresses_[target], mesh_port}] { established(id, seen); });
  stations_[target]->accept(remote,
                            [this, id, target](mesh::SessionId session) { named(id, target, session); });
}

/// A frozen machine takes a connection that may have ended long before.
void Network::named(ConnectionId id, HostIndex host, mesh::SessionId session) {
  auto* connection = find(id);
  if (connection == nullptr) {
    queue_.after({}, [this, host, session] {
      stations_[host]->closed(session, fail(Errc::unavailable, "closed by the peer"));
    });
    return;
  }
  connection->sides[1].session = session;
  connection->sides[1].named = true;
  by_session_[{host, session}] = {id, 1};
}

void Network::established(ConnectionId id, const Endpoint& remote) {
  const auto* connection = find(id);
  if (connection == nullptr || !connection->sides[0].open) return;
  stations_[connection->sides[0].host]->connected(connection->sides[0].session, remote);
}

void Network::fail_dial(ConnectionId id, const std::string& reason) {
  if (find(id) != nullptr) end(id, reason);
}

// ---- what is said on a connection ----

void Network::send(HostIndex host, mesh::SessionId session, const Bytes& frame) {
  Where where{};
  auto* side = find(host, session, &where);
  if (side == nullptr) return;  // it ended while this was being written to disk
  side->unsent.push_back(frame);
  side->unsent_bytes += frame.size();
  most_unsent_ = std::max(most_unsent_, side->unsent_bytes);
  pump(where);
}

void Network::admit(HostIndex host, mesh::SessionId session) {
  if (auto* side = find(host, session)) side->admitted = true;
}

void Network::close(HostIndex host, mesh::SessionId session) {
  Where where{};
  auto* side = find(host, session, &where);
  if (side == nullptr) return;
  log_.add(queue_.time(), host, "close", std::to_string(session));
  shut(*side);
  if (!connections_.at(where.connection).accepted) {
    connections_.erase(where.connection);
    return;
  }
  side->ending = true;
  pump(where);
}

/// Its user hears and says nothing more.
void Network::shut(Side& side) {
  side.open = false;
  by_session_.erase({side.host, side.session});
}

/// Fills the send buffer from what waits for it.
void Network::pump(const Where& from) {
  auto& connection = connections_.at(from.connection);
  auto& side = connection.sides[from.side];
  const HostIndex to = connection.sides[1 - from.side].host;
  while (!side.unsent.empty() && side.sent_bytes < send_buffer_bytes) {
    const std::size_t size = side.unsent.front().size();
    const Time arrives = queue_.time() + latency(side.host, to) + wire_time(size);
    side.sent.push_back({std::move(side.unsent.front()), arrives});
    side.unsent.pop_front();
    side.unsent_bytes -= size;
    side.sent_bytes += size;
    bytes_sent_ += size;
    queue_.after(to_kernel, [this, host = side.host, session = side.session, size] {
      if (find(host, session) != nullptr) stations_[host]->written(session, size);
    });
  }
  if (side.ending && side.unsent.empty()) {
    side.ending = false;
    side.sent.push_back({std::nullopt, queue_.time() + latency(side.host, to)});
  }
  if (!side.arrival_queued && !side.sent.empty()) queue_arrival(from, side.sent.front().arrives);
}

void Network::queue_arrival(const Where& from, Time when) {
  auto& side = connections_.at(from.connection).sides[from.side];
  side.arrival_queued = true;
  queue_.at(std::max(when, side.not_before), [this, from] { arrive(from); });
}

void Network::arrive(const Where& from) {
  auto* connection = find(from.connection);
  if (connection == nullptr) return;
  auto& side = connection->sides[from.side];
  const auto& other = connection->sides[1 - from.side];
  side.arrival_queued = false;
  if (side.sent.empty()) return;
  if (connection->broken || !passes(side.host, other.host) || !stations_[other.host]->powered()) return;
  if (other.forgotten) return end(from.connection, "connection reset by peer");
  if (other.open && !other.named) return queue_arrival(from, queue_.time() + name_again);
  if (other.open && !other.admitted && !stations_[other.host]->settled()) {
    return queue_arrival(from, queue_.time() + read_again);
  }
  deliver(from);
}

void Network::deliver(const Where& from) {
  auto& connection = connections_.at(from.connection);
  auto& side = connection.sides[from.side];
  const auto& other = connection.sides[1 - from.side];
  const Packet packet = std::move(side.sent.front());
  side.sent.pop_front();
  side.not_before = queue_.time();
  const auto slow = throttled_.find(other.host);
  if (slow != throttled_.end() && packet.frame) {
    side.not_before += Duration(seconds(1)) * packet.frame->size() / slow->second;
  }
  if (!packet.frame) return end(from.connection, "closed by the peer");
  side.sent_bytes -= packet.frame->size();
  if (too_long(other, packet)) return end(from.connection, "a frame is too long");
  pump(from);
  if (!other.open) return;
  log_.add_bytes(queue_.time(), other.host, "frame", *packet.frame);
  stations_[other.host]->received(other.session, *packet.frame);
}

bool Network::too_long(const Side& to, const Packet& packet) {
  return packet.frame->size() > (to.admitted ? mesh::max_frame_bytes : mesh::max_hello_bytes);
}

/// The connection is no more; whoever still uses it is told.
void Network::end(ConnectionId id, const std::string& reason) {
  std::vector<Side> told;
  for (auto& side : connections_.at(id).sides) {
    if (!side.open) continue;
    shut(side);
    if (side.named) told.push_back(side);
  }
  connections_.erase(id);
  for (const auto& side : told) {
    log_.add(queue_.time(), side.host, "closed", std::to_string(side.session) + " " + reason);
    stations_[side.host]->closed(side.session, fail(Errc::unavailable, reason));
  }
}

// ---- what happens to machines ----

std::vector<Network::Where> Network::sides_of(HostIndex host) const {
  std::vector<Where> found;
  for (const auto& [id, connection] : connections_) {
    for (int side = 0; side < 2; ++side) {
      if (connection.sides[side].host == host) found.push_back({id, side});
    }
  }
  return found;
}

void Network::daemon_died(HostIndex host) {
  for (const auto& where : sides_of(host)) {
    auto& connection = connections_.at(where.connection);
    auto& side = connection.sides[where.side];
    if (!side.open) continue;
    shut(side);
    if (!connection.accepted) {
      connections_.erase(where.connection);
      continue;
    }
    side.unsent.clear();
    side.unsent_bytes = 0;
    side.ending = true;
    pump(where);
  }
}

void Network::power_lost(HostIndex host) {
  for (const auto& where : sides_of(host)) {
    auto& connection = connections_.at(where.connection);
    auto& side = connection.sides[where.side];
    if (side.open) shut(side);
    side.forgotten = true;
    side.unsent.clear();
    side.unsent_bytes = 0;
    side.sent.clear();
    const auto& other = connection.sides[1 - where.side];
    if (!connection.accepted || other.forgotten) connections_.erase(where.connection);
  }
}

void Network::power_restored() { wake(); }

void Network::renumber(HostIndex host) {
  const std::uint32_t other_net = 0xc0000200U ^ 0xc6336400U;  // 192.0.2.0 and 198.51.100.0
  addresses_[host] = Ip::v4(addresses_[host].v4_value() ^ other_net);
}

void Network::move(HostIndex host) {
  renumber(host);
  for (const auto& where : sides_of(host)) connections_.at(where.connection).broken = true;
}

// ---- faults ----

void Network::cut(HostIndex from, HostIndex to) { cuts_.insert({from, to}); }

void Network::heal(HostIndex from, HostIndex to) {
  if (cuts_.erase({from, to}) > 0) wake();
}

void Network::heal_all() {
  cuts_.clear();
  slow_.clear();
  throttled_.clear();
  wake();
}

void Network::slow(HostIndex a, HostIndex b, Duration extra) { slow_[std::minmax(a, b)] = extra; }

void Network::throttle(HostIndex reader, std::size_t bytes) {
  bytes == 0 ? void(throttled_.erase(reader)) : void(throttled_[reader] = bytes);
}

/// What was stuck is sent again, when its sender next tries.
void Network::wake() {
  for (auto& [id, connection] : connections_) {
    for (int i = 0; i < 2; ++i) {
      const auto& side = connection.sides[i];
      if (side.arrival_queued || side.sent.empty()) continue;
      queue_arrival({id, i}, queue_.time() + rng_.between(milliseconds(1), seconds(1)));
    }
  }
}

bool Network::reset_one() {
  std::vector<ConnectionId> candidates;
  for (const auto& [id, connection] : connections_) {
    if (connection.accepted) candidates.push_back(id);
  }
  if (candidates.empty()) return false;
  end(candidates[rng_.below(candidates.size())], "connection reset by peer");
  return true;
}

}  // namespace overlay::sim
