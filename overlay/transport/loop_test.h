// SPDX-License-Identifier: Apache-2.0
// For tests: an event loop that is run until something has come true.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "overlay/transport/session.h"

namespace overlay::transport {

class Loop {
 public:
  asio::any_io_executor executor() { return context_.get_executor(); }

  /// False when `condition` is not true within ten seconds.
  [[nodiscard]] bool run_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      context_.restart();
      context_.run_one_until(deadline);
    }
    return true;
  }
  /// All that can happen without waiting.
  void settle() {
    context_.restart();
    while (context_.poll() > 0) context_.restart();
  }

 private:
  asio::io_context context_{1};
};

/// Two connected sockets on loopback.
struct SocketPair {
  explicit SocketPair(Loop& loop) : near(loop.executor()), far(loop.executor()) {
    tcp::acceptor acceptor(loop.executor(), tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    far.connect(acceptor.local_endpoint());
    near = acceptor.accept();
  }

  tcp::socket near;
  tcp::socket far;
};

/// Writes down what sessions tell.
class Recorder : public SessionHandler {
 public:
  void received(node::SessionId session, std::string_view frame) override {
    frames[session].emplace_back(frame);
    if (on_frame) on_frame(session);
  }
  void written(node::SessionId session, std::size_t bytes) override { written_bytes[session] += bytes; }
  void closed(node::SessionId session, const Error& reason) override {
    closings[session].push_back(reason.text);
  }

  std::map<node::SessionId, std::vector<std::string>> frames;
  std::map<node::SessionId, std::size_t> written_bytes;
  std::map<node::SessionId, std::vector<std::string>> closings;
  std::function<void(node::SessionId)> on_frame;
};

}  // namespace overlay::transport
