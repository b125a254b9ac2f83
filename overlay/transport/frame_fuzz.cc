// SPDX-License-Identifier: Apache-2.0
// Any byte stream, cut anywhere: the frames are the same as those of the uncut stream, and framing them again
// gives the bytes they came from.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "overlay/transport/frame_reader.h"

namespace {

constexpr std::size_t limit = 300;

/// The stream's frames, framed again, read in pieces of `step` bytes.
overlay::Bytes reframe(std::string_view stream, std::size_t step) {
  overlay::transport::FrameReader reader(limit);
  overlay::Bytes out;
  for (; !stream.empty(); stream.remove_prefix(std::min(step, stream.size()))) {
    reader.append(stream.substr(0, step));
    for (;;) {
      const auto frame = reader.next();
      if (!frame) return out;
      if (!*frame) break;
      if ((*frame)->size() > limit) std::abort();
      overlay::transport::append_frame(out, **frame);
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = data[0] + std::size_t{1};
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const overlay::Bytes whole = reframe(stream, size);
  if (whole != reframe(stream, step) || !stream.starts_with(whole)) std::abort();
  return 0;
}
