// SPDX-License-Identifier: Apache-2.0
// How a node turns envelopes into records: by parsing and verifying each one. A seam for the simulator alone,
// where thousands of nodes in one process would do so thousands of times with the same bytes.
#pragma once

#include "overlay/wire/record.h"

namespace overlay::wire {

class Opener {
 public:
  virtual ~Opener() = default;

  [[nodiscard]] virtual Result<RecordRef> read(std::string_view envelope) {
    OVERLAY_TRY(Record record, wire::read(envelope));
    return std::make_shared<const Record>(std::move(record));
  }
  [[nodiscard]] virtual Status check_signature(const Record& record, const ClusterId& cluster) {
    return wire::check_signature(record, cluster);
  }
};

}  // namespace overlay::wire
