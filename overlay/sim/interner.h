// SPDX-License-Identifier: Apache-2.0
// Records shared by all nodes of one process: what one has parsed and verified, the others take as it is.
// That is all thousands of nodes may save on; what a record means each works out for itself.
#pragma once

#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "overlay/wire/opener.h"

namespace overlay::sim {

class Interner final : public wire::Opener {
 public:
  [[nodiscard]] Result<wire::RecordRef> read(std::string_view envelope) override;
  [[nodiscard]] Status check_signature(const wire::Record& record, const ClusterId& cluster) override;

  /// Forgets what no node holds any more.
  void sweep();
  std::size_t size() const { return records_.size(); }

 private:
  // By envelope, which the record owns. The order shows nowhere.
  std::unordered_map<std::string_view, wire::RecordRef> records_;  // layers: only looked up
  std::unordered_set<const wire::Record*> verified_;               // layers: only looked up
};

}  // namespace overlay::sim
