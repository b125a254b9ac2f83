// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/fake_daemon.h"

#include <unistd.h>

#include <array>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <cstdio>

namespace overlay::cni {

namespace http = boost::beast::http;
namespace json = boost::json;

FakeDaemon::FakeDaemon(std::string socket)
    : path_(std::move(socket)), acceptor_(context_, Local::endpoint(path_)) {
  accept();
  thread_ = std::thread([this] { context_.run(); });
}

FakeDaemon::~FakeDaemon() {
  context_.stop();
  thread_.join();
  ::unlink(path_.c_str());
}

void FakeDaemon::set(Mood mood) {
  const std::lock_guard lock(mutex_);
  mood_ = mood;
}

std::size_t FakeDaemon::leases() const {
  const std::lock_guard lock(mutex_);
  return leases_.size();
}

bool FakeDaemon::has_lease(const Attachment& attachment) const {
  const std::lock_guard lock(mutex_);
  return leases_.contains(attachment);
}

void FakeDaemon::forget(const Attachment& attachment) {
  const std::lock_guard lock(mutex_);
  leases_.erase(attachment);
}

void FakeDaemon::accept() {
  acceptor_.async_accept([this](boost::system::error_code error, Local::socket stream) {
    if (error) return;
    serve(std::move(stream));
    accept();
  });
}

void FakeDaemon::serve(Local::socket stream) {
  boost::system::error_code error;
  boost::beast::flat_buffer buffer;
  http::request<http::string_body> request;
  http::read(stream, buffer, request, error);
  if (error) return;
  const std::lock_guard lock(mutex_);
  if (mood_ == Mood::is_silent) {
    held_.push_back(std::move(stream));
    return;
  }
  const Reply reply = handle(std::string(request.target()), request.body());
  if (mood_ == Mood::hangs_up) return;
  http::response<http::string_body> response(static_cast<http::status>(reply.status), 11, reply.body);
  response.prepare_payload();
  http::write(stream, response, error);
}

FakeDaemon::Reply FakeDaemon::lease_of(const Attachment& attachment, bool without_ipv6) const {
  const unsigned int n = leases_.at(attachment);
  std::array<char, 64> v6{};
  if (!without_ipv6) std::snprintf(v6.data(), v6.size(), R"(,"fd00:32::%x")", n);
  std::array<char, 512> out;
  std::snprintf(out.data(), out.size(),
                R"({"addresses":["10.32.1.%u"%s],"mac":"0a:58:0a:20:01:%02x","gateway_mac":"%s",)"
                R"("mtu":%u,"pools":["10.32.0.0/12","fd00:32::/48"]})",
                n, v6.data(), n, gateway_mac, mtu);
  return {200, out.data()};
}

FakeDaemon::Reply FakeDaemon::handle(const std::string& target, const std::string& body) {
  const bool waits = mood_ == Mood::waits;
  if (target == "/v1/status") {
    return {200, waits ? R"({"node":{"ready":false,"waiting_for":["an address block"]}})"
                       : R"({"node":{"ready":true,"waiting_for":[]}})"};
  }
  if (waits) return {503, R"({"code":"unavailable","text":"overlayd waits for an address block"})"};
  const json::object request = json::parse(body).as_object();
  const auto text = [&request](const char* key) {
    return std::string(std::string_view(request.at(key).as_string()));
  };
  const Attachment attachment{text("network"), text("container"), text("interface")};
  if (target == "/v1/cni/del") {
    leases_.erase(attachment);
    return {};
  }
  if (target == "/v1/cni/add") {
    if (mood_ == Mood::is_full)
      return {507, R"({"code":"exhausted","text":"no address is left in 10.32.0.0/12"})"};
    if (!leases_.contains(attachment)) leases_[attachment] = next_++;
    return lease_of(attachment, request.contains("without_ipv6"));
  }
  if (!leases_.contains(attachment)) return {404, R"({"code":"not found","text":"nothing is leased to it"})"};
  return lease_of(attachment, false);
}

}  // namespace overlay::cni
