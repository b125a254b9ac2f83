// SPDX-License-Identifier: Apache-2.0
// For tests: the answers of a small cluster. This node is h1; h2 is reachable, h3 is not.
#pragma once

#include "overlay/base/time.h"
#include "overlay/control/view.h"
#include "overlay/v1/control.pb.h"

namespace overlay::ctl::examples {

inline constexpr WallTime now{std::chrono::milliseconds(1'767'225'600'000)};

inline google::protobuf::Timestamp ago(std::chrono::seconds passed) {
  return control::to_timestamp(now - passed);
}

v1::Status status();
v1::Peers peers();
v1::Links links();
v1::Ipam ipam();
v1::Addresses addresses();
v1::Routes routes();
v1::Events events();

}  // namespace overlay::ctl::examples
