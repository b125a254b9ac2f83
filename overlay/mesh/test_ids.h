// SPDX-License-Identifier: Apache-2.0
// Node ids for tests.
#pragma once

#include "overlay/base/bytes.h"

namespace overlay::mesh {

inline NodeId n(std::uint8_t number) { return NodeId{{number}}; }

}  // namespace overlay::mesh
