// SPDX-License-Identifier: Apache-2.0
// The table of sessions: handshake, heartbeat, and one session a peer. What travels on an established session
// is not its business; it hands the messages on.
//
//   connecting --connected--> handshake --both proofs--> established
//       |                         |                           |
//       +----- closed, refused, silent for too long ----------+--> gone
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "overlay/base/rng.h"
#include "overlay/base/time.h"
#include "overlay/mesh/effects.h"
#include "overlay/mesh/handshake.h"

namespace overlay::mesh {

struct Session {
  enum class State : std::uint8_t { connecting, handshake, established };

  SessionId id = 0;
  State state = State::connecting;
  bool outbound = false;
  wire::Purpose purpose = wire::Purpose::contact;  // of the dialler, whoever it is
  bool needed = false;                             // by this node, as the peer knows
  bool peer_needs = false;
  std::string address;  // dialled target, or the caller's address
  Channel channel;
  Nonce nonce;  // of our hello
  Bytes hello_sent;
  Bytes hello_heard;
  std::optional<wire::Hello> peer;
  NodeId peer_id;  // zero before the hello
  Time since;      // of the state
  Time heard;
  Time sent;
  Time question_due;  // when a ping that is answered is sent, to measure the round trip
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_bytes = 0;
  std::size_t unsent = 0;  // frame bytes given to the transport and not yet written
  std::optional<Duration> rtt;
};

/// What became of a session, for those who depend on it.
struct SessionChange {
  enum class Kind : std::uint8_t { established, ended } kind;
  SessionId session;
  NodeId peer;           // zero when it ended before a hello
  std::string address;   // dialled target, or the caller's address without its port
  bool was_established;  // ended: it had been
  bool is_self;          // ended: we called ourselves
  bool is_spare;         // ended: another session with this peer stays
  std::string reason;    // ended
};

class Sessions {
 public:
  Sessions(const Self& self, Rng& rng, Outbox& out) : self_(self), rng_(rng), out_(out) {}

  /// The time of the input that is being dealt with; before anything else.
  void at(Time now) { now_ = now; }

  SessionId accept(const Endpoint& remote, const Channel& channel, Time now);
  SessionId dial(const HostPort& target, wire::Purpose purpose, Time now);
  void connected(SessionId session, const Channel& channel, Time now);
  /// One frame: handshake and heartbeat are dealt with here; anything else on an established session is
  /// returned.
  std::optional<wire::Message> received(SessionId session, std::string_view frame, Time now);
  void written(SessionId session, std::size_t bytes);
  void closed(SessionId session, const Error& reason, Time now);
  void tick(Time now);
  /// Sometimes too early: traffic puts deadlines off, and is too frequent to look for the next one each time.
  Time next_deadline() const { return due_; }

  void send(SessionId session, const wire::Message& message);
  /// Tells the peer why, and ends the session.
  void refuse(SessionId session, const std::string& text);
  /// Ends a session that nobody is to blame for: there are others.
  void spare(SessionId session, const std::string& text) { end(session, text, true, true); }
  /// Says whether this node counts on the session, if that is news.
  void need(SessionId session, bool needed);
  /// Bytes given to the transport since the start, by all sessions; and heard.
  std::uint64_t sent_bytes() const { return sent_bytes_; }
  std::uint64_t heard_bytes() const { return heard_bytes_; }

  const std::map<SessionId, Session>& all() const { return sessions_; }
  const Session* find(SessionId session) const;
  /// The established session with a peer.
  const Session* with(const NodeId& peer) const;
  /// Peers with an established session.
  std::set<NodeId> linked() const;
  std::size_t linked_count() const { return established_.size(); }
  /// True while a dial or handshake with this peer is under way or done.
  bool busy_with(const NodeId& peer) const;

  std::vector<SessionChange> take_changes();

 private:
  Session& add(bool outbound, std::string address, Time now);
  void start_handshake(Session& session, const Channel& channel, Time now);
  void hear_hello(Session& session, const wire::Hello& hello, std::string_view frame);
  void hear_proof(Session& session, const wire::Proof& proof, Time now);
  void establish(Session& session, Time now);
  void hear_pong(Session& session, const wire::Pong& pong, Time now);
  void watch(const Session& session) { due_ = std::min(due_, deadline(session)); }
  void end(SessionId session, const std::string& reason, bool tell_transport, bool is_spare = false);
  bool nonce_is_ours(const Nonce& nonce) const;
  void put(Session& session, Bytes frame);
  Time deadline(const Session& session) const;

  const Self& self_;
  Rng& rng_;
  Outbox& out_;
  Time now_;
  Time due_ = Time::max();  // no session's deadline is earlier
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t heard_bytes_ = 0;
  SessionId next_id_ = 1;
  std::map<SessionId, Session> sessions_;
  std::map<NodeId, SessionId> established_;
  std::deque<Nonce> ended_nonces_;  // of our last hellos whose sessions are over
  std::vector<SessionChange> changes_;
};

}  // namespace overlay::mesh
