// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/http.h"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <set>
#include <utility>

namespace overlay::control {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Protocol = asio::generic::stream_protocol;

namespace {

class Connection;

}  // namespace

/// Shared by the listener and its connections, so that whichever ends last is safe.
class HttpListener::Connections : public std::enable_shared_from_this<Connections> {
 public:
  Connections(asio::io_context& io, int listening, HttpLimits limits, Handler handler, Refuse refuse);
  void accept();
  void stop();
  void ended(const std::shared_ptr<Connection>& connection);

  const HttpLimits limits;
  const Handler handler;
  const Refuse refuse;

 private:
  void accepted(error_code error, Protocol::socket socket);
  void accept_later();

  asio::basic_socket_acceptor<Protocol> acceptor_;
  asio::steady_timer retry_;
  std::set<std::shared_ptr<Connection>> open_;
  bool accepting_ = false;
};

namespace {

/// One client: read a request, have it handled, write the response, again; or stream a feed until someone
/// closes. Kept alive by its pending operation, or by the handler that has not responded yet.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Protocol::socket socket, std::shared_ptr<HttpListener::Connections> all)
      : stream_(std::move(socket)), all_(std::move(all)) {}

  void read();
  void close();

 private:
  void on_read(error_code error);
  void answer_unreadable(error_code error);
  void handle();
  void write(Response response, bool keep_alive);
  void on_written(error_code error, bool keep_alive);
  void start_feed(Response response);
  void watch_for_hangup();
  void pump();

  bool is_closed() const { return all_ == nullptr; }

  beast::basic_stream<Protocol> stream_;
  std::shared_ptr<HttpListener::Connections> all_;  // null once closed
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  std::unique_ptr<Feed> feed_;
  http::response<http::empty_body> feed_head_;
  std::optional<http::response_serializer<http::empty_body>> feed_head_serializer_;
  std::string chunk_;
  bool chunk_in_flight_ = false;
  char unexpected_byte_ = 0;
};

void Connection::read() {
  parser_.emplace();
  parser_->body_limit(all_->limits.body_bytes);
  parser_->header_limit(static_cast<std::uint32_t>(all_->limits.header_bytes));
  stream_.expires_after(all_->limits.idle);
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](error_code error, std::size_t) { self->on_read(error); });
}

void Connection::on_read(error_code error) {
  if (is_closed()) return;
  if (!error) return handle();
  const bool http_error = error.category() == http::make_error_code(http::error::bad_method).category();
  if (http_error && error != http::error::end_of_stream && error != http::error::partial_message) {
    return answer_unreadable(error);
  }
  close();
}

void Connection::answer_unreadable(error_code error) {
  const auto& limits = all_->limits;
  if (error == http::error::body_limit) {
    return write(all_->refuse(413, fail(Errc::invalid, "the body is longer than " +
                                                           std::to_string(limits.body_bytes) + " bytes")),
                 false);
  }
  if (error == http::error::header_limit) {
    return write(all_->refuse(431, fail(Errc::invalid, "the header is longer than " +
                                                           std::to_string(limits.header_bytes) + " bytes")),
                 false);
  }
  write(all_->refuse(400, fail(Errc::invalid, "this is not HTTP/1.1: " + error.message())), false);
}

void Connection::handle() {
  // Nothing is being read or written until the handler responds, so no timeout runs meanwhile.
  auto& message = parser_->get();
  const Request request{std::string(message.method_string()), std::string(message.target()),
                        std::move(message.body()), std::string(message[http::field::host]),
                        stream_.socket().native_handle()};
  const bool keep_alive = message.keep_alive();
  const auto all = all_;  // the handler may end the listener, and must outlive that
  all->handler(request, [self = shared_from_this(), keep_alive](Response response) {
    if (self->is_closed()) return;
    if (response.feed) return self->start_feed(std::move(response));
    self->write(std::move(response), keep_alive);
  });
}

void Connection::write(Response response, bool keep_alive) {
  response_ = {};
  response_.version(11);
  response_.result(response.status);
  response_.set(http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) response_.set(name, value);
  response_.keep_alive(keep_alive);
  response_.body() = std::move(response.body);
  response_.prepare_payload();
  stream_.expires_after(all_->limits.idle);
  http::async_write(stream_, response_,
                    [self = shared_from_this(), keep_alive](error_code error, std::size_t) {
                      self->on_written(error, keep_alive);
                    });
}

