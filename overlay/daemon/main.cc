// SPDX-License-Identifier: Apache-2.0
// overlayd: parse, wire, run. Exit 0 when told to stop, 1 when it cannot go on, 2 when it refuses to start.
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "overlay/daemon/log.h"
#include "overlay/daemon/options.h"
#include "overlay/daemon/privileges.h"
#include "overlay/daemon/runner.h"

namespace {

int complain(const std::string& sentence, int code) {
  std::cerr << "overlayd: " << sentence << '\n';
  return code;
}

int run(int argc, const char* const* argv) {
  using namespace overlay::daemon;
  const auto parse = [=] { return parse_options(argc, argv); };
  const auto request = parse();
  if (!request) return complain(request.error().text, 2);
  std::cout << request->print << std::flush;
  if (!request->print.empty()) return 0;
  open_log(request->options.log_level);
  // A reader that is gone and a file size limit are errors of a write, not reasons to die.
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
  if (const overlay::Status kept = give_up_privileges(); !kept) return complain(kept.error().text, 2);
  for (std::string renewed;;) {
    boost::asio::io_context io(1);
    auto runner = Runner::start(io, request->options, parse, renewed);
    if (!runner) return complain(runner.error().text, 2);
    if (const overlay::Status kept = leave_no_core_dump(); !kept) return complain(kept.error().text, 2);
    io.run();
    const auto again = (*runner)->renewed();
    runner->reset();
    // Not past the event loop's end: it would wait for the resolver, which may be asking a dead name server.
    if (again && again->empty()) std::quick_exit(0);
    if (!again) return complain(again.error().text, 1);
    renewed = *again;
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    return complain(error.what(), 1);
  }
}
