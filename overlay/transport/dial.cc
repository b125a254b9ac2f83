// SPDX-License-Identifier: Apache-2.0
#include "overlay/transport/dial.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <vector>

namespace overlay::transport {
namespace {

asio::awaitable<Result<std::vector<tcp::endpoint>>> resolve(HostPort target) {
  std::vector<tcp::endpoint> endpoints;
  if (const auto address = Ip::parse(target.host)) {
    endpoints.push_back(to_asio(Endpoint{*address, target.port}));
    co_return endpoints;
  }
  tcp::resolver resolver(co_await asio::this_coro::executor);
  const std::string port = std::to_string(target.port);
  const auto flags = tcp::resolver::numeric_service;
  const auto [error, found] = co_await resolver.async_resolve(target.host, port, flags, as_value);
  if (error) co_return fail(Errc::not_found, target.text() + ": " + reason(error));
  for (const auto& entry : found) {
    if (endpoints.size() < max_addresses) endpoints.push_back(entry.endpoint());
  }
  co_return endpoints;
}

/// Errc::unavailable with the reason alone.
asio::awaitable<Result<Dialed>> connect(tcp::endpoint endpoint) {
  using namespace asio::experimental::awaitable_operators;  // NOLINT: the only way to their ||
  const auto executor = co_await asio::this_coro::executor;
  tcp::socket socket(executor);
  asio::steady_timer timer(executor, connect_timeout);
  auto connected = socket.async_connect(endpoint, as_value);
  auto expired = timer.async_wait(as_value);
  const auto first = co_await (std::move(connected) || std::move(expired));
  if (first.index() == 1) {
    co_return fail(Errc::unavailable, "no answer within " + std::to_string(connect_timeout.count()) + " s");
  }
  const auto [error] = std::get<0>(first);
  if (error) co_return fail(Errc::unavailable, reason(error));
  Dialed dialed{std::move(socket), from_asio(endpoint)};
  co_return dialed;
}

asio::awaitable<Result<Dialed>> try_all(HostPort target) {
  const auto endpoints = co_await resolve(target);
  if (!endpoints) co_return endpoints.error();
  std::string reasons;
  for (const auto& endpoint : *endpoints) {
    auto dialed = co_await connect(endpoint);
    if (dialed) co_return dialed;
    const std::string where = from_asio(endpoint).text();
    if (!reasons.empty()) reasons += ", ";
    if (where != target.text()) reasons += where + " ";
    reasons += dialed.error().text;
  }
  co_return fail(Errc::unavailable, target.text() + ": " + reasons);
}

asio::awaitable<void> dial_once(HostPort target, DialReply reply) {
  auto dialed = co_await try_all(std::move(target));
  reply(std::move(dialed));
}

}  // namespace

void dial(const asio::any_io_executor& executor, const HostPort& target, DialReply reply) {
  spawn(executor, dial_once(target, std::move(reply)));
}

}  // namespace overlay::transport
