// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/token.h"

#include <sys/random.h>

#include <ostream>

#include "overlay/base/secret.h"
#include "overlay/ctl/json_text.h"

namespace overlay::ctl {

Outcome<Exit> run_token(Run& run) {
  std::array<std::uint8_t, Secret::size> random{};
  // Up to 256 bytes come whole or not at all (getrandom(2)).
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    return Stop(Exit::no, "the kernel gives no random numbers");
  }
  const std::string text = Secret(random).text();
  const bool json = run.options.format == Format::json;
  run.console.out << (json ? indented("{\"token\":\"" + text + "\"}") : text + "\n");
  return Exit::done;
}

}  // namespace overlay::ctl