void Connection::on_written(error_code error, bool keep_alive) {
  if (is_closed()) return;
  if (error || !keep_alive) return close();
  read();
}

void Connection::start_feed(Response response) {
  feed_ = std::move(response.feed);
  feed_head_.version(11);
  feed_head_.result(http::status::ok);
  feed_head_.set(http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) feed_head_.set(name, value);
  feed_head_.chunked(true);
  feed_head_serializer_.emplace(feed_head_);
  watch_for_hangup();
  stream_.expires_after(all_->limits.idle);
  chunk_in_flight_ = true;
  http::async_write_header(stream_, *feed_head_serializer_,
                           [self = shared_from_this()](error_code error, std::size_t) {
                             self->chunk_in_flight_ = false;
                             if (error) return self->close();
                             self->pump();
                           });
  feed_->on_more([this] { pump(); });
}

/// A client that follows says nothing more: whatever it sends, or its end, ends the stream.
void Connection::watch_for_hangup() {
  stream_.expires_never();
  stream_.async_read_some(asio::buffer(&unexpected_byte_, 1),
                          [self = shared_from_this()](error_code, std::size_t) { self->close(); });
}

void Connection::pump() {
  if (is_closed() || chunk_in_flight_) return;
  chunk_ = feed_->take();
  if (chunk_.empty()) return;
  chunk_in_flight_ = true;
  stream_.expires_after(all_->limits.idle);
  asio::async_write(stream_, http::make_chunk(asio::buffer(chunk_)),
                    [self = shared_from_this()](error_code error, std::size_t) {
                      self->chunk_in_flight_ = false;
                      if (error) return self->close();
                      self->pump();
                    });
}

void Connection::close() {
  if (is_closed()) return;
  // What the feed refers to may end before this object's last operation does.
  feed_.reset();
  stream_.close();
  std::exchange(all_, nullptr)->ended(shared_from_this());
}

}  // namespace

HttpListener::Connections::Connections(asio::io_context& io, int listening, HttpLimits given, Handler handle,
                                       Refuse refuse_with)
    : limits(given), handler(std::move(handle)), refuse(std::move(refuse_with)), acceptor_(io), retry_(io) {
  // asio never asks a listening socket for its family again, so AF_UNSPEC stands for any.
  acceptor_.assign(Protocol(AF_UNSPEC, 0), listening);
}

void HttpListener::Connections::accept() {
  if (accepting_ || !acceptor_.is_open() || open_.size() >= limits.connections) return;
  accepting_ = true;
  acceptor_.async_accept([self = shared_from_this()](error_code error, Protocol::socket socket) {
    self->accepting_ = false;
    self->accepted(error, std::move(socket));
  });
}

void HttpListener::Connections::accepted(error_code error, Protocol::socket socket) {
  if (!acceptor_.is_open()) return;
  if (error) return accept_later();
  const auto connection = std::make_shared<Connection>(std::move(socket), shared_from_this());
  open_.insert(connection);
  connection->read();
  accept();
}

/// Out of descriptors, most likely: the client waits in the listen queue until there are some.
void HttpListener::Connections::accept_later() {
  retry_.expires_after(std::chrono::milliseconds(100));
  retry_.async_wait([self = shared_from_this()](error_code error) {
    if (!error) self->accept();
  });
}

void HttpListener::Connections::ended(const std::shared_ptr<Connection>& connection) {
  open_.erase(connection);
  accept();
}

void HttpListener::Connections::stop() {
  error_code ignored;
  acceptor_.close(ignored);
  retry_.cancel();
  const auto open = std::exchange(open_, {});
  for (const auto& connection : open) connection->close();
}

HttpListener::HttpListener(asio::io_context& io, int listening, HttpLimits limits, Handler handler,
                           Refuse refuse)
    : connections_(
          std::make_shared<Connections>(io, listening, limits, std::move(handler), std::move(refuse))) {
  connections_->accept();
}

HttpListener::~HttpListener() { connections_->stop(); }

}  // namespace overlay::control
