// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/none.hpp>

#include "overlay/base/result.h"
#include "overlay/control/json.h"
#include "overlay/v1/control.pb.h"

namespace overlay::ctl {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::local::stream_protocol;
using boost::system::error_code;
using std::chrono::seconds;

namespace {

constexpr seconds get_patience{10};
constexpr seconds post_patience{60};

std::string cure(const error_code& error) {
  if (error == boost::system::errc::permission_denied)
    return "run it as root or as a member of group overlay";
  if (error == beast::error::timeout) return "look at its log with 'journalctl -u overlayd'";
  return "start it with 'systemctl start overlayd', or name its socket with --socket";
}

Stop unreachable(const std::string& socket, const error_code& error) {
  return {Exit::unreachable,
          "overlayd cannot be reached at " + socket + " (" + error.message() + "): " + cure(error)};
}

/// One connection and one request. Every step runs the loop until it is done or out of patience.
class Exchange {
 public:
  explicit Exchange(const std::string& socket) : socket_(socket), stream_(io_) {}

  Outcome<void> send(http::verb verb, const std::string& path, const std::string& body, seconds patience) {
    stream_.expires_after(patience);
    // The limit is on a path in sockaddr_un, less the byte that ends it.
    if (socket_.size() > 107)
      return unreachable(socket_, make_error_code(boost::system::errc::filename_too_long));
    const stream_protocol::endpoint endpoint(socket_);
    stream_.async_connect(endpoint, [this](error_code error) { error_ = error; });
    if (auto connected = finish(); !connected) return connected;
    request_.method(verb);
    request_.target(path);
    request_.version(11);
    request_.set(http::field::host, "overlayd");
    request_.keep_alive(false);
    request_.body() = body;
    request_.prepare_payload();
    http::async_write(stream_, request_, [this](error_code error, std::size_t) { error_ = error; });
    return finish();
  }

  /// Reads the whole answer.
  Outcome<http::response<http::string_body>> receive() {
    parser_.body_limit(boost::none);
    http::async_read(stream_, buffer_, parser_, [this](error_code error, std::size_t) { error_ = error; });
    OVERLAY_CHECK(finish());
    return parser_.release();
  }

  Outcome<void> receive_head() {
    parser_.body_limit(boost::none);
    http::async_read_header(stream_, buffer_, parser_,
                            [this](error_code error, std::size_t) { error_ = error; });
    return finish();
  }

  /// Waits without limit for more of the body, which it appends to body().
  Outcome<void> receive_some() {
    stream_.expires_never();
    http::async_read_some(stream_, buffer_, parser_,
                          [this](error_code error, std::size_t) { error_ = error; });
    return finish();
  }

  unsigned status() const { return parser_.get().result_int(); }
  std::string& body() { return parser_.get().body(); }
  bool is_done() const { return parser_.is_done(); }

 private:
  Outcome<void> finish() {
    io_.restart();
    io_.run();
    if (error_) return unreachable(socket_, error_);
    return {};
  }

  const std::string& socket_;
  asio::io_context io_;
  beast::basic_stream<stream_protocol> stream_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response_parser<http::string_body> parser_;
  error_code error_;
};

/// The daemon's own sentence where the answer has one.
Stop failure(unsigned status, const std::string& body) {
  const auto said = control::from_json<v1::Failure>(body);
  if (said && !said->text().empty()) return {Exit::no, said->text()};
  return {Exit::no, "overlayd answered with HTTP status " + std::to_string(status)};
}

Outcome<std::string> call(const std::string& socket, http::verb verb, const std::string& path,
                          const std::string& body, seconds patience) {
  Exchange exchange(socket);
  OVERLAY_CHECK(exchange.send(verb, path, body, patience));
  OVERLAY_TRY(auto answer, exchange.receive());
  if (answer.result() != http::status::ok) return failure(answer.result_int(), answer.body());
  return std::move(answer.body());
}

/// Takes the whole lines off the front of `text`.
void take_lines(std::string& text, const std::function<void(const std::string&)>& on_line) {
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
    on_line(text.substr(0, end));
    text.erase(0, end + 1);
  }
}

}  // namespace

Outcome<std::string> Client::get(const std::string& path) const {
  return call(socket_, http::verb::get, path, {}, get_patience);
}

Outcome<std::string> Client::post(const std::string& path, const std::string& body) const {
  return call(socket_, http::verb::post, path, body, post_patience);
}

Outcome<void> Client::follow(const std::string& path,
                             const std::function<void(const std::string&)>& on_line) const {
  Exchange exchange(socket_);
  OVERLAY_CHECK(exchange.send(http::verb::get, path, {}, get_patience));
  OVERLAY_CHECK(exchange.receive_head());
  while (!exchange.is_done()) {
    OVERLAY_CHECK(exchange.receive_some());
    if (exchange.status() == 200) take_lines(exchange.body(), on_line);
  }
  if (exchange.status() != 200) return failure(exchange.status(), exchange.body());
  return Stop{Exit::unreachable, "overlayd at " + socket_ + " has ended"};
}

}  // namespace overlay::ctl
