// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/attachment.h"

#include <gtest/gtest.h>

namespace overlay::cni {
namespace {

const Attachment attachment{"overlay", "0b5e", "eth0"};

TEST(Attachment, is_the_json_of_a_lease_request) {
  EXPECT_EQ(to_json(attachment), R"({"network":"overlay","container":"0b5e","interface":"eth0"})");
}

TEST(Attachment, is_sent_with_what_is_wished_for) {
  EXPECT_EQ(to_json(attachment, Wishes()), to_json(attachment));
  const Wishes wishes{
      {*Ip::parse("10.32.1.9"), *Ip::parse("fd00::9")}, *parse_mac("02:00:00:00:00:09"), true, false};
  EXPECT_EQ(
      to_json(attachment, wishes),
      R"({"network":"overlay","container":"0b5e","interface":"eth0","addresses":["10.32.1.9","fd00::9"],)"
      R"("mac":"02:00:00:00:00:09","without_ipv6":true,"without_masquerade":true})");
}

TEST(Attachment, is_listed_under_its_network_for_a_collection) {
  EXPECT_EQ(to_json("overlay", {attachment}),
            R"({"network":"overlay","valid":[{"container":"0b5e","interface":"eth0"}]})");
  EXPECT_EQ(to_json("overlay", std::set<Attachment>()), R"({"network":"overlay","valid":[]})");
}

}  // namespace
}  // namespace overlay::cni
