// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/path_probes.h"

#include <net/if.h>

namespace overlay::daemon {

PathProbes::PathProbes(boost::asio::io_context& io, kernel::EchoSockets sockets, Driver& driver)
    : sockets_(std::move(sockets)), driver_(driver), news_{News(io), News(io)} {
  for (std::size_t i = 0; i < news_.size(); ++i) {
    const int fd = sockets_.fds()[i];
    if (fd < 0) continue;
    news_[i].assign(fd);
    wait(news_[i]);
  }
  driver_.on_probe([this](const node::SendProbe& probe) { send(probe); });
  driver_.before_tick([this] { hear(); });
}

/// The descriptors are the sockets' to close.
PathProbes::~PathProbes() {
  for (News& news : news_) {
    if (news.is_open()) news.release();
  }
}

/// One that cannot be sent counts as lost: its way is not there.
void PathProbes::send(const node::SendProbe& probe) {
  const paths::Echo echo{.source = probe.source,
                         .destination = probe.destination,
                         .id = 0,
                         .nonce = probe.nonce,
                         .size = probe.size,
                         .hops = probe.hops};
  const plan::Device tunnel = probe.vtep ? plan::Device::vxlan : plan::Device::wireguard;
  const Status sent =
      probe.neighbour ? sockets_.send(echo, probe.device, *probe.neighbour) : send(echo, tunnel, probe.vtep);
  ignore_error(sent, "the core awaits its answer in vain");
}

/// By the index that the device had, for to ask costs half a probe; one that was made anew has another.
Status PathProbes::send(const paths::Echo& echo, plan::Device tunnel, const std::optional<Mac>& to) {
  std::uint32_t& index = indices_[static_cast<std::size_t>(tunnel)];
  if (index != 0 && sockets_.send(echo, index, to)) return {};
  index = ::if_nametoindex(std::string(name(tunnel)).c_str());
  return sockets_.send(echo, index, to);
}

void PathProbes::wait(News& news) {
  news.async_wait(News::wait_read, [this, &news](const boost::system::error_code& error) {
    if (error) return;
    hear();
    wait(news);
  });
}

void PathProbes::hear() {
  const auto nonces = sockets_.take_answers();
  if (nonces.empty()) return;
  driver_.feed([&nonces](node::Node& node, Time now) { node.probes_answered(nonces, now); });
}

}  // namespace overlay::daemon
