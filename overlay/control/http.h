// SPDX-License-Identifier: Apache-2.0
// A small HTTP/1.1 server for a handful of local clients, over a listening socket of any stream family.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "overlay/addr/endpoint.h"
#include "overlay/base/result.h"

namespace overlay::control {

struct Request {
  std::string method;
  std::string target;  // path and query, exactly as sent
  std::string body;
  std::string host;  // the Host header: what the client calls us
  int socket = -1;   // to ask the kernel who is calling; open at least until the response is given
};

/// A body without an end, given piece by piece.
class Feed {
 public:
  virtual ~Feed() = default;
  /// What there is to send now; empty when there is nothing yet.
  virtual std::string take() = 0;
  /// From now on `wake` is called, with or without cause, whenever take() may have something.
  virtual void on_more(std::function<void()> wake) = 0;
};

/// Name and value of each.
using Headers = std::vector<std::pair<std::string, std::string>>;

struct Response {
  unsigned status = 200;
  std::string content_type;
  std::string body;
  Headers headers;             // more of them
  std::unique_ptr<Feed> feed;  // instead of `body`: chunks until either side closes
};

/// Gives the response, once, on the event loop's thread; too late (the client is gone) is fine.
using Respond = std::function<void(Response)>;
using Handler = std::function<void(const Request&, Respond)>;

struct HttpLimits {
  std::size_t body_bytes = 64 * 1024;
  std::size_t header_bytes = 8 * 1024;
  std::size_t connections = 256;           // the next ones wait in the listen queue
  std::chrono::milliseconds idle{10'000};  // for a whole request to come in, and for a response to be taken
};

/// Accepts until destroyed, which closes every connection; the handler is not called after that. The
/// io_context must have one thread and outlive it. Requests that cannot be read get their answer here, in the
/// shape `refuse` gives: 400 not HTTP, 413 body too long.
class HttpListener {
 public:
  using Refuse = std::function<Response(unsigned status, Error error)>;

  /// Takes over `listening`, a bound and listening stream socket.
  HttpListener(boost::asio::io_context& io, int listening, HttpLimits limits, Handler handler, Refuse refuse);
  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  class Connections;  // listener and connections, in http.cc

 private:
  std::shared_ptr<Connections> connections_;
};

}  // namespace overlay::control
