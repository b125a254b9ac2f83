// SPDX-License-Identifier: Apache-2.0
// Goal: a host never talks in clear text by accident, and whoever lacks a secret is told how to get it.
#include "overlay/daemon/secrets.h"

#include <gmock/gmock.h>

#include "overlay/store/secret_file.h"
#include "overlay/store/test_dir.h"

namespace overlay::daemon {
namespace {

using testing::HasSubstr;

class SecretsTest : public testing::Test {
 protected:
  std::string keys() const {
    const auto loaded = load_keys(options);
    if (!loaded) return loaded.error().text;
    return *loaded ? (*loaded)->ids() : "none";
  }
  /// A fresh secret in a file; its key id.
  std::string make(const std::filesystem::path& file) const { return store::make_secret(file)->key_id(); }
  Options with_state_dir() const {
    Options out;
    out.name = "h1";
    out.state_dir = dir.path();
    out.listen = {Endpoint{Ip(), 6783}};
    return out;
  }

  store::TestDir dir;
  Options options = with_state_dir();
};

TEST_F(SecretsTest, TheFounderMakesOneAndKeepsIt) {
  options.bootstrap = true;
  EXPECT_TRUE(makes_secret(options));
  const std::string made = keys();
  EXPECT_FALSE(makes_secret(options));
  EXPECT_EQ(store::load_secret(dir / "secret")->key_id(), made);
  EXPECT_EQ(keys(), made);
  options.bootstrap = false;
  EXPECT_EQ(keys(), made) << "it is used without being asked for";
}

TEST_F(SecretsTest, AJoinerWithoutOneIsToldHowToGetIt) {
  options.join = {HostPort{"h1", 6783}};
  EXPECT_EQ(keys(),
            "--join: this host has no cluster secret; copy the secret of a host of the cluster and name the "
            "copy with --secret-file FILE, or give --insecure if the cluster has none");
  options.join.clear();
  store::spill(dir / "state.log", "");
  options.bootstrap = true;
  EXPECT_THAT(keys(), HasSubstr("this host is in a cluster and has no secret of it; copy the secret"));
}

TEST_F(SecretsTest, OneThatWaitsToBeToldWhatToDoTalksToNobody) {
  const std::string first = keys();
  EXPECT_EQ(first.size(), 16U);
  EXPECT_NE(keys(), first);
  EXPECT_FALSE(std::filesystem::exists(dir / "secret"));
}

TEST_F(SecretsTest, FilesGivenComeBeforeTheOwnOneInTheirOrder) {
  make(dir / "secret");
  const std::string first = make(dir / "a");
  const std::string second = make(dir / "b");
  options.secret_files = {dir / "a", dir / "b"};
  options.bootstrap = true;
  EXPECT_EQ(keys(), first + ", " + second);
  options.secret_files = {dir / "a", dir / "a"};
  EXPECT_EQ(keys(), "--secret-file: the secret with key id " + first + " is given twice; give each once");
}

TEST_F(SecretsTest, AFileThatIsNoneIsNamed) {
  options.secret_files = {dir / "missing"};
  EXPECT_EQ(keys(),
            "--secret-file " + (dir / "missing").string() + ": cannot be opened: no such file or directory");
}

TEST_F(SecretsTest, InsecureIsAskedForInSoManyWords) {
  make(dir / "secret");
  options.insecure = true;
  EXPECT_EQ(keys(), "none");
  EXPECT_FALSE(makes_secret(options));
}

TEST_F(SecretsTest, TheFounderSaysHowOthersJoin) {
  options.bootstrap = true;
  options.state_dir = "/var/lib/overlay";
  EXPECT_EQ(joining_line(options, Ip::parse("192.0.2.1").value()),
            "to join another host, copy /var/lib/overlay/secret there and run: overlayd --join 192.0.2.1 "
            "--secret-file FILE");
  options.listen.front().port = 7000;
  EXPECT_THAT(joining_line(options, Ip::parse("fd00::1").value()), HasSubstr("--join [fd00::1]:7000 "));
  options.insecure = true;
  EXPECT_EQ(joining_line(options, std::nullopt), "");
}

TEST_F(SecretsTest, OnKubernetesAHostBeginsWithASecretOfNobodysAndKeepsTheOneItRead) {
  options.kubernetes = true;
  const std::string nobodys = keys();
  EXPECT_NE(keys(), nobodys) << "another each time, so nobody gets in";
  std::filesystem::create_directories(dir.path());
  const Secret read(std::array<std::uint8_t, 32>{1});
  ASSERT_TRUE(store::keep_secret(dir / "secret", read));
  EXPECT_EQ(keys(), read.key_id());
  const Secret changed(std::array<std::uint8_t, 32>{2});
  ASSERT_TRUE(store::keep_secret(dir / "secret", changed));
  EXPECT_EQ(keys(), changed.key_id());
}

}  // namespace
}  // namespace overlay::daemon
