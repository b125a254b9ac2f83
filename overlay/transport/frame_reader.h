// SPDX-License-Identifier: Apache-2.0
// Splits a byte stream into frames: u32 big-endian length, then a body of that length.
#pragma once

#include <optional>
#include <string_view>

#include "overlay/base/bytes.h"
#include "overlay/base/result.h"

namespace overlay::transport {

inline constexpr std::size_t frame_header_bytes = 4;

/// Appends `body` as one frame.
void append_frame(Bytes& out, std::string_view body);

/// Holds at most one unfinished frame and what was appended last, provided that next() is called until it has
/// no more before the next append().
class FrameReader {
 public:
  explicit FrameReader(std::size_t max_body_bytes) : max_body_bytes_(max_body_bytes) {}

  /// Takes effect from the next frame on.
  void set_max_body_bytes(std::size_t bytes) { max_body_bytes_ = bytes; }
  /// The bytes that came next.
  void append(std::string_view bytes);
  /// The body of the next whole frame, valid until append(); none when it has not come in full. Errc::invalid
  /// as soon as the length alone says that it is too long, Errc::refused when it is that of a TLS record;
  /// then the stream is of no more use.
  [[nodiscard]] Result<std::optional<std::string_view>> next();

 private:
  std::size_t max_body_bytes_;
  Bytes buffer_;
  std::size_t taken_ = 0;  // of the buffer, by next()
};

}  // namespace overlay::transport
