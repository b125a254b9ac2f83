// SPDX-License-Identifier: Apache-2.0
// The underlay and its TCP: sessions with latency and order, cuts in one direction or both, machines that
// vanish.
//
// A cut loses nothing by itself: what is on its way waits and goes on after the heal, as TCP retransmits;
// only who watches the time notices. A session ends by its users (FIN), by a reset, or when its machine comes
// back from the dead.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "overlay/addr/endpoint.h"
#include "overlay/base/rng.h"
#include "overlay/mesh/effects.h"
#include "overlay/sim/event_queue.h"
#include "overlay/sim/log.h"

namespace overlay::sim {

inline constexpr std::uint16_t mesh_port = 6783;

/// What a machine looks like from its network card. Calls come from the event queue, never from within a call
/// of Network.
class Station {
 public:
  virtual ~Station() = default;

  virtual bool powered() const = 0;
  virtual bool listening() const = 0;
  /// Everything asked for so far has been carried out; before a peer is admitted no frame is read until then.
  virtual bool settled() const = 0;
  /// Calls `named` with the id of the new session before anything is sent on it.
  virtual void accept(const Endpoint& remote, const std::function<void(mesh::SessionId)>& named) = 0;
  virtual void connected(mesh::SessionId session, const Endpoint& remote) = 0;
  virtual void received(mesh::SessionId session, std::string_view frame) = 0;
  virtual void written(mesh::SessionId session, std::size_t bytes) = 0;
  virtual void closed(mesh::SessionId session, const Error& reason) = 0;
};

class Network {
 public:
  Network(EventQueue& queue, Log& log, Rng rng) : queue_(queue), log_(log), rng_(rng) {}

  /// Machines are attached in the order of their index; `zone` decides the latency between two of them.
  void attach(Station& station, std::size_t zone);
  /// 192.0.2.1 and so on; moves to 198.51.100.1 and so on, and back, at each change.
  Ip address(HostIndex host) const { return addresses_[host]; }
  /// Who is there now.
  std::optional<HostIndex> at(const Ip& address) const;
  /// How long a packet takes; drawn anew each time.
  Duration latency(HostIndex from, HostIndex to);
  /// Its other address counts from now on; what uses the old one goes on, as at the end of a DHCP lease.
  void renumber(HostIndex host);
  /// The old address is gone, and what used it hears nothing any more.
  void move(HostIndex host);

  // ---- what the machines ask for ----
  void dial(HostIndex host, mesh::SessionId session, const HostPort& target);
  void send(HostIndex host, mesh::SessionId session, const Bytes& frame);
  void admit(HostIndex host, mesh::SessionId session);
  void close(HostIndex host, mesh::SessionId session);
  /// The daemon is gone: its kernel says goodbye on all its sessions.
  void daemon_died(HostIndex host);
  /// The machine is gone: nobody says anything.
  void power_lost(HostIndex host);
  /// The machine is back, and knows nothing of its old sessions.
  void power_restored();

  // ---- faults ----
  /// Nothing passes from `from` to `to`; the other direction is a cut of its own.
  void cut(HostIndex from, HostIndex to);
  void heal(HostIndex from, HostIndex to);
  void heal_all();
  bool passes(HostIndex from, HostIndex to) const { return !cuts_.contains({from, to}); }
  /// A packet gets there, and the machine is on.
  bool carries(HostIndex from, HostIndex to) const { return passes(from, to) && stations_[to]->powered(); }
  /// Adds to the latency in both directions; zero takes it away.
  void slow(HostIndex a, HostIndex b, Duration extra);
  /// A machine reads no more bytes a second than this of each session; zero: as fast as they come.
  void throttle(HostIndex reader, std::size_t bytes);
  /// Resets one session, drawn at random. False when there is none.
  bool reset_one();

  std::size_t sessions() const { return connections_.size(); }
  std::uint64_t bytes_sent() const { return bytes_sent_; }
  /// The most that some machine has ever had waiting for one session's send buffer.
  std::size_t most_unsent() const { return most_unsent_; }

 private:
  using ConnectionId = std::uint64_t;
  struct Packet {
    std::optional<Bytes> frame;  // none: the end
    Time arrives;                // unless something stops it
  };
  /// One end of a connection, with what it has to say.
  struct Side {
    HostIndex host = no_host;
    mesh::SessionId session = 0;
    bool open = false;       // neither closed by its user nor reported closed to it
    bool named = false;      // its user has taken it
    bool forgotten = false;  // its machine has been switched off since
    bool admitted = false;
    bool ending = false;       // an end follows what is unsent
    std::deque<Bytes> unsent;  // the send buffer is full
    std::size_t unsent_bytes = 0;
    std::deque<Packet> sent;  // in the send buffer or under way
    std::size_t sent_bytes = 0;
    bool arrival_queued = false;
    Time not_before;  // what is sent next arrives no sooner
  };
  struct Connection {
    bool accepted = false;
    bool broken = false;  // an address it uses is no longer there
    Side sides[2];        // who dialled, who accepted
  };
  struct Where {
    ConnectionId connection;
    int side;
  };

  Connection* find(ConnectionId id);
  Side* find(HostIndex host, mesh::SessionId session, Where* where = nullptr);
  std::optional<HostIndex> resolve(const std::string& name) const;
  void syn_arrived(ConnectionId id, HostIndex target, std::uint16_t port);
  void accept(ConnectionId id, HostIndex target);
  void named(ConnectionId id, HostIndex host, mesh::SessionId session);
  void established(ConnectionId id, const Endpoint& remote);
  void fail_dial(ConnectionId id, const std::string& reason);
  void pump(const Where& from);
  void queue_arrival(const Where& from, Time when);
  void arrive(const Where& from);
  void deliver(const Where& from);
  static bool too_long(const Side& to, const Packet& packet);
  void end(ConnectionId id, const std::string& reason);
  void shut(Side& side);
  void wake();
  std::vector<Where> sides_of(HostIndex host) const;

  EventQueue& queue_;
  Log& log_;
  Rng rng_;
  std::vector<Station*> stations_;
  std::vector<std::size_t> zones_;
  std::vector<Ip> addresses_;
  std::set<std::pair<HostIndex, HostIndex>> cuts_;
  std::map<std::pair<HostIndex, HostIndex>, Duration> slow_;
  std::map<ConnectionId, Connection> connections_;
  std::map<std::pair<HostIndex, mesh::SessionId>, Where> by_session_;
  ConnectionId next_connection_ = 1;
  std::uint16_t next_port_ = 32768;
  std::map<HostIndex, std::size_t> throttled_;
  std::uint64_t bytes_sent_ = 0;
  std::size_t most_unsent_ = 0;
};

}  // namespace overlay::sim
