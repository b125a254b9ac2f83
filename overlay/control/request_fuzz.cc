// SPDX-License-Identifier: Apache-2.0
// Any bytes as a request, "METHOD TARGET\nBODY": routing and reading never crash, and what a lease request
// says survives being printed and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "overlay/control/json.h"
#include "overlay/control/route.h"
#include "overlay/control/view.h"

namespace {

using namespace overlay::control;

void try_route(std::string_view line) {
  const auto space = line.find(' ');
  const auto method = line.substr(0, space);
  const auto target = space == std::string_view::npos ? std::string_view{} : line.substr(space + 1);
  const auto routed = route(method, target);
  const auto* refused = std::get_if<Refusal>(&routed);
  if (refused != nullptr && (refused->http_status < 400 || refused->error.text.empty())) std::abort();
}

void try_lease_request(std::string_view body) {
  const auto request = from_json<overlay::v1::LeaseRequest>(body);
  if (!request) return;
  const auto key = to_lease_key(*request);
  if (!key) return;
  const auto again = from_json<overlay::v1::LeaseRequest>(to_json(*request));
  if (!again || to_lease_key(*again) != key) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto end = bytes.find('\n');
  try_route(bytes.substr(0, end));
  if (end != std::string_view::npos) try_lease_request(bytes.substr(end + 1));
  return 0;
}
