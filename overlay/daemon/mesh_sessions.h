// SPDX-License-Identifier: Apache-2.0
// The mesh's connections: carries out what the core asks of them and tells it what becomes of them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>

#include "overlay/daemon/driver.h"
#include "overlay/node/io.h"
#include "overlay/transport/call_rate.h"
#include "overlay/transport/guard.h"
#include "overlay/transport/session.h"

namespace overlay::daemon {

/// Lives as long as the event loop: sessions that are still closing report to it.
class MeshSessions : public transport::SessionHandler {
 public:
  explicit MeshSessions(boost::asio::io_context& io) : io_(io) {}
  /// Before the event loop runs; the two need each other. Without credentials sessions are plain.
  void attach(Driver& driver, std::optional<transport::Credentials> credentials);
  /// Of sessions from now on; those there are stay.
  void set_credentials(transport::Credentials credentials) {
    guard_->set_credentials(std::move(credentials));
  }

  /// A connection came in.
  void accept(transport::tcp::socket socket, const Endpoint& remote);

  /// This host has no such address any more: what used it is dead, which its peer will not say.
  void lose(const Ip& address);

  void carry_out(const node::Dial& dial);
  void carry_out(const node::Send& send);
  void carry_out(const node::Admit& admit);
  void carry_out(const node::Close& close);

  // ---- SessionHandler ----
  void received(node::SessionId session, std::string_view frame) override;
  void written(node::SessionId session, std::size_t bytes) override;
  void closed(node::SessionId session, const Error& reason) override;

 private:
  struct Entry {
    std::string address;                          // dialled, or where it came from
    std::shared_ptr<transport::Session> session;  // none while it is being dialled
  };

  transport::Session* find(node::SessionId session);
  void begin(node::SessionId session, const Endpoint& remote, Result<transport::Guarded> guarded);
  void turn_away(const Endpoint& remote, const Error& reason);

  boost::asio::io_context& io_;
  Driver* driver_ = nullptr;
  transport::CallRate calls_;
  std::optional<transport::Guard> guard_;  // from attach() on
  std::map<node::SessionId, Entry> sessions_;
  std::set<std::pair<Ip, std::string>> turned_away_;  // who was told of in the log, and why
  Time forget_at_;                                    // when they may be told of again
};

}  // namespace overlay::daemon
