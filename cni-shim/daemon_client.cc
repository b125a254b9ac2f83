// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/daemon_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "cni-shim/file_descriptor.h"

namespace overlay::cni {
namespace {

namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;
using boost::system::error_code;

constexpr std::chrono::seconds add_deadline{30};
constexpr std::chrono::seconds del_deadline{10};
constexpr std::chrono::seconds status_deadline{1};
constexpr std::size_t answer_max = std::size_t{1} << 20;
constexpr std::size_t chunk = 4096;

std::string reason(int error) {
  if (error == EAGAIN) return "no answer in time";
  std::string text = std::generic_category().message(error);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

std::string request_text(std::string_view verb, std::string_view target, std::string_view body) {
  std::string out(verb);
  out.append(" ").append(target).append(" HTTP/1.1\r\nHost: overlayd\r\nContent-Type: application/json\r\n");
  out.append("Connection: close\r\nContent-Length: ").append(std::to_string(body.size()));
  return out.append("\r\n\r\n").append(body);
}

/// A connection to overlayd that blocks, until its deadline at most. An errno of 0 is success.
class Connection {
 public:
  explicit Connection(Clock::time_point deadline)
      : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), deadline_(deadline) {}

  int connect(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    limit(SO_SNDTIMEO);  // of connect() too, which waits while overlayd's queue is full
    const auto* name = reinterpret_cast<const sockaddr*>(&address);
    return ::connect(socket_.get(), name, sizeof address) == 0 ? 0 : errno;
  }

  int send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
      if (sent < 0 && errno != EINTR) return errno;
    }
    return 0;
  }

  /// One answer, of a length that its head tells, into `parser`.
  int receive(http::response_parser<http::string_body>& parser) {
    boost::beast::flat_buffer buffer;
    error_code bad;
    while (!parser.is_done()) {
      limit(SO_RCVTIMEO);
      const ssize_t got = ::recv(socket_.get(), buffer.prepare(chunk).data(), chunk, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return got < 0 ? errno : ECONNRESET;
      buffer.commit(static_cast<std::size_t>(got));
      buffer.consume(parser.put(buffer.data(), bad));
      if (bad && bad != http::error::need_more) return EPROTO;
    }
    return 0;
  }

 private:
  /// Lets the next calls wait until the deadline. 0 would let them wait for ever.
  void limit(int option) {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(deadline_ - Clock::now()).count();
    const auto wait = std::max<std::int64_t>(left, 1);
    const timeval time{wait / 1'000'000, wait % 1'000'000};
    ::setsockopt(socket_.get(), SOL_SOCKET, option, &time, sizeof time);
  }

  FileDescriptor socket_;
  Clock::time_point deadline_;
};

}  // namespace

Result<std::string> DaemonClient::exchange(Method method, const std::string& target, const std::string& body,
                                           std::chrono::seconds deadline, const Meanwhile& meanwhile) const {
  if (socket_.size() >= sizeof(sockaddr_un{}.sun_path)) {
    return fail(Errc::invalid, "the socket path " + socket_ + " is longer than the 107 bytes Linux takes");
  }
  Connection connection(Clock::now() + deadline);
  if (const int error = connection.connect(socket_); error != 0) {
    return fail(Errc::unavailable, "overlayd is not running or not ready: cannot connect to its socket " +
                                       socket_ + ": " + reason(error));
  }
  http::response_parser<http::string_body> parser;
  parser.eager(true);
  parser.body_limit(answer_max);
  int error = connection.send(request_text(method == Method::get ? "GET" : "POST", target, body));
  if (error == 0 && meanwhile) meanwhile();
  if (error == 0) error = connection.receive(parser);
  if (error != 0) {
    return fail(Errc::io, "overlayd on " + socket_ + " did not answer " + target + ": " + reason(error));
  }
  const auto& response = parser.get();
  if (response.result_int() >= 400) return parse_failure(response.result_int(), response.body());
  return response.body();
}

Result<Lease> DaemonClient::add(const Attachment& attachment, const Wishes& wishes,
                                const Meanwhile& meanwhile) const {
  OVERLAY_TRY(const std::string answer,
              exchange(Method::post, "/v1/cni/add", to_json(attachment, wishes), add_deadline, meanwhile));
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
