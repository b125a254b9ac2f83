// SPDX-License-Identifier: Apache-2.0
// Goal: nothing that an API server answers, cut into pieces anyhow, can do more than be refused.
// The first byte chooses what was asked.
#include <cstdint>
#include <string_view>

#include "overlay/kube/lines.h"
#include "overlay/kube/node_watch.h"
#include "overlay/kube/peers.h"
#include "overlay/kube/service_range.h"

namespace {

using namespace overlay;
using namespace overlay::kube;

constexpr std::size_t line_limit = 4096;

void watch(std::string_view bytes) {
  NodeWatch nodes;
  ignore_error(nodes.listed({200, R"({"metadata":{"resourceVersion":"1"},"items":[]})"}),
               "a list that is whole");
  Lines lines(line_limit);
  while (!bytes.empty()) {
    const std::size_t size = std::min<std::size_t>(bytes.size(), 1 + static_cast<unsigned char>(bytes[0]));
    const auto whole = lines.add(bytes.substr(0, size));
    if (!whole) return;
    for (const std::string& line : *whole) ignore_error(nodes.heard(line), "as may be");
    bytes.remove_prefix(size);
  }
  if (choose_peers(nodes.nodes(), "self").size() > max_peers) __builtin_trap();
}

void list(std::string_view body, unsigned status) {
  NodeWatch nodes;
  ignore_error(nodes.listed({status, std::string(body)}), "as may be");
  if (nodes.is_complete() && nodes.wants_list()) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 7) {
    case 0:
      watch(body);
      break;
    case 1:
      list(body, 200);
      break;
    case 2:
      list(body, 410);
      break;
    case 3:
      ignore_error(parse_lease(body), "as may be");
      break;
    case 4:
      ignore_error(parse_genesis(body), "as may be");
      break;
    case 5:
      ignore_error(parse_secret(body), "as may be");
      break;
    default:
      ignore_error(parse_service_ranges(body), "as may be");
      (void)range_in_refusal(body);
  }
  return 0;
}
