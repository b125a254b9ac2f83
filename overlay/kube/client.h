// SPDX-License-Identifier: Apache-2.0
// Asks the API server, over TLS that only its own certificate authority can vouch for. One connection is kept
// between requests; a watch has one of its own.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>

#include "overlay/kube/access.h"
#include "overlay/kube/asio.h"
#include "overlay/kube/http.h"

namespace overlay::kube {

class Connection;

/// Of one answer: a page of Nodes with all they carry.
inline constexpr std::size_t max_answer_bytes = 16 << 20;
/// Of one object of a watch: etcd keeps none above 1.5 MiB, which JSON can blow up.
inline constexpr std::size_t max_object_bytes = 4 << 20;

class Client {
 public:
  Client(asio::any_io_executor executor, Access access);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  const HostPort& server() const { return access_.server; }

  /// An answer of any status; Errc::unavailable when there is none. One at a time.
  Awaitable<Result<Answer>> call(Request request);
  /// Hears a watch out: each line goes to `line`, until that is false or the server ends it; nothing goes
  /// there when the watch stands. The answer is the server's refusal, or empty with status 200.
  Awaitable<Result<Answer>> follow(Request request, std::function<bool(std::string_view)> line);

 private:
  Awaitable<Result<Answer>> call_once(const Request& request, bool& reused);

  asio::any_io_executor executor_;
  Access access_;
  std::unique_ptr<Connection> kept_;
};

}  // namespace overlay::kube
