// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/sessions.h"

namespace overlay::mesh {
namespace {

using namespace std::chrono_literals;

constexpr Duration connect_timeout =
    8s;  // the transport gives up after 5 s; this is for one that never answers
constexpr Duration handshake_timeout = 5s;     // two round trips, even on a very bad line
constexpr Duration ping_interval = 1s;         // of silence, after which a sign of life is sent
constexpr Duration quiet = 1250ms;             // one heartbeat is overdue
constexpr Duration question_interval = 10s;    // between two that are answered
constexpr Duration silence_limit = 4s;         // four heartbeats lost: the peer is gone or cut off
constexpr std::size_t most_ended_nonces = 64;  // a call to itself is over within a moment

Transcript seen_on(const Session& session) {
  if (session.outbound) return {session.hello_sent, session.hello_heard, session.channel.binding};
  return {session.hello_heard, session.hello_sent, session.channel.binding};
}

}  // namespace

Session& Sessions::add(bool outbound, std::string address, Time now) {
  Session session;
  session.id = next_id_++;
  session.outbound = outbound;
  session.address = std::move(address);
  session.since = now;
  session.heard = now;
  watch(session);
  return sessions_.emplace(session.id, std::move(session)).first->second;
}

SessionId Sessions::accept(const Endpoint& remote, const Channel& channel, Time now) {
  Session& session = add(false, remote.address.text(), now);
  start_handshake(session, channel, now);
  return session.id;
}

SessionId Sessions::dial(const HostPort& target, wire::Purpose purpose, Time now) {
  Session& session = add(true, target.text(), now);
  session.purpose = purpose;
  session.needed = true;
  out_.push_back(Dial{session.id, target});
  return session.id;
}

void Sessions::connected(SessionId id, const Channel& channel, Time now) {
  const auto found = sessions_.find(id);
  if (found != sessions_.end() && found->second.state == Session::State::connecting) {
    start_handshake(found->second, channel, now);
  }
}

void Sessions::start_handshake(Session& session, const Channel& channel, Time now) {
  session.channel = channel;
  session.state = Session::State::handshake;
  session.since = now;
  session.heard = now;
  session.nonce = rng_.bytes<Nonce>();
  wire::Hello hello = make_hello(self_, session.nonce);
  hello.purpose = session.purpose;
  session.hello_sent = wire::encode(hello);
  watch(session);
  put(session, session.hello_sent);
}

void Sessions::put(Session& session, Bytes frame) {
  session.unsent += frame.size();
  session.tx_bytes += frame.size();
  session.sent = now_;
  sent_bytes_ += frame.size();
  out_.push_back(Send{session.id, std::move(frame)});
}

std::optional<wire::Message> Sessions::received(SessionId id, std::string_view frame, Time now) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return std::nullopt;
  Session& session = found->second;
  session.heard = now;
  session.rx_bytes += frame.size();
  heard_bytes_ += frame.size();
  auto message = wire::decode(frame);
  if (!message) {
    refuse(id, "the peer sent " + message.error().text);
    return std::nullopt;
  }
  if (const auto* refusal = std::get_if<wire::Refusal>(&*message)) {
    end(id, refusal->text, true);
    return std::nullopt;
  }
  if (session.state == Session::State::established) {
    if (const auto* ping = std::get_if<wire::Ping>(&*message)) {
      if (ping->stamp != 0) send(id, wire::Pong{ping->stamp});
    } else if (const auto* need = std::get_if<wire::Need>(&*message)) {
      session.peer_needs = need->needed;
    } else if (const auto* pong = std::get_if<wire::Pong>(&*message)) {
      hear_pong(session, *pong, now);
    } else {
      return std::move(*message);
    }
    return std::nullopt;
  }
  if (const auto* hello = std::get_if<wire::Hello>(&*message); hello != nullptr && !session.peer) {
    hear_hello(session, *hello, frame);
  } else if (const auto* proof = std::get_if<wire::Proof>(&*message); proof != nullptr && session.peer) {
    hear_proof(session, *proof, now);
  } else {
    refuse(id, "the peer sent something else than the handshake");
  }
  return std::nullopt;
}

void Sessions::hear_hello(Session& session, const wire::Hello& hello, std::string_view frame) {
  session.peer = hello;
  session.peer_id = hash_id<NodeId>(hello.public_key.view());
  session.hello_heard = Bytes(frame);
  if (!session.outbound) {
    session.purpose = hello.purpose;
    session.peer_needs = true;
  }
  Status judged = judge_hello(self_, hello, nonce_is_ours(hello.nonce));
  if (judged) judged = judge_certificate(hello, session.channel);
  if (!judged) {
    refuse(session.id, judged.error().text);
    return;
  }
  send(session.id, make_proof(self_.identity, session.outbound, seen_on(session)));
}

void Sessions::hear_proof(Session& session, const wire::Proof& proof, Time now) {
  const Status judged = judge_proof(proof, session.peer->public_key, !session.outbound, seen_on(session));
  if (!judged) {
    refuse(session.id, judged.error().text);
    return;
  }
  establish(session, now);
}

