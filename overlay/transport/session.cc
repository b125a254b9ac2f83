// SPDX-License-Identifier: Apache-2.0
#include "overlay/transport/session.h"

#include <netinet/tcp.h>

#include <boost/asio/post.hpp>

namespace overlay::transport {
namespace {

using user_timeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;
using notsent_lowat = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;

/// A connection whose peer acknowledges nothing, or reads nothing, for this long is dead.
constexpr int user_timeout_milliseconds = 15'000;
/// What waits in the kernel cannot be replaced by something newer any more, so little is let in.
constexpr int notsent_bytes = 128 * 1024;

/// Options make a session better, not possible: a socket that refuses one is used as it is.
void configure(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(user_timeout(user_timeout_milliseconds), ignored);
  socket.set_option(notsent_lowat(notsent_bytes), ignored);
}

}  // namespace

std::shared_ptr<Session> Session::start(Stream stream, node::SessionId id, SessionHandler& handler) {
  auto session = std::make_shared<Session>(std::move(stream), id, handler);
  spawn(session->stream_.executor(), read_loop(session));
  return session;
}

Session::Session(Stream stream, node::SessionId id, SessionHandler& handler)
    : stream_(std::move(stream)), id_(id), handler_(handler), close_timer_(stream_.executor()) {
  configure(stream_.socket());
}

std::optional<Ip> Session::local() {
  error_code error;
  const tcp::endpoint endpoint = stream_.socket().local_endpoint(error);
  if (error) return std::nullopt;
  return from_asio(endpoint).address;
}

void Session::send(std::string_view body) {
  if (state_ != State::open) return;
  append_frame(outgoing_, body);
  outgoing_body_bytes_ += body.size();
  if (writing_) return;
  writing_ = true;
  spawn(stream_.executor(), write_loop(shared_from_this()));
}

void Session::admit() {
  admitted_ = true;
  reader_.set_max_body_bytes(node::max_frame_bytes);
}

void Session::close() {
  if (state_ != State::open) return;
  state_ = State::closing;
  close_timer_.expires_after(close_timeout);
  close_timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) self->end(fail(Errc::unavailable, "the peer took too long to close"));
  });
  if (!writing_) say_goodbye();
}

asio::awaitable<void> Session::read_loop(std::shared_ptr<Session> self) {
  while (self->state_ != State::closed) {
    const auto space = asio::buffer(self->chunk_);
    const auto [error, size] = co_await self->stream_.read_some(space);
    if (error) {
      self->end(fail(Errc::unavailable, reason(error)));
      co_return;
    }
    if (self->state_ != State::open) continue;
    self->reader_.append(std::string_view(self->chunk_.data(), size));
    co_await self->deliver_frames();
  }
}

/// Before the peer is admitted each frame gets a turn of the event loop of its own: what it brings about (to
/// be admitted, to be closed) has then been carried out before the next one is looked at.
asio::awaitable<void> Session::deliver_frames() {
  while (state_ == State::open) {
    const auto frame = reader_.next();
    if (!frame) end(frame.error());
    if (!frame || !*frame) co_return;
    handler_.received(id_, **frame);
    if (!admitted_) co_await asio::post(stream_.executor(), asio::use_awaitable);
  }
}

asio::awaitable<void> Session::write_loop(std::shared_ptr<Session> self) {
  while (!self->outgoing_.empty()) {
    const Bytes batch = std::exchange(self->outgoing_, {});
    const std::size_t body_bytes = std::exchange(self->outgoing_body_bytes_, 0);
    const auto bytes = asio::buffer(batch);
    const auto [error, size] = co_await self->stream_.write(bytes);
    if (error) {
      self->end(fail(Errc::unavailable, reason(error)));
      co_return;
    }
    if (self->state_ == State::open) self->handler_.written(self->id_, body_bytes);
  }
  self->writing_ = false;
  if (self->state_ == State::closing) self->say_goodbye();
}

/// Half a close: a whole one while the peer still sends would be a reset, which can overtake our last frames.
void Session::say_goodbye() {
  error_code error;
  stream_.socket().shutdown(tcp::socket::shutdown_send, error);
  if (error) end(fail(Errc::unavailable, reason(error)));
}

void Session::end(const Error& why) {
  if (state_ == State::closed) return;
  const bool told_to = state_ == State::closing;
  state_ = State::closed;
  close_timer_.cancel();
  error_code ignored;
  stream_.socket().close(ignored);
  if (!told_to) handler_.closed(id_, why);
}

}  // namespace overlay::transport
