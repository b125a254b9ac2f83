// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/readiness.h"

#include "overlay/daemon/log.h"
#include "overlay/daemon/notify.h"

namespace overlay::daemon {
namespace {

constexpr auto look_again = std::chrono::seconds(1);

}  // namespace

void Readiness::look() {
  const node::View view = driver_.node().view(now());
  tell(view.ready() ? "" : view.waiting_for.front());
  if (view.ready() && !std::exchange(was_ready_, true)) {
    timer_.cancel();
    notify_manager("READY=1");
    first_ready_();
  }
  if (was_ready_) return;
  timer_.expires_after(look_again);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) look();
  });
}

void Readiness::tell(const std::string& waiting) {
  if (waiting == waiting_) return;
  waiting_ = waiting;
  notify_manager(waiting.empty() ? "STATUS=ready" : "STATUS=waiting for " + waiting);
  if (!waiting.empty()) log(spdlog::level::info, "waiting", {{"for", waiting}});
}

}  // namespace overlay::daemon
