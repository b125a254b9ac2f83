// SPDX-License-Identifier: Apache-2.0
// Goal: a machine is told from others by what it is, and a boot of it by a number that outlives the daemon
// alone.
#include "overlay/daemon/machine.h"

#include <gtest/gtest.h>

#include "overlay/store/test_dir.h"

namespace overlay::daemon {
namespace {

using store::slurp;
using store::spill;
using store::TestDir;

TEST(Instance, StaysWhileTheMachineRuns) {
  const TestDir run;
  const auto first = instance_of_boot(run.path());
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->is_zero());
  EXPECT_EQ(instance_of_boot(run.path()).value(), *first);
}

TEST(Instance, IsDrawnAnewAfterABoot) {
  const TestDir run;
  const auto first = instance_of_boot(run.path());
  ASSERT_TRUE(first);
  spill(run / "instance", first->hex() + " 00000000-0000-4000-8000-000000000000\n");
  EXPECT_NE(instance_of_boot(run.path()).value(), *first);
}

TEST(Instance, IsDrawnAnewWhereTheFileIsNoneOfOurs) {
  const TestDir run;
  spill(run / "instance", "once upon a time\n");
  const auto drawn = instance_of_boot(run.path());
  ASSERT_TRUE(drawn);
  EXPECT_EQ(slurp(run / "instance").substr(0, 32), drawn->hex());
}

TEST(Instance, SaysWhereItCannotBeKept) {
  const TestDir run;
  const auto refused = instance_of_boot(run / "missing");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("missing/instance"), std::string::npos) << refused.error().text;
}

class Marks : public testing::Test {
 protected:
  void add_device(const std::string& name, const std::string& index, const std::string& assigned,
                  const std::string& address) {
    const auto device = root / ("sys/class/net/" + name);
    std::filesystem::create_directories(device);
    spill(device / "ifindex", index + "\n");
    spill(device / "addr_assign_type", assigned + "\n");
    spill(device / "address", address + "\n");
  }
  void set_machine_id(const std::string& id) {
    std::filesystem::create_directories(root / "etc");
    spill(root / "etc/machine-id", id + "\n");
  }
  std::vector<Bytes> marks() const { return machine_marks(root.path()); }

  TestDir root;
};

TEST_F(Marks, AreEmptyWhereNothingCanBeRead) {
  EXPECT_EQ(marks(), (std::vector<Bytes>{"", "", ""}));
  set_machine_id("uninitialized");
  EXPECT_EQ(marks()[0], "");
}

TEST_F(Marks, TellMachinesApartWithoutSayingWhatTheyAre) {
  set_machine_id("4c4c4544004d3510804ec4c04f305a32");
  const auto first = marks();
  EXPECT_EQ(first[0].size(), 32U);
  EXPECT_EQ(marks(), first);
  set_machine_id("4c4c4544004d3510804ec4c04f305a33");
  EXPECT_NE(marks()[0], first[0]);
}

TEST_F(Marks, TakeTheFirstDeviceWithAnAddressOfItsMaker) {
  add_device("lo", "1", "0", "00:00:00:00:00:00");
  add_device("overlay0", "2", "3", "02:11:22:33:44:55");
  EXPECT_EQ(marks()[2], "");
  add_device("eth1", "10", "0", "52:54:00:00:00:02");
  const auto second = marks()[2];
  add_device("eth0", "3", "0", "52:54:00:00:00:01");
  EXPECT_NE(marks()[2], second);
  add_device("eth9", "11", "0", "52:54:00:00:00:09");
  const auto first = marks()[2];
  add_device("eth1", "10", "0", "52:54:00:00:00:03");
  EXPECT_EQ(marks()[2], first);
}

}  // namespace
}  // namespace overlay::daemon
