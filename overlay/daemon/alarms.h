// SPDX-License-Identifier: Apache-2.0
// Alarms that are raised outside of the core: what this host's kernel or a data path shows.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "overlay/node/io.h"
#include "overlay/node/view.h"

namespace overlay::daemon {

class Alarms {
 public:
  explicit Alarms(std::function<void(const node::Event&)> tell) : tell_(std::move(tell)) {}

  /// Raises it once; a change of its text is news too.
  void raise(const std::string& name, const std::string& text);
  void clear(const std::string& name);
  /// Raises it with this text, or clears it when there is none.
  void set(const std::string& name, const std::string& text) {
    text.empty() ? clear(name) : raise(name, text);
  }

  /// By name.
  std::vector<node::AlarmView> all() const;

 private:
  std::function<void(const node::Event&)> tell_;
  std::map<std::string, node::AlarmView> alarms_;
};

}  // namespace overlay::daemon
