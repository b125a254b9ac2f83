// SPDX-License-Identifier: Apache-2.0
#include "overlay/transport/frame_reader.h"

namespace overlay::transport {
namespace {

/// A TLS record begins with its type, 22 for a handshake or 21 for an alert, and version 3 (RFC 8446 5.1):
/// as a length far beyond every limit.
bool begins_tls(std::size_t length) { return length >> 16 == 0x1603 || length >> 16 == 0x1503; }

}  // namespace

void append_frame(Bytes& out, std::string_view body) {
  append_be(out, static_cast<std::uint32_t>(body.size()));
  out += body;
}

void FrameReader::append(std::string_view bytes) {
  buffer_.erase(0, taken_);
  taken_ = 0;
  buffer_ += bytes;
}

Result<std::optional<std::string_view>> FrameReader::next() {
  const std::string_view rest = std::string_view(buffer_).substr(taken_);
  if (rest.size() < frame_header_bytes) return std::nullopt;
  std::size_t length = 0;
  for (const char c : rest.substr(0, frame_header_bytes))
    length = length << 8 | static_cast<unsigned char>(c);
  if (length > max_body_bytes_) {
    if (begins_tls(length)) {
      return fail(Errc::refused,
                  "the peer speaks TLS and this host does not: one side runs with --insecure; give both the "
                  "same --secret-file");
    }
    return fail(Errc::invalid, "a frame of " + std::to_string(length) + " bytes is longer than the " +
                                   std::to_string(max_body_bytes_) +
                                   " allowed; this is not an overlayd of this protocol");
  }
  if (rest.size() < frame_header_bytes + length) return std::nullopt;
  taken_ += frame_header_bytes + length;
  return rest.substr(frame_header_bytes, length);
}

}  // namespace overlay::transport
