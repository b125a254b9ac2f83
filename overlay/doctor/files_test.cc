// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "overlay/doctor/gather.h"
#include "overlay/store/test_dir.h"

namespace overlay::doctor {
namespace {

class FilesTest : public testing::Test {
 protected:
  void put(const std::string& path, const std::string& content = "") {
    std::filesystem::create_directories((dir / path).parent_path());
    store::spill(dir / path, content);
  }
  Cni look() const {
    Places places;
    places.cni_bin_dir = dir / "bin";
    places.cni_conf_dir = dir / "net.d";
    return look_at_cni(places);
  }

  store::TestDir dir;
};

TEST_F(FilesTest, ConfigurationsComeInTheOrderRuntimesReadThem) {
  put("net.d/20-b.conf");
  put("net.d/10-overlay.conflist", R"({"plugins":[]})");
  put("net.d/00-a.conflist");
  put("net.d/readme.txt");
  const Cni found = look();
  EXPECT_EQ(found.configurations,
            (std::vector<std::string>{"00-a.conflist", "10-overlay.conflist", "20-b.conf"}));
  EXPECT_EQ(found.fault, "");
  EXPECT_FALSE(found.plugin);
}

TEST_F(FilesTest, AConfigurationThatIsNoneIsNamed) {
  put("net.d/10-overlay.conflist", "{");
  EXPECT_EQ(look().fault, "it is no JSON");
  put("net.d/10-overlay.conflist", "{}");
  EXPECT_EQ(look().fault, "it lists no plugins");
}

TEST_F(FilesTest, AManagerIsToldByAFileOfOurs) {
  EXPECT_TRUE(find_managers(dir.path()).empty());
  put("run/systemd/netif/state");
  ASSERT_EQ(find_managers(dir.path()).size(), 1U);
  EXPECT_FALSE(find_managers(dir.path()).front().told);
  put("etc/systemd/network/10-overlay.network");
  EXPECT_TRUE(find_managers(dir.path()).front().told);
}

TEST_F(FilesTest, ADiskIsTriedAndLeftAsItWas) {
  std::filesystem::create_directories(dir.path());
  const auto disk = try_disk(dir.path());
  ASSERT_TRUE(disk) << disk.error().text;
  EXPECT_GT(disk->free_bytes, 0U);
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
  EXPECT_FALSE(try_disk(dir / "nowhere"));
}

}  // namespace
}  // namespace overlay::doctor
