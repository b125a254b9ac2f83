// SPDX-License-Identifier: Apache-2.0
// One TLS connection to the API server.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <functional>
#include <memory>
#include <string>

#include "overlay/addr/endpoint.h"
#include "overlay/kube/asio.h"
#include "overlay/kube/http.h"

namespace overlay::kube {

class Connection {
 public:
  using Take = std::function<bool(std::string_view)>;

  /// `ca`: PEM of those who may vouch for the server, by the name or address it was called by.
  static Awaitable<Result<std::unique_ptr<Connection>>> open(asio::any_io_executor executor, HostPort server,
                                                             std::string ca);

  Awaitable<Result<Answer>> exchange(const Request& request, const std::string& token);
  /// Gives the body to `take` as it comes, until that is false or the body ends; the answer is then empty. A
  /// refusal's body comes as the answer.
  Awaitable<Result<Answer>> stream(const Request& request, const std::string& token, const Take& take);
  /// Whether another request may follow.
  bool is_open() const { return open_; }

 private:
  Connection(const asio::any_io_executor& executor, const HostPort& server, asio::ssl::context context);
  Awaitable<Status> connect();
  Awaitable<Status> send(const Request& request, const std::string& token);
  Error trouble(std::string_view doing, const error_code& error) const;

  HostPort server_;
  asio::ssl::context context_;
  asio::ssl::stream<boost::beast::tcp_stream> stream_;
  boost::beast::flat_buffer buffer_;
  bool open_ = false;
};

}  // namespace overlay::kube
