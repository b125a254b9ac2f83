// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/event_feed.h"

#include <memory>
#include <utility>

#include "overlay/control/json.h"

namespace overlay::control {

namespace {

constexpr std::size_t followers_max = 32;

}  // namespace

class Followers::Stream : public Feed {
 public:
  Stream(EventLog& log, std::uint64_t after, std::size_t& count) : log_(log), after_(after), count_(count) {
    ++count_;
  }
  ~Stream() override { --count_; }

  std::string take() override {
    std::string lines;
    const auto news = log_.after(after_);
    for (const auto& event : news.events()) {
      lines += to_json(event) + "\n";
      after_ = static_cast<std::uint64_t>(event.id());
    }
    return lines;
  }

  void on_more(std::function<void()> wake) override { subscription_.emplace(log_, std::move(wake)); }

 private:
  EventLog& log_;
  std::uint64_t after_;
  std::size_t& count_;
  std::optional<EventLog::Subscription> subscription_;
};

Result<Response> Followers::follow(std::uint64_t id) {
  if (count_ >= followers_max) {
    return fail(Errc::exhausted,
                std::to_string(followers_max) + " callers follow the events already: end one of them");
  }
  Response out;
  out.content_type = "application/x-ndjson";
  out.feed = std::make_unique<Stream>(log_, id, count_);
  return out;
}

}  // namespace overlay::control
