// SPDX-License-Identifier: Apache-2.0
// A device of the process wireguard-go.
#pragma once

#include "overlay/kernel/wireguard.h"

namespace overlay::kernel {

/// Each exchange is a connection of its own: the process closes nothing else when it is started again.
class WireguardGo : public Wireguard {
 public:
  explicit WireguardGo(const std::string& name) : socket_("/var/run/wireguard/" + name + ".sock") {}

  [[nodiscard]] Result<plan::WireguardState> read() override;
  [[nodiscard]] Status write(const plan::WireguardChange& change) override;

 private:
  [[nodiscard]] Result<std::string> exchange(std::string_view request) const;

  std::string socket_;
};

}  // namespace overlay::kernel
