// SPDX-License-Identifier: Apache-2.0
// The few words of Boost.Asio that the coroutines here use.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

namespace overlay::kube {

namespace asio = boost::asio;
using boost::system::error_code;
template <class T>
using Awaitable = asio::awaitable<T>;

/// Makes an operation awaitable, its errors values.
inline constexpr auto as_value = asio::as_tuple(asio::use_awaitable);

/// Runs a coroutine on its own. Its errors are values; what it throws all the same is a bug and ends
/// io_context::run().
inline void spawn(const asio::any_io_executor& executor, Awaitable<void> coroutine) {
  asio::co_spawn(executor, std::move(coroutine), [](const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
}

}  // namespace overlay::kube
