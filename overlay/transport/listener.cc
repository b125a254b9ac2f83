// SPDX-License-Identifier: Apache-2.0
#include "overlay/transport/listener.h"

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>

namespace overlay::transport {
namespace {

constexpr int backlog = 1024;
/// How long to wait when the host is out of descriptors or memory, instead of spinning.
constexpr auto accept_pause = std::chrono::seconds(1);

Error explain(const Endpoint& endpoint, const error_code& error) {
  const std::string where = "--listen " + endpoint.text() + ": ";
  if (error == asio::error::address_in_use) {
    return fail(Errc::conflict,
                where + "the port is in use; stop the program that has it, or give --listen another port");
  }
  if (error == asio::error::address_family_not_supported) {
    return fail(Errc::unsupported, where + "this host has no " +
                                       std::string(name(endpoint.address.family())) +
                                       "; leave the address out");
  }
  if (error == boost::system::errc::address_not_available) {
    return fail(Errc::invalid,
                where + "no interface of this host has the address; give one that `ip address` shows");
  }
  return fail(Errc::io, where + reason(error));
}

Result<std::shared_ptr<tcp::acceptor>> listen(const asio::any_io_executor& executor,
                                              const Endpoint& endpoint) {
  auto acceptor = std::make_shared<tcp::acceptor>(executor);
  const tcp::endpoint local = to_asio(endpoint);
  error_code error;
  acceptor->open(local.protocol(), error);
  if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
  // Or [::] would take the port of 0.0.0.0 too.
  if (!error && !endpoint.address.is_v4()) acceptor->set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor->bind(local, error);
  if (!error) acceptor->listen(backlog, error);
  if (error) return explain(endpoint, error);
  return acceptor;
}

asio::awaitable<void> accept_loop(std::shared_ptr<tcp::acceptor> acceptor, Listener::Accepted accepted) {
  while (acceptor->is_open()) {
    tcp::socket socket(acceptor->get_executor());
    const auto [error] = co_await acceptor->async_accept(socket, as_value);
    error_code gone;  // the peer may have left already
    const tcp::endpoint remote = error ? tcp::endpoint() : socket.remote_endpoint(gone);
    if (!error && !gone) accepted(std::move(socket), from_asio(remote));
    if (error && acceptor->is_open()) {
      asio::steady_timer pause(acceptor->get_executor(), accept_pause);
      co_await pause.async_wait(as_value);
    }
  }
}

}  // namespace

Result<Listener> Listener::open(const asio::any_io_executor& executor,
                                const std::vector<Endpoint>& endpoints) {
  Listener listener;
  for (const Endpoint& endpoint : endpoints) {
    OVERLAY_TRY(auto acceptor, listen(executor, endpoint));
    listener.acceptors_.push_back(std::move(acceptor));
  }
  return listener;
}

Listener::~Listener() {
  error_code ignored;
  for (const auto& acceptor : acceptors_) acceptor->close(ignored);
}

void Listener::start(Accepted accepted) {
  for (const auto& acceptor : acceptors_) spawn(acceptor->get_executor(), accept_loop(acceptor, accepted));
}

std::vector<Endpoint> Listener::endpoints() const {
  std::vector<Endpoint> out;
  for (const auto& acceptor : acceptors_) out.push_back(from_asio(acceptor->local_endpoint()));
  return out;
}

}  // namespace overlay::transport
