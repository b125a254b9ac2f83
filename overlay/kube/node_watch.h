// SPDX-License-Identifier: Apache-2.0
// Follows Node objects: what to ask next, and what the answers mean. First whole lists, page by page; then a
// watch that goes on from the last version heard of, across reconnects; a new list where that version is too
// old (410). During a new list the old one counts.
#pragma once

#include <map>
#include <string>

#include "overlay/kube/requests.h"

namespace overlay::kube {

class NodeWatch {
 public:
  /// `name`: of the one Node to follow; empty: all.
  explicit NodeWatch(std::string name = {}) : name_(std::move(name)) {}

  bool wants_list() const { return version_.empty(); }
  /// The next page of the list.
  Request list() const { return list_nodes(name_, next_); }
  /// The answer to it. 410: the pages belong to a list that is too old; it begins anew.
  [[nodiscard]] Status listed(const Answer& answer);

  Request watch(std::chrono::seconds lasting) const { return watch_nodes(name_, version_, lasting); }
  /// One line of a watch; true when `nodes` has changed.
  [[nodiscard]] Result<bool> heard(std::string_view line);
  /// The watch could not go on from where it was: list again.
  void expired() { version_.clear(); }

  /// By their names, as of now; complete once a list has been read to its end.
  const std::map<std::string, Node>& nodes() const { return nodes_; }
  bool is_complete() const { return complete_; }
  /// Those of the pages of an unfinished list; of the whole list where it is finished.
  const std::map<std::string, Node>& seen() const { return wants_list() ? listed_ : nodes_; }

 private:
  std::string name_;
  std::string version_;  // empty: a list is due
  std::string next_;     // token of its next page
  std::map<std::string, Node> listed_;
  std::map<std::string, Node> nodes_;
  bool complete_ = false;
};

}  // namespace overlay::kube
