// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/wait.h"

#include <ostream>
#include <thread>

#include "overlay/ctl/ask.h"
#include "overlay/ctl/text.h"

namespace overlay::ctl {

namespace {

using namespace std::chrono;

/// Short beside what a person notices, long beside what an answer costs the daemon.
constexpr milliseconds pause{100};

Outcome<Seen> look_at(const Client& client, const Condition& condition) {
  Seen seen;
  OVERLAY_CHECK(ask(client, "/v1/status", seen.status));
  const bool synced = condition.kind == Condition::Kind::synced;
  if (synced || condition.kind == Condition::Kind::path) OVERLAY_CHECK(ask(client, "/v1/peers", seen.peers));
  if (synced) OVERLAY_CHECK(ask(client, "/v1/routes", seen.routes));
  return seen;
}

/// One line on a terminal that says what is missing now; gone when the wait ends.
class Progress {
 public:
  explicit Progress(Console& console) : console_(console) {}
  ~Progress() { show(""); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const std::string& text) {
    if (!console_.err_is_terminal || text == shown_) return;
    console_.err << "\r\x1b[K" << printable(text) << std::flush;
    shown_ = text;
  }

 private:
  Console& console_;
  std::string shown_;
};

std::string listed(const std::vector<std::string>& sentences) {
  std::string out;
  for (const auto& sentence : sentences) out += "\n  " + printable(sentence);
  return out;
}

}  // namespace

Outcome<Exit> run_wait(Run& run) {
  const auto deadline = steady_clock::now() + run.options.timeout;
  Progress progress(run.console);
  for (;;) {
    const auto seen = look_at(run.client, run.options.condition);
    const auto lacking = seen ? missing(run.options.condition, *seen) : std::vector{seen.error().text};
    if (lacking.empty()) return Exit::done;
    if (steady_clock::now() + pause > deadline) {
      const auto text =
          "not within " + std::to_string(run.options.timeout.count()) + " ms:" + listed(lacking);
      return Stop{seen ? Exit::no : seen.error().exit, text};
    }
    progress.show("waiting: " + lacking.front());
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace overlay::ctl
