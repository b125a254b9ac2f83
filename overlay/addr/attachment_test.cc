// SPDX-License-Identifier: Apache-2.0
#include "overlay/addr/attachment.h"

#include <gtest/gtest.h>

#include <set>

namespace overlay {
namespace {

TEST(Attachment, names_its_host_interface_in_fifteen_characters_and_always_alike) {
  const Attachment attachment{"overlay", "0b5e77", "eth0"};
  EXPECT_EQ(host_interface(attachment).size(), 15U);
  EXPECT_TRUE(host_interface(attachment).starts_with("veth"));
  // Fixed for ever: a newer plugin must find what an older one made.
  EXPECT_EQ(host_interface(attachment), "veth" + digest(attachment).substr(5));
  EXPECT_EQ(digest(attachment), digest({"overlay", "0b5e77", "eth0"}));
}

TEST(Attachment, keeps_the_digest_of_the_first_release) {
  // FNV-1a 64 of "overlay\0c\0eth0", computed apart from this program.
  EXPECT_EQ(digest({"overlay", "c", "eth0"}), "b17f36167efe770b");
}

TEST(Attachment, differs_in_every_part_of_the_key_and_in_where_the_parts_end) {
  const std::set<std::string> names{
      host_interface({"overlay", "a", "eth0"}), host_interface({"overlay", "b", "eth0"}),
      host_interface({"overlay", "a", "eth1"}), host_interface({"other", "a", "eth0"}),
      host_interface({"overlaya", "", "eth0"}), host_interface({"overlay", "ae", "th0"})};
  EXPECT_EQ(names.size(), 6U);
}

TEST(Attachment, KnowsTheNameOfAHostInterfaceWhenItSeesOne) {
  EXPECT_TRUE(is_host_interface(host_interface({"overlay", "c1", "eth0"})));
  for (const char* other : {"eth0", "veth", "veth0123456789", "veth0123456789ab", "veth0123456789g"}) {
    EXPECT_FALSE(is_host_interface(other)) << other;
  }
}

}  // namespace
}  // namespace overlay
