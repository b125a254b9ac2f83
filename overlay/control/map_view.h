// SPDX-License-Identifier: Apache-2.0
// The cluster as one node sees it, in the words of the local API, and as JSON. Pure.
#pragma once

#include <string>
#include <vector>

#include "overlay/control/view.h"

namespace overlay::control {

/// `linked` is about the peers of `view`; what it says of others is left out.
v1::Map to_map(const node::View& view, const std::vector<node::LinkedView>& linked, const DaemonFacts& facts,
               const ClockPair& clock);

/// The JSON of a map, as to_json makes it, a piece at a time: thousands of peers take longer to write than an
/// event loop may stand still.
class MapText {
 public:
  explicit MapText(v1::Map map) : map_(std::move(map)) {}

  /// Writes a bounded piece more; false when there was nothing left.
  bool step();
  /// All of it, once step() has said so.
  std::string take() { return std::move(text_); }

 private:
  void open_field(const google::protobuf::FieldDescriptor& field);
  void add_elements(const google::protobuf::FieldDescriptor& field);

  v1::Map map_;
  std::string text_ = "{";
  int field_ = 0;
  int element_ = 0;
};

}  // namespace overlay::control
