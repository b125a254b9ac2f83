// SPDX-License-Identifier: Apache-2.0
// One connection, plain or secured, that carries frames both ways. It decides nothing: what to send, whom to
// admit and when to close is told to it, what comes and goes is told to its handler.
#pragma once

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string_view>

#include "overlay/node/io.h"
#include "overlay/transport/asio.h"
#include "overlay/transport/frame_reader.h"
#include "overlay/transport/stream.h"

namespace overlay::transport {

/// Told about sessions, always on the thread of the event loop, never from within a call of Session.
class SessionHandler {
 public:
  virtual ~SessionHandler() = default;

  /// The body of one frame; valid during the call.
  virtual void received(node::SessionId session, std::string_view frame) = 0;
  /// `bytes` of frame bodies given to send() have left for the operating system.
  virtual void written(node::SessionId session, std::size_t bytes) = 0;
  /// The connection is gone, and not by close(). Nothing more is told about this session.
  virtual void closed(node::SessionId session, const Error& reason) = 0;
};

/// Lives by its pending operations; whoever holds the shared_ptr may drop it after close() or closed(). The
/// handler must outlive the event loop. Single thread.
///
///   open ----- close() -----> closing: sends what is queued, says so by a FIN, discards what comes
///     |                          |
///     | error, end of stream     | the peer's FIN, or close_timeout
///     +------> closed <----------+
class Session : public std::enable_shared_from_this<Session> {
 public:
  /// How long closing may take, at most.
  static constexpr auto close_timeout = std::chrono::seconds(1);

  /// Takes a connection and begins to read.
  static std::shared_ptr<Session> start(Stream stream, node::SessionId id, SessionHandler& handler);

  Session(Stream stream, node::SessionId id, SessionHandler& handler);

  /// The address of this host that it uses; nothing when the connection is gone.
  std::optional<Ip> local();
  /// Queues one frame; nothing happens unless the session is open.
  void send(std::string_view body);
  /// Frames of up to node::max_frame_bytes may come from now on, not just node::max_hello_bytes.
  void admit();
  void close();

 private:
  enum class State { open, closing, closed };

  static asio::awaitable<void> read_loop(std::shared_ptr<Session> self);
  static asio::awaitable<void> write_loop(std::shared_ptr<Session> self);
  asio::awaitable<void> deliver_frames();
  void say_goodbye();
  void end(const Error& why);

  Stream stream_;
  node::SessionId id_;
  SessionHandler& handler_;
  State state_ = State::open;
  bool admitted_ = false;
  FrameReader reader_{node::max_hello_bytes};
  std::array<char, 16 * 1024> chunk_;
  Bytes outgoing_;  // frames that wait for the write under way
  std::size_t outgoing_body_bytes_ = 0;
  bool writing_ = false;
  asio::steady_timer close_timer_;
};

}  // namespace overlay::transport
