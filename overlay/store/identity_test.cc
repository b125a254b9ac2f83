// SPDX-License-Identifier: Apache-2.0
#include "overlay/store/identity.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "overlay/store/store.h"
#include "overlay/store/test_dir.h"

namespace overlay::store {
namespace {

using testing::HasSubstr;

class IdentityTest : public testing::Test {
 protected:
  std::filesystem::path file() const { return dir / "identity"; }
  Result<Identity> load() const { return load_or_create_identity(state); }

  TestDir dir;
  StateDir state = StateDir::open(dir.path()).value();
};

TEST_F(IdentityTest, IsMadeOnceAndKept) {
  const auto first = load();
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->created);
  const auto second = load();
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->created);
  EXPECT_EQ(second->key.public_key, first->key.public_key);
  EXPECT_EQ(second->key.seed, first->key.seed);
}

TEST_F(IdentityTest, IsRenewedWithItsLogAndTheOldTwoAreKept) {
  const auto old = load();
  ASSERT_TRUE(old);
  Recovered recovered;
  auto store = Store::open(state, recovered);
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->append(std::vector<Bytes>{"of the old"}));
  store->sync();
  const std::string identity = slurp(file());
  const std::string log = slurp(dir / "state.log");

  ASSERT_TRUE(renew(state, "cloned-1", std::vector<Bytes>{"for the new"}));
  const auto renewed = load();
  ASSERT_TRUE(renewed);
  EXPECT_FALSE(renewed->created);
  EXPECT_NE(renewed->key.node_id(), old->key.node_id());
  ASSERT_TRUE(Store::open(state, recovered));
  EXPECT_EQ(recovered.entries, std::vector<Bytes>{"for the new"});
  EXPECT_EQ(slurp(dir / "identity.cloned-1"), identity);
  EXPECT_EQ(slurp(dir / "state.log.cloned-1"), log);
}

TEST_F(IdentityTest, IsNotRenewedWhereTheOldOneCannotBeKept) {
  const auto old = load();
  ASSERT_TRUE(old);
  spill(dir / "identity.cloned-1", "of an earlier time");
  const auto refused = renew(state, "cloned-1", {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("identity.cloned-1: cannot be made"));
  EXPECT_EQ(load()->key.node_id(), old->key.node_id());
}

TEST_F(IdentityTest, DiffersBetweenTwoNodes) {
  const TestDir other;
  const StateDir other_state = StateDir::open(other.path()).value();
  EXPECT_NE(load()->key.node_id(), load_or_create_identity(other_state)->key.node_id());
}

TEST_F(IdentityTest, IsReadableByItsOwnerAlone) {
  ASSERT_TRUE(load());
  struct stat info {};
  ASSERT_EQ(::stat(file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
  EXPECT_EQ(info.st_nlink, 1U);
}

TEST_F(IdentityTest, ThatOthersCanReadIsRefusedAndLeftAlone) {
  ASSERT_TRUE(load());
  const std::string before = slurp(file());
  ASSERT_EQ(::chmod(file().c_str(), 0644), 0);
  const auto refused = load();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text, file().string() +
                                      ": has mode 0644, so others may have read the secret; chmod it to "
                                      "0600 if nobody has");
  EXPECT_EQ(slurp(file()), before);
}

TEST_F(IdentityTest, OfAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give a file away";
  ASSERT_TRUE(load());
  ASSERT_EQ(::chown(file().c_str(), 65534, 65534), 0);
  EXPECT_THAT(load().error().text, HasSubstr("belongs to uid 65534, not to 0 who runs overlayd"));
}

TEST_F(IdentityTest, OfAnyOtherContentIsRefusedAndLeftAlone) {
  ASSERT_TRUE(load());
  const std::string good = slurp(file());
  std::string foreign_digit = good;
  foreign_digit[good.size() - 2] = 'g';
  for (const std::string& content : {std::string(), std::string("secret\n"), good.substr(0, good.size() - 1),
                                     good + "\n", foreign_digit}) {
    spill(file(), content);
    const auto refused = load();
    ASSERT_FALSE(refused) << content;
    EXPECT_EQ(refused.error().code, Errc::corrupt);
    EXPECT_THAT(refused.error().text,
                HasSubstr(file().string() + ": is not an identity as overlayd writes it"));
    EXPECT_EQ(slurp(file()), content);
  }
}

TEST_F(IdentityTest, BehindASymbolicLinkIsRefused) {
  std::filesystem::create_symlink("/nonexistent", file());
  ASSERT_FALSE(load());
  EXPECT_TRUE(std::filesystem::is_symlink(file()));
}

TEST_F(IdentityTest, SurvivesACrashWhileItIsMade) {
  spill(dir / "identity.new", "half a sec");
  EXPECT_TRUE(load()->created);
  EXPECT_FALSE(std::filesystem::exists(dir / "identity.new"));
}

}  // namespace
}  // namespace overlay::store
