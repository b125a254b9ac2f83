// SPDX-License-Identifier: Apache-2.0
// Takes pods' interfaces away for CNI's DEL. An interface is gone within a few milliseconds, but the
// request's answer comes some 20 ms later, when nobody reads its memory any more (Linux net/core/dev.c,
// netdev_run_todo). Nothing here needs that: threads wait for the answers, and DEL for the kernel's news.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "overlay/base/result.h"

namespace overlay::daemon {

/// Used from the thread of the event loop alone, and calls back there.
class PortRemover {
 public:
  using Done = std::function<void(const Status&)>;

  explicit PortRemover(boost::asio::io_context& io) : io_(io), removals_(std::make_shared<Removals>()) {}
  /// Nobody is called back any more.
  ~PortRemover() { removals_->clear(); }
  PortRemover(const PortRemover&) = delete;
  PortRemover& operator=(const PortRemover&) = delete;

  /// `done` is called when the interface is gone from host and pod, at once where there is none.
  void remove(const std::string& host_interface, Done done);
  /// Calls `then` when nothing of that name is being removed, at once mostly.
  void after(const std::string& host_interface, std::function<void()> then);
  /// The kernel's news: the interface of this index is gone.
  void gone(int index) { finish(*removals_, index, {}); }

 private:
  struct Removal {
    int index = 0;  // tells it from a later interface of the same name
    std::vector<Done> waiting;
  };
  using Removals = std::map<std::string, Removal>;

  static void finish(Removals& removals, int index, const Status& status);

  static constexpr std::size_t threads = 8;  // as many pods as runtimes usually remove at once

  boost::asio::io_context& io_;
  std::shared_ptr<Removals> removals_;  // a thread's answer may come after this object's end
  boost::asio::thread_pool pool_{threads};
};

}  // namespace overlay::daemon
