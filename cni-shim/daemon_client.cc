// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/daemon_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cctype>

namespace overlay::cni {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Stream = beast::basic_stream<asio::local::stream_protocol>;
using beast::error_code;

constexpr std::chrono::seconds add_deadline{30};
constexpr std::chrono::seconds del_deadline{10};
constexpr std::chrono::seconds status_deadline{1};
constexpr std::size_t answer_max = std::size_t{1} << 20;
constexpr int http_1_1 = 11;

/// Starts one asynchronous operation and waits for it: only these have the stream's deadline.
template <class Start>
error_code wait_for(asio::io_context& context, Start start) {
  error_code outcome;
  start([&outcome](error_code error, auto&&...) { outcome = error; });
  context.restart();
  context.run();
  return outcome;
}

std::string reason(const error_code& error) {
  if (error == beast::error::timeout) return "no answer in time";
  std::string text = error.message();
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

http::request<http::string_body> make_request(http::verb verb, const std::string& target,
                                              const std::string& body) {
  http::request<http::string_body> out(verb, target, http_1_1, body);
  out.set(http::field::host, "overlayd");
  out.set(http::field::content_type, "application/json");
  out.set(http::field::connection, "close");
  out.prepare_payload();
  return out;
}

}  // namespace

Result<std::string> DaemonClient::exchange(Method method, const std::string& target, const std::string& body,
                                           std::chrono::seconds deadline) const {
  asio::io_context context(1);
  Stream stream(context);
  stream.expires_after(deadline);
  if (socket_.size() >= sizeof(sockaddr_un{}.sun_path)) {
    return fail(Errc::invalid, "the socket path " + socket_ + " is longer than the 107 bytes Linux takes");
  }
  const asio::local::stream_protocol::endpoint endpoint(socket_);
  error_code error = wait_for(context, [&](auto done) { stream.async_connect(endpoint, std::move(done)); });
  if (error) {
    return fail(Errc::unavailable, "overlayd is not running or not ready: cannot connect to its socket " +
                                       socket_ + ": " + reason(error));
  }

  const auto request = make_request(method == Method::get ? http::verb::get : http::verb::post, target, body);
  error = wait_for(context, [&](auto done) { http::async_write(stream, request, std::move(done)); });

  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(answer_max);
  if (!error)
    error = wait_for(context, [&](auto done) { http::async_read(stream, buffer, parser, std::move(done)); });
  if (error) {
    return fail(Errc::io, "overlayd on " + socket_ + " did not answer " + target + ": " + reason(error));
  }
  const auto& response = parser.get();
  if (response.result_int() >= 400) return parse_failure(response.result_int(), response.body());
  return response.body();
}

Result<Lease> DaemonClient::add(const Attachment& attachment, const Wishes& wishes) const {
  OVERLAY_TRY(const std::string answer,
              exchange(Method::post, "/v1/cni/add", to_json(attachment, wishes), add_deadline));
  return parse_lease(answer);
}

Result<Lease> DaemonClient::check(const Attachment& attachment) const {
  OVERLAY_TRY(const std::string answer,
              exchange(Method::post, "/v1/cni/check", to_json(attachment), del_deadline));
  return parse_lease(answer);
}

Status DaemonClient::del(const Attachment& attachment) const {
  const auto answer = exchange(Method::post, "/v1/cni/del", to_json(attachment), del_deadline);
  if (!answer && answer.error().code != Errc::not_found) return answer.error();
  return {};
}

Result<std::set<Attachment>> DaemonClient::attachments() const {
  OVERLAY_TRY(const std::string answer, exchange(Method::get, "/v1/ipam/addresses", {}, del_deadline));
  return parse_attachments(answer);
}

Status DaemonClient::collect(const std::string& network, const std::set<Attachment>& valid) const {
  OVERLAY_CHECK(exchange(Method::post, "/v1/cni/gc", to_json(network, valid), del_deadline));
  return {};
}

Result<Readiness> DaemonClient::readiness() const {
  OVERLAY_TRY(const std::string answer, exchange(Method::get, "/v1/status", {}, status_deadline));
  return parse_readiness(answer);
}

}  // namespace overlay::cni
