// SPDX-License-Identifier: Apache-2.0
#include "overlay/paths/echo.h"

#include <gtest/gtest.h>

namespace overlay::paths {
namespace {

Ip ip(std::string_view text) { return Ip::parse(text).value(); }

/// What the other kernel makes of a request: the same, as an answer.
std::string answer_to(std::string packet, Family family) {
  const std::size_t header = family == Family::v4 ? 20 : 40;
  packet[header] = static_cast<char>(family == Family::v4 ? 0 : 129);
  return family == Family::v4 ? packet : packet.substr(header);
}

TEST(Echo, HasTheBytesOfTheStandard) {
  const std::string packet = echo_request({.source = ip("10.32.0.0"),
                                           .destination = ip("10.32.1.0"),
                                           .id = 0x1234,
                                           .nonce = 0x0102030405060708,
                                           .size = 36});
  const std::string wanted(
      "\x45\x00\x00\x24\x00\x00\x40\x00\x40\x01\x25\x9a\x0a\x20\x00\x00\x0a\x20\x01\x00"
      "\x08\x00\xd5\xb7\x12\x34\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08",
      36);
  EXPECT_EQ(packet, wanted);
}

TEST(Echo, HasTheSizeAskedForAndNeverLessThanItsHeaders) {
  for (const auto& [source, destination] :
       {std::pair("10.32.0.0", "10.32.1.0"), std::pair("fd32::", "fd32:0:0:1::")}) {
    for (const std::size_t size : {0u, 60u, 1450u, 8951u}) {
      const Echo echo{
          .source = ip(source), .destination = ip(destination), .id = 1, .nonce = 2, .size = size};
      EXPECT_EQ(echo_request(echo).size(), std::max(size, echo_size_min(echo.source.family())));
    }
  }
}

TEST(Echo, ReadsTheAnswerToItsRequest) {
  for (const auto& [source, destination] :
       {std::pair("10.32.0.0", "10.32.1.0"), std::pair("fd32::", "fd32:0:0:1::")}) {
    const Echo echo{.source = ip(source),
                    .destination = ip(destination),
                    .id = 77,
                    .nonce = 0xfeedface12345678,
                    .size = 99};
    const Family family = echo.source.family();
    const auto reply = read_echo_reply(family, answer_to(echo_request(echo), family));
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->id, echo.id);
    EXPECT_EQ(reply->nonce, echo.nonce);
    EXPECT_FALSE(read_echo_reply(family, echo_request(echo))) << "a request is no answer";
  }
}

TEST(Echo, ReadsNothingFromWhatIsCutShort) {
  const Echo echo{.source = ip("10.32.0.0"), .destination = ip("10.32.1.0"), .id = 1, .nonce = 2, .size = 0};
  const std::string whole = answer_to(echo_request(echo), Family::v4);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(read_echo_reply(Family::v4, whole.substr(0, size))) << size;
    EXPECT_FALSE(read_echo_reply(Family::v6, whole.substr(0, size))) << size;
  }
}

}  // namespace
}  // namespace overlay::paths