/// Two peers that dial each other at once end up with two sessions; both keep the one the smaller id opened.
/// Of two opened by the same side the newer counts: the older one is a leftover of a restart or a cut. So is
/// one that has fallen silent: its other end has moved to another address.
void Sessions::establish(Session& session, Time now) {
  const auto held = established_.find(session.peer_id);
  if (held != established_.end()) {
    const Session& old = sessions_.at(held->second);
    const bool smaller_is_dialler = (self_.id < session.peer_id) == session.outbound;
    const bool keep_old = old.outbound != session.outbound && !smaller_is_dialler &&
                          old.peer->incarnation == session.peer->incarnation && now < old.heard + quiet;
    if (keep_old) {
      end(session.id, "another session with this peer stays", true, true);
      return;
    }
    end(old.id, "replaced by a newer session with this peer", true, true);
  }
  session.state = Session::State::established;
  session.since = now;
  session.question_due = now;
  session.hello_sent = session.hello_heard = {};
  watch(session);
  established_[session.peer_id] = session.id;
  out_.emplace_back(Admit{session.id});  // g++ 12 warns of push_back here (uninitialized)
  changes_.push_back({SessionChange::Kind::established,
                      session.id,
                      session.peer_id,
                      session.address,
                      true,
                      false,
                      false,
                      {}});
}

void Sessions::hear_pong(Session& session, const wire::Pong& pong, Time now) {
  const Time sent{Duration(static_cast<Duration::rep>(pong.stamp))};
  // A stamp that is not ours says nothing.
  if (sent > now || now - sent > silence_limit) return;
  session.rtt = now - sent;
}

void Sessions::written(SessionId id, std::size_t bytes) {
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) found->second.unsent -= std::min(bytes, found->second.unsent);
}

void Sessions::closed(SessionId id, const Error& reason, Time /*now*/) { end(id, reason.text, false); }

void Sessions::send(SessionId id, const wire::Message& message) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  put(found->second, wire::encode(message));
}

void Sessions::need(SessionId id, bool needed) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || std::exchange(found->second.needed, needed) == needed) return;
  send(id, wire::Need{needed});
}

void Sessions::refuse(SessionId id, const std::string& text) {
  send(id, wire::Refusal{text});
  end(id, text, true);
}

void Sessions::end(SessionId id, const std::string& reason, bool tell_transport, bool is_spare) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  const Session& session = found->second;
  const bool was_established = session.state == Session::State::established;
  if (tell_transport) out_.push_back(Close{id, reason});
  const auto held = established_.find(session.peer_id);
  if (held != established_.end() && held->second == id) established_.erase(held);
  const bool is_self = session.peer && nonce_is_ours(session.peer->nonce);
  if (!session.nonce.is_zero()) ended_nonces_.push_back(session.nonce);
  if (ended_nonces_.size() > most_ended_nonces) ended_nonces_.pop_front();
  is_spare = is_spare || established_.contains(session.peer_id);
  changes_.push_back({SessionChange::Kind::ended, id, session.peer_id, session.address, was_established,
                      is_self, is_spare, reason});
  sessions_.erase(found);
}

/// Of the two ends of a call to itself the first to hear ends before the second has heard.
bool Sessions::nonce_is_ours(const Nonce& nonce) const {
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [&](const auto& entry) { return entry.second.nonce == nonce; }) ||
         std::find(ended_nonces_.begin(), ended_nonces_.end(), nonce) != ended_nonces_.end();
}

Time Sessions::deadline(const Session& session) const {
  switch (session.state) {
    case Session::State::connecting:
      return session.since + connect_timeout;
    case Session::State::handshake:
      return session.since + handshake_timeout;
    case Session::State::established:
      return std::min({session.sent + ping_interval, session.question_due, session.heard + silence_limit});
  }
  return session.since;
}

void Sessions::tick(Time now) {
  if (now < due_) return;
  std::vector<std::pair<SessionId, std::string>> dead;
  for (auto& [id, session] : sessions_) {
    if (deadline(session) > now) continue;
    if (session.state == Session::State::connecting) {
      dead.emplace_back(id, "no answer");
    } else if (session.state == Session::State::handshake) {
      dead.emplace_back(id, "no handshake within " + std::to_string(handshake_timeout / 1s) + " s");
    } else if (now >= session.heard + silence_limit) {
      dead.emplace_back(id, "nothing heard for " + std::to_string(silence_limit / 1s) + " s");
    } else {
      const bool asks = now >= session.question_due;
      if (asks) session.question_due = now + question_interval;
      send(id, wire::Ping{asks ? static_cast<std::uint64_t>(now.time_since_epoch().count()) : 0});
    }
  }
  for (const auto& [id, reason] : dead) end(id, reason, true);
  due_ = Time::max();
  for (const auto& [id, session] : sessions_) watch(session);
}

const Session* Sessions::find(SessionId id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

const Session* Sessions::with(const NodeId& peer) const {
  const auto found = established_.find(peer);
  return found == established_.end() ? nullptr : &sessions_.at(found->second);
}

std::set<NodeId> Sessions::linked() const {
  std::set<NodeId> out;
  for (const auto& [peer, id] : established_) out.insert(peer);
  return out;
}

bool Sessions::busy_with(const NodeId& peer) const {
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [&](const auto& entry) { return entry.second.peer_id == peer; });
}

std::vector<SessionChange> Sessions::take_changes() { return std::exchange(changes_, {}); }

}  // namespace overlay::mesh
