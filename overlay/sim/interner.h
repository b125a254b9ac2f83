// SPDX-License-Identifier: Apache-2.0
// Records shared by all nodes of one process: what one has parsed and verified, the others take as it is.
// That is all thousands of nodes may save on; what a record means each works out for itself.
#pragma once

#include <string_view>
#include <unordered_map>

#include "overlay/wire/opener.h"

namespace overlay::sim {

class Interner final : public wire::Opener {
 public:
  Interner();

  [[nodiscard]] Result<wire::RecordRef> read(std::string_view envelope) override;
  [[nodiscard]] Status check_signature(const wire::Record& record, const ClusterId& cluster) override;

 private:
  /// Forgets what no node holds any more.
  void sweep();

  // By envelope, which the record owns. The order shows nowhere.
  std::unordered_map<std::string_view, wire::RecordRef> records_;  // layers: only looked up
  std::unordered_map<const wire::Record*, ClusterId> verified_;    // layers: only looked up
  std::size_t sweep_at_;                                           // records
};

}  // namespace overlay::sim
