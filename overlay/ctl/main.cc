// SPDX-License-Identifier: Apache-2.0
// overlayctl: asks and steers the overlayd of this host; see overlayctl(1).
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "overlay/ctl/app.h"

namespace {

std::size_t terminal_width(int descriptor) {
  winsize size{};
  return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/// https://no-color.org: set and not empty.
bool colours_wanted() {
  const char* no_colour = std::getenv("NO_COLOR");
  return no_colour == nullptr || *no_colour == '\0';
}

}  // namespace

int main(int argc, char** argv) {
  const bool terminal = ::isatty(STDOUT_FILENO) != 0;
  overlay::ctl::Console console{std::cout, std::cerr, ::isatty(STDERR_FILENO) != 0,
                                terminal && colours_wanted(), terminal ? terminal_width(STDOUT_FILENO) : 0};
  return static_cast<int>(overlay::ctl::run({argv + 1, argv + argc}, console));
}
