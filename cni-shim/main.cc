// SPDX-License-Identifier: Apache-2.0
// cni-shim: the CNI plugin `overlay`. A runtime runs it without arguments, CNI_* variables set and the
// network configuration on stdin; a person or overlayd runs `cni-shim install`.
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <string>
#include <vector>

#include "cni-shim/commands.h"
#include "cni-shim/install.h"

namespace overlay::cni {
namespace {

constexpr std::size_t input_max = std::size_t{1} << 20;
constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

constexpr const char* help =
    R"(usage: cni-shim install   [--cni-bin-dir /opt/cni/bin] [--cni-conf-dir /etc/cni/net.d] [--socket PATH]
       cni-shim uninstall [--cni-bin-dir /opt/cni/bin] [--cni-conf-dir /etc/cni/net.d]
       cni-shim --version | --help

Without arguments it is the CNI plugin 'overlay' (CNI 0.3.0 to 1.1.0), to be run by a container
runtime: CNI_COMMAND and its kin in the environment, the network configuration on stdin.

install    copies this program to CNI-BIN-DIR/overlay and writes CNI-CONF-DIR/10-overlay.conflist
uninstall  removes both
--socket   of overlayd, where it is not /run/overlay/overlayd.sock
)";

Outcome<std::string> read_input() {
  std::string out;
  std::vector<char> chunk(std::size_t{16} << 10);
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return CniError(Code::io, "cannot read the network configuration from stdin");
    if (got == 0) return out;
    out.append(chunk.data(), static_cast<std::size_t>(got));
    if (out.size() > input_max)
      return CniError(Code::undecodable, "the network configuration is longer than 1 MiB");
  }
}

int run_plugin() {
  std::string input;
  const auto outcome = [&input]() -> Outcome<std::string> {
    OVERLAY_TRY(const Environment environment, parse_environment(process_variables()));
    OVERLAY_TRY(input, read_input());
    return run(environment, input);
  }();
  const std::string answer = outcome ? *outcome : to_json(outcome.error(), answer_version(input));
  if (!answer.empty()) std::cout << answer << std::endl;
  return outcome ? 0 : exit_failed;
}

int run_install(const std::string& verb, const std::vector<std::string>& arguments) {
  const auto options = parse_install_options(arguments);
  if (!options) {
    std::cerr << "cni-shim: " << options.error().text << '\n';
    return exit_usage;
  }
  const auto report = verb == "install" ? install(*options, "/proc/self/exe") : uninstall(*options);
  if (!report) {
    std::cerr << "cni-shim: " << report.error().text << '\n';
    return exit_failed;
  }
  for (const std::string& line : *report) std::cout << line << '\n';
  return 0;
}

int run_program(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return run_plugin();
  const std::string& verb = arguments.front();
  if (verb == "install" || verb == "uninstall")
    return run_install(verb, {arguments.begin() + 1, arguments.end()});
  if (verb == "--version") {
    std::cout << "cni-shim " << OVERLAY_VERSION << '\n';
    return 0;
  }
  const bool asked = verb == "--help" || verb == "-h";
  (asked ? std::cout : std::cerr) << help;
  return asked ? 0 : exit_usage;
}

}  // namespace
}  // namespace overlay::cni

int main(int argc, char** argv) {
  try {
    return overlay::cni::run_program({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cout << overlay::cni::to_json(overlay::cni::CniError(overlay::cni::Code::failed, error.what()),
                                       "1.0.0")
              << std::endl;
    return overlay::cni::exit_failed;
  }
}
