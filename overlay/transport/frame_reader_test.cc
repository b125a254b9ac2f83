// SPDX-License-Identifier: Apache-2.0
#include "overlay/transport/frame_reader.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace overlay::transport {
namespace {

Bytes framed(std::string_view body) {
  Bytes out;
  append_frame(out, body);
  return out;
}

/// All that next() has to give.
std::vector<Bytes> take_all(FrameReader& reader) {
  std::vector<Bytes> out;
  for (auto frame = reader.next().value(); frame; frame = reader.next().value()) out.emplace_back(*frame);
  return out;
}

TEST(FrameReader, TheLengthGoesFirstBigEndian) {
  EXPECT_EQ(framed("ab"), std::string("\0\0\0\2ab", 6));
  EXPECT_EQ(framed(std::string(258, 'x')).substr(0, 4), std::string("\0\0\1\2", 4));
}

TEST(FrameReader, GivesNothingUntilTheLastByteIsThere) {
  const Bytes stream = framed("hello");
  FrameReader reader(5);
  for (std::size_t i = 0; i + 1 < stream.size(); ++i) {
    reader.append(stream.substr(i, 1));
    EXPECT_EQ(reader.next().value(), std::nullopt) << i;
  }
  reader.append(stream.substr(stream.size() - 1));
  EXPECT_EQ(reader.next().value(), "hello");
}

TEST(FrameReader, AnEmptyFrameIsAFrame) {
  FrameReader reader(0);
  reader.append(framed("") + framed(""));
  EXPECT_EQ(take_all(reader), (std::vector<Bytes>{"", ""}));
}

TEST(FrameReader, RefusesAFrameByItsLengthAlone) {
  FrameReader reader(4);
  reader.append(framed("fits") + Bytes("\0\0\0\5", 4));
  EXPECT_EQ(reader.next().value(), "fits");
  const auto refused = reader.next();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid);
  EXPECT_EQ(refused.error().text,
            "a frame of 5 bytes is longer than the 4 allowed; this is not an overlayd of this protocol");
}

TEST(FrameReader, NamesAPeerThatSpeaksTls) {
  for (const char* record : {"\x16\x03\x01\x02", "\x15\x03\x03\x01"}) {
    FrameReader reader(100);
    reader.append({record, 4});
    EXPECT_EQ(reader.next().error().text,
              "the peer speaks TLS and this host does not: one side runs with --insecure; give both the same "
              "--secret-file");
  }
}

TEST(FrameReader, ALimitRaisedCountsForTheNextFrame) {
  FrameReader reader(2);
  reader.append(framed("hi") + framed("longer"));
  EXPECT_EQ(reader.next().value(), "hi");
  reader.set_max_body_bytes(6);
  EXPECT_EQ(reader.next().value(), "longer");
}

RC_GTEST_PROP(FrameReader, FramesDoNotDependOnHowTheStreamIsCut, (const std::vector<std::string>& bodies)) {
  Bytes stream;
  for (const auto& body : bodies) append_frame(stream, body);
  FrameReader reader(1000);
  std::vector<Bytes> frames;
  for (std::size_t at = 0; at < stream.size();) {
    const auto size = *rc::gen::inRange<std::size_t>(1, 40);
    reader.append(std::string_view(stream).substr(at, size));
    at += size;
    for (auto& frame : take_all(reader)) frames.push_back(std::move(frame));
  }
  RC_ASSERT(frames == bodies);
}

}  // namespace
}  // namespace overlay::transport
