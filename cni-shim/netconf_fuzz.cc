// SPDX-License-Identifier: Apache-2.0
// Fuzzes all that a runtime writes to the plugin's stdin. Beyond not crashing: what we print we can read
// back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "cni-shim/netconf.h"
#include "cni-shim/result.h"
#include "cni-shim/wishes.h"

namespace {

using namespace overlay::cni;

void check_round_trip(const Attached& attached) {
  const auto again = parse_result(to_json(attached, newest_spec_version));
  if (!again || *again != attached) std::abort();
}

/// What only some commands read.
void check(const NetConf& conf) {
  const auto previous = prev_result(conf);
  if (previous && *previous) {
    const auto attached = parse_result(**previous);
    if (attached) check_round_trip(*attached);
    if (to_json(Attached(), conf.version, **previous).empty()) std::abort();
  }
  const auto wishes = wishes_of(Environment{Command::add, {}, {}, {}, {}}, conf);
  if (wishes && to_json(overlay::Attachment(), *wishes).empty()) std::abort();
  const auto valid = valid_attachments(conf);
  if (valid && to_json(conf.name, *valid).empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto conf = parse_netconf(text);
  if (!conf && to_json(conf.error(), answer_version(text)).empty()) std::abort();
  if (conf) check(*conf);
  if (version_answer(text) && version_answer(text)->empty()) std::abort();
  return 0;
}
