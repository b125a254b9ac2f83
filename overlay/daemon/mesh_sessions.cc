// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/mesh_sessions.h"

#include "overlay/daemon/log.h"
#include "overlay/transport/dial.h"

namespace overlay::daemon {

using transport::CallRate;
using transport::Session;

namespace {

/// Whoever knocks again and again is told of once in this time.
constexpr Duration tell_again_after = std::chrono::minutes(1);
/// How many are told of in that time; a flood must not fill the disk with its log.
constexpr std::size_t max_told = 64;

std::string too_many_calls() {
  return "it calls more than " + std::to_string(std::chrono::seconds(1) / CallRate::interval) +
         " times a second, so most of its calls are closed unheard";
}

}  // namespace

void MeshSessions::attach(Driver& driver, std::optional<transport::Credentials> credentials) {
  driver_ = &driver;
  guard_.emplace(std::move(credentials));
}

void MeshSessions::accept(transport::tcp::socket socket, const Endpoint& remote) {
  if (!calls_.admits(remote.address, now())) return turn_away(remote, {Errc::refused, too_many_calls()});
  guard_->admit(std::move(socket), [this, remote](Result<transport::Guarded> guarded) {
    if (!guarded) return turn_away(remote, guarded.error());
    const node::Channel& channel = guarded->channel;
    const node::SessionId id =
        driver_->feed([&](node::Node& node, Time now) { return node.accepted(remote, channel, now); });
    sessions_[id] = {remote.text(), Session::start(std::move(guarded->stream), id, *this)};
  });
}

void MeshSessions::lose(const Ip& address) {
  std::vector<std::pair<node::SessionId, std::shared_ptr<Session>>> dead;
  for (const auto& [id, entry] : sessions_) {
    if (entry.session && entry.session->local() == address) dead.emplace_back(id, entry.session);
  }
  for (const auto& [id, session] : dead) {
    closed(id, fail(Errc::unavailable, address.text() + " is no address of this host any more"));
    session->close();
  }
}

void MeshSessions::carry_out(const node::Dial& dial) {
  const node::SessionId id = dial.session;
  const std::string target = dial.target.text();
  sessions_[id] = {target, nullptr};
  transport::dial(io_.get_executor(), dial.target, [this, id, target](Result<transport::Dialed> dialed) {
    if (!sessions_.contains(id)) return;  // closed meanwhile: the socket goes with `dialed`
    if (!dialed) return closed(id, dialed.error());
    const Endpoint remote = dialed->remote;
    guard_->introduce(
        std::move(dialed->socket), target,
        [this, id, remote](Result<transport::Guarded> guarded) { begin(id, remote, std::move(guarded)); });
  });
}

/// A session that we asked for.
void MeshSessions::begin(node::SessionId session, const Endpoint& remote,
                         Result<transport::Guarded> guarded) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;  // closed meanwhile
  if (!guarded) return closed(session, guarded.error());
  found->second.session = Session::start(std::move(guarded->stream), session, *this);
  const node::Channel& channel = guarded->channel;
  driver_->feed([&](node::Node& node, Time now) { node.connected(session, remote, channel, now); });
}

void MeshSessions::turn_away(const Endpoint& remote, const Error& reason) {
  // Those who leave or stay silent are not worth a line: a port scan does no more.
  const bool is_news = reason.code == Errc::refused;
  if (now() >= forget_at_) {
    turned_away_.clear();
    forget_at_ = now() + tell_again_after;
  }
  if (is_news && turned_away_.size() >= max_told) return;
  if (is_news && !turned_away_.emplace(remote.address, reason.text).second) return;
  log(is_news ? spdlog::level::warn : spdlog::level::debug, "session",
      {{"address", remote.text()}, {"to", "refused"}, {"text", reason.text}});
}

void MeshSessions::carry_out(const node::Send& send) {
  if (Session* session = find(send.session)) session->send(send.frame);
}

void MeshSessions::carry_out(const node::Admit& admit) {
  if (Session* session = find(admit.session)) session->admit();
}

void MeshSessions::carry_out(const node::Close& close) {
  const auto found = sessions_.find(close.session);
  if (found == sessions_.end()) return;
  log(spdlog::level::debug, "session",
      {{"address", found->second.address}, {"to", "closed"}, {"text", close.reason}});
  if (found->second.session) found->second.session->close();
  sessions_.erase(found);
}

void MeshSessions::received(node::SessionId session, std::string_view frame) {
  driver_->feed([&](node::Node& node, Time now) { node.received(session, frame, now); });
}

void MeshSessions::written(node::SessionId session, std::size_t bytes) {
  driver_->feed([&](node::Node& node, Time now) { node.written(session, bytes, now); });
}

void MeshSessions::closed(node::SessionId session, const Error& reason) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  log(spdlog::level::debug, "session",
      {{"address", found->second.address}, {"to", "lost"}, {"text", reason.text}});
  sessions_.erase(found);
  driver_->feed([&](node::Node& node, Time now) { node.closed(session, reason, now); });
}

Session* MeshSessions::find(node::SessionId session) {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? nullptr : found->second.session.get();
}

}  // namespace overlay::daemon
