// SPDX-License-Identifier: Apache-2.0
// Opens one TCP connection to a host by name or address.
#pragma once

#include <functional>

#include "overlay/addr/endpoint.h"
#include "overlay/base/result.h"
#include "overlay/transport/asio.h"

namespace overlay::transport {

/// How long one address may take to answer.
inline constexpr auto connect_timeout = std::chrono::seconds(5);
/// How many addresses of one name are tried.
inline constexpr std::size_t max_addresses = 8;

struct Dialed {
  tcp::socket socket;
  Endpoint remote;
};

/// Called once, never from within dial(). Errc::not_found: the name has no address; Errc::unavailable: none
/// answers. The text names the target, and the address where they differ.
using DialReply = std::function<void(Result<Dialed>)>;

/// Resolves the name anew and tries its addresses in the resolver's order.
/// A name is looked up on Asio's one resolver thread and takes what resolv.conf(5) allows; others wait for it
/// meanwhile.
void dial(const asio::any_io_executor& executor, const HostPort& target, DialReply reply);

}  // namespace overlay::transport
