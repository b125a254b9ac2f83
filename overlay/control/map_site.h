// SPDX-License-Identifier: Apache-2.0
// The map in the browser: /ui is the page, /ui/data.json what it draws, /ui/events what changes. Read only,
// and for callers on this host alone unless told otherwise.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/control/backend.h"
#include "overlay/control/event_feed.h"
#include "overlay/control/http.h"
#include "overlay/control/map_for.h"
#include "overlay/control/map_view.h"

namespace overlay::control {

/// Lives in a shared_ptr: an answer that is being made holds on to it only weakly.
class MapSite : public std::enable_shared_from_this<MapSite> {
 public:
  MapSite(boost::asio::io_context& io, MapFor shown, Backend& backend, EventLog& events)
      : io_(io), shown_(shown), backend_(backend), followers_(events) {}

  /// That path is ours.
  static bool serves(std::string_view path) { return path == "/ui" || path.starts_with("/ui/"); }
  /// A GET of such a path.
  void handle(const Request& request, Respond respond);

 private:
  using Clock = std::chrono::steady_clock;

  void data(Respond respond);
  void write_on();
  void written();

  boost::asio::io_context& io_;
  MapFor shown_;
  Backend& backend_;
  Followers followers_;
  std::optional<MapText> writing_;
  std::vector<Respond> waiting_;  // for what is being written
  std::string text_;              // the last one; for a second it will do
  std::optional<Clock::time_point> written_;
};

}  // namespace overlay::control
