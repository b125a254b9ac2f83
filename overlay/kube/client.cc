// SPDX-License-Identifier: Apache-2.0
#include "overlay/kube/client.h"

#include <optional>

#include "overlay/kube/connection.h"
#include "overlay/kube/lines.h"

namespace overlay::kube {

Client::Client(asio::any_io_executor executor, Access access)
    : executor_(std::move(executor)), access_(std::move(access)) {}
Client::~Client() = default;

Awaitable<Result<Answer>> Client::call(Request request) {
  bool reused = false;
  Result<Answer> answer = co_await call_once(request, reused);
  // The server may have closed it while nobody looked. What was asked twice is done once: all that we make
  // has a name, and what we change says from what.
  if (!answer && reused) answer = co_await call_once(request, reused);
  co_return answer;
}

Awaitable<Result<Answer>> Client::call_once(const Request& request, bool& reused) {
  std::unique_ptr<Connection> connection = std::move(kept_);
  reused = connection != nullptr;
  const auto credentials = read_credentials(access_);
  if (!credentials) co_return credentials.error();
  if (!reused) {
    auto opened = co_await Connection::open(executor_, access_.server, credentials->ca);
    if (!opened) co_return opened.error();
    connection = *std::move(opened);
  }
  Result<Answer> answer = co_await connection->exchange(request, credentials->token);
  if (answer && connection->is_open()) kept_ = std::move(connection);
  co_return answer;
}

Awaitable<Result<Answer>> Client::follow(Request request, std::function<bool(std::string_view)> line) {
  const auto credentials = read_credentials(access_);
  if (!credentials) co_return credentials.error();
  auto connection = co_await Connection::open(executor_, access_.server, credentials->ca);
  if (!connection) co_return connection.error();
  Lines lines(max_object_bytes);
  std::optional<Error> trouble;
  bool stands = false;
  const auto take = [&](std::string_view bytes) {
    if (!std::exchange(stands, true)) line({});
    const auto whole = lines.add(bytes);
    if (!whole) trouble = whole.error();
    if (!whole) return false;
    for (const std::string& text : *whole) {
      if (!line(text)) return false;
    }
    return true;
  };
  Result<Answer> answer = co_await (*connection)->stream(request, credentials->token, take);
  if (trouble) co_return *trouble;
  co_return answer;
}

}  // namespace overlay::kube
