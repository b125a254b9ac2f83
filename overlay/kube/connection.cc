// SPDX-License-Identifier: Apache-2.0
#include "overlay/kube/connection.h"

#include <openssl/ssl.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/http.hpp>

#include "overlay/kube/client.h"

namespace overlay::kube {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

/// For a connection, and for the next bytes of an answer.
constexpr auto patience = std::chrono::seconds(10);
/// The API server sends a bookmark about once a minute: a watch that is silent for longer is dead.
constexpr auto watch_patience = std::chrono::seconds(130);
constexpr std::size_t chunk_bytes = 16384;

Result<asio::ssl::context> trusting(const std::string& ca) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  error_code error;
  context.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, error);
  if (!error) context.set_verify_mode(asio::ssl::verify_peer, error);
  if (!error) context.add_certificate_authority(asio::buffer(ca), error);
  if (!error) return context;
  return fail(Errc::invalid, "--kube-account: ca.crt holds no certificate: " + error.message());
}

http::request<http::string_body> to_http(const Request& request, const HostPort& server,
                                         const std::string& token) {
  http::request<http::string_body> out(http::string_to_verb(request.method), request.target, 11);
  out.set(http::field::host, server.text());
  out.set(http::field::user_agent, "overlayd");
  out.set(http::field::accept, "application/json");
  out.set(http::field::authorization, "Bearer " + token);
  if (request.body.empty()) return out;
  out.set(http::field::content_type, request.content_type);
  out.body() = request.body;
  out.prepare_payload();
  return out;
}

}  // namespace

Connection::Connection(const asio::any_io_executor& executor, const HostPort& server,
                       asio::ssl::context context)
    : server_(server), context_(std::move(context)), stream_(beast::tcp_stream(executor), context_) {}

Awaitable<Result<std::unique_ptr<Connection>>> Connection::open(asio::any_io_executor executor,
                                                                HostPort server, std::string ca) {
  auto context = trusting(ca);
  if (!context) co_return context.error();
  std::unique_ptr<Connection> connection(new Connection(executor, server, *std::move(context)));
  const Status connected = co_await connection->connect();
  if (!connected) co_return connected.error();
  co_return connection;
}

Awaitable<Status> Connection::connect() {
  tcp::resolver resolver(stream_.get_executor());
  auto [unknown, addresses] =
      co_await resolver.async_resolve(server_.host, std::to_string(server_.port), as_value);
  if (unknown) co_return trouble("cannot be found", unknown);
  beast::tcp_stream& socket = beast::get_lowest_layer(stream_);
  socket.expires_after(patience);
  auto [refused, remote] = co_await socket.async_connect(addresses, as_value);
  if (refused) co_return trouble("cannot be reached", refused);
  stream_.set_verify_callback(asio::ssl::host_name_verification(server_.host));
  error_code is_a_name;
  asio::ip::make_address(server_.host, is_a_name);
  if (is_a_name) SSL_set_tlsext_host_name(stream_.native_handle(), server_.host.c_str());
  auto [untrusted] = co_await stream_.async_handshake(asio::ssl::stream_base::client, as_value);
  if (untrusted) co_return trouble("is not one that ca.crt vouches for", untrusted);
  open_ = true;
  co_return Status();
}

Awaitable<Status> Connection::send(const Request& request, const std::string& token) {
  open_ = false;
  const auto message = to_http(request, server_, token);
  beast::get_lowest_layer(stream_).expires_after(patience);
  auto [error, bytes] = co_await http::async_write(stream_, message, as_value);
  if (error) co_return trouble("does not take a request", error);
  co_return Status();
}

Awaitable<Result<Answer>> Connection::exchange(const Request& request, const std::string& token) {
  const Status sent = co_await send(request, token);
  if (!sent) co_return sent.error();
  http::response_parser<http::string_body> parser;
  parser.body_limit(max_answer_bytes);
  beast::get_lowest_layer(stream_).expires_after(patience);
  auto [error, bytes] = co_await http::async_read(stream_, buffer_, parser, as_value);
  if (error) co_return trouble("gives no answer", error);
  open_ = parser.keep_alive();
  Answer answer{parser.get().result_int(), std::move(parser.get().body())};
  co_return answer;
}

Awaitable<Result<Answer>> Connection::stream(const Request& request, const std::string& token,
                                             const Take& take) {
  const Status sent = co_await send(request, token);
  if (!sent) co_return sent.error();
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(boost::none);
  std::array<char, chunk_bytes> chunk{};
  Answer answer;
  while (!parser.is_done()) {
    parser.get().body().data = chunk.data();
    parser.get().body().size = chunk.size();
    parser.get().body().more = true;
    beast::get_lowest_layer(stream_).expires_after(watch_patience);
    auto [error, bytes] = co_await http::async_read_some(stream_, buffer_, parser, as_value);
    if (error && error != http::error::need_buffer) co_return trouble("ended a watch", error);
    if (!parser.is_header_done()) continue;
    answer.status = parser.get().result_int();
    const std::string_view read(chunk.data(), chunk.size() - parser.get().body().size);
    if (answer.ok() && !take(read)) break;
    if (!answer.ok()) answer.body += read;
    if (answer.body.size() > max_answer_bytes) break;
  }
  co_return answer;
}

Error Connection::trouble(std::string_view doing, const error_code& error) const {
  std::string reason = error.message();
  if (error == beast::error::timeout) reason = "no answer in time";
  return fail(Errc::unavailable,
              "the Kubernetes API server at " + server_.text() + " " + std::string(doing) + ": " + reason);
}

}  // namespace overlay::kube
