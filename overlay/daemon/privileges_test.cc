// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/privileges.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace overlay::daemon {
namespace {

/// In a process of its own, for there is no way back.
bool holds_in_child(const std::function<bool()>& condition) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(condition() ? 0 : 1);
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class PrivilegesOfRoot : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: needs root, who has something to give up";
  }
};

TEST_F(PrivilegesOfRoot, AreGivenUpButForTheNetworks) {
  EXPECT_TRUE(holds_in_child([] { return ::unshare(CLONE_NEWUTS) == 0; })) << "root may, before";
  EXPECT_TRUE(holds_in_child([] { return give_up_privileges() && may_administer_network(); }));
  EXPECT_TRUE(holds_in_child([] { return give_up_privileges() && ::unshare(CLONE_NEWUTS) != 0; }));
  EXPECT_TRUE(holds_in_child([] { return give_up_privileges() && ::setuid(1) != 0; }));
}

TEST_F(PrivilegesOfRoot, AreNotGainedAgain) {
  EXPECT_TRUE(holds_in_child(
      [] { return give_up_privileges() && ::prctl(PR_GET_NO_NEW_PRIVS, 0UL, 0UL, 0UL, 0UL) == 1; }));
}

TEST_F(PrivilegesOfRoot, MayBeFewFromTheStart) {
  EXPECT_TRUE(holds_in_child([] { return give_up_privileges() && give_up_privileges(); }));
  EXPECT_TRUE(
      holds_in_child([] { return ::setuid(1) == 0 && give_up_privileges() && !may_administer_network(); }));
}

TEST(CoreDump, IsNeverLeft) {
  EXPECT_TRUE(holds_in_child(
      [] { return leave_no_core_dump() && ::prctl(PR_GET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) == 0; }));
}

}  // namespace
}  // namespace overlay::daemon
