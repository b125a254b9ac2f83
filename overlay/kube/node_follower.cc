// SPDX-License-Identifier: Apache-2.0
#include "overlay/kube/node_follower.h"

namespace overlay::kube {
namespace {

/// The server ends a watch after this; as usual with its other clients, not all at once.
constexpr Duration watch_lasts = std::chrono::minutes(8);
/// Before the next one, lest a server that ends each at once be asked without a pause.
constexpr Duration pause = std::chrono::seconds(1);

}  // namespace

Awaitable<void> NodeFollower::run(Changed changed, Trouble trouble) {
  changed_ = std::move(changed);
  trouble_ = std::move(trouble);
  while (wanted_) {
    Status done;
    if (watch_.wants_list()) done = co_await list();
    if (done && wanted_) done = co_await watch();
    if (!done) trouble_(done.error().text);
    timer_.expires_after(done ? backoff_.about(pause) : backoff_.next());
    co_await timer_.async_wait(as_value);
  }
}

Awaitable<Status> NodeFollower::list() {
  while (watch_.wants_list()) {
    const Request request = watch_.list();
    const Result<Answer> answer = co_await client_.call(request);
    if (!answer) co_return answer.error();
    const Status listed = watch_.listed(*answer);
    if (!listed) co_return listed.error();
  }
  trouble_("");
  wanted_ = changed_();
  co_return Status();
}

Awaitable<Status> NodeFollower::watch() {
  const auto lasting = std::chrono::duration_cast<std::chrono::seconds>(backoff_.about(watch_lasts));
  const Request request = watch_.watch(lasting);
  Status heard;
  const auto line = [&](std::string_view text) {
    heard = hear(text);
    return heard && wanted_;
  };
  const Result<Answer> answer = co_await client_.follow(request, line);
  if (!answer) co_return answer.error();
  if (answer->status == gone) watch_.expired();
  if (!answer->ok()) co_return explain(request, *answer);
  co_return heard;
}

Status NodeFollower::hear(std::string_view line) {
  if (line.empty()) {  // the watch stands
    trouble_("");
    backoff_.reset();
    return {};
  }
  OVERLAY_TRY(const bool news, watch_.heard(line));
  if (news) wanted_ = changed_();
  return {};
}

}  // namespace overlay::kube
