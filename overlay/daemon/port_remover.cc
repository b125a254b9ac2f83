// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/port_remover.h"

#include <linux/netlink.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "overlay/kernel/bridge_port.h"

namespace overlay::daemon {
namespace {

Status remove_now(int index) {
  OVERLAY_TRY(kernel::Socket socket, kernel::Socket::open(NETLINK_ROUTE));
  return kernel::remove_port(socket, index);
}

}  // namespace

void PortRemover::remove(const std::string& host_interface, Done done) {
  if (const auto same = removals_->find(host_interface); same != removals_->end()) {
    same->second.waiting.push_back(std::move(done));
    return;
  }
  const int index = kernel::port_index(host_interface);
  if (index == 0) return done({});
  (*removals_)[host_interface] = {index, {std::move(done)}};
  boost::asio::post(pool_, [index, removals = removals_, &io = io_] {
    const Status removed = remove_now(index);
    boost::asio::post(io, [index, removals, removed] { finish(*removals, index, removed); });
  });
}

void PortRemover::after(const std::string& host_interface, std::function<void()> then) {
  const auto same = removals_->find(host_interface);
  if (same == removals_->end()) return then();
  same->second.waiting.push_back([then = std::move(then)](const Status&) { then(); });
}

void PortRemover::finish(Removals& removals, int index, const Status& status) {
  const auto found =
      std::ranges::find_if(removals, [index](const auto& each) { return each.second.index == index; });
  if (found == removals.end()) return;  // told twice
  const auto removal = removals.extract(found);
  for (const Done& done : removal.mapped().waiting) done(status);
}

}  // namespace overlay::daemon
