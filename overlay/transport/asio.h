// SPDX-License-Identifier: Apache-2.0
// The few words of Boost.Asio that every coroutine of the shell uses.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <string>
#include <utility>

#include "overlay/addr/endpoint.h"

namespace overlay::transport {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// Makes an operation awaitable, its errors values: `co_await socket.async_wait(how, as_value)` is a tuple.
inline constexpr auto as_value = asio::as_tuple(asio::use_awaitable);

/// Runs a coroutine on its own. Its errors are values; what it throws all the same is a bug and ends
/// io_context::run().
inline void spawn(const asio::any_io_executor& executor, asio::awaitable<void> coroutine) {
  asio::co_spawn(executor, std::move(coroutine), [](const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
}

/// Why it failed, lower case: "connection refused", "host not found (authoritative)".
std::string reason(const error_code& error);

tcp::endpoint to_asio(const Endpoint& endpoint);
Endpoint from_asio(const tcp::endpoint& endpoint);

}  // namespace overlay::transport
