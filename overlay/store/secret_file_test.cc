// SPDX-License-Identifier: Apache-2.0
// Goal: a secret is taken from a file that nobody else can read, or a sentence says what is wrong with it.
#include "overlay/store/secret_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "overlay/store/test_dir.h"

namespace overlay::store {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class SecretFileTest : public testing::Test {
 protected:
  std::string refusal() const {
    const auto loaded = load_secret(file);
    return loaded ? "loaded" : loaded.error().text;
  }
  void write(std::string_view content) const {
    spill(file, content);
    ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  }

  TestDir dir;
  std::filesystem::path file = dir / "secret";
  std::string text = Secret({7}).text();
};

TEST_F(SecretFileTest, IsMadeForItsOwnerAloneAndNeverReplaced) {
  const auto made = make_secret(file);
  ASSERT_TRUE(made);
  struct stat info {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
  EXPECT_EQ(slurp(file), made->text() + "\n");
  EXPECT_EQ(load_secret(file)->key_id(), made->key_id());
  EXPECT_FALSE(make_secret(file));
  EXPECT_EQ(slurp(file), made->text() + "\n");
  EXPECT_NE(make_secret(dir / "other")->key_id(), made->key_id());
}

TEST_F(SecretFileTest, MayEndInAnyWhiteSpaceAndStandBehindALink) {
  for (const char* end : {"", "\n", "\r\n", " \n\n"}) {
    write(text + end);
    EXPECT_EQ(refusal(), "loaded") << end;
  }
  std::filesystem::rename(file, dir / "aside");
  std::filesystem::create_symlink("aside", file);
  EXPECT_EQ(refusal(), "loaded");
}

TEST_F(SecretFileTest, ThatOthersCanReadIsRefused) {
  for (const mode_t mode : {0640U, 0604U, 0620U}) {
    write(text);
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
    EXPECT_THAT(refusal(), StartsWith(file.string() + ": has mode 06"));
    EXPECT_THAT(refusal(), EndsWith("; chmod it to 0600 if nobody has"));
  }
}

TEST_F(SecretFileTest, OfAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give a file away";
  write(text);
  ASSERT_EQ(::chown(file.c_str(), 65534, 65534), 0);
  EXPECT_THAT(refusal(), HasSubstr("belongs to uid 65534"));
}

TEST_F(SecretFileTest, MustBeAFile) {
  EXPECT_EQ(refusal(), file.string() + ": cannot be opened: no such file or directory");
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_EQ(refusal(), file.string() + ": is no regular file; name the file with the secret");
}

TEST_F(SecretFileTest, MustHoldASecretAndIsNotQuoted) {
  write("hunter2\n");
  EXPECT_THAT(refusal(), StartsWith(file.string() + ": is not a cluster secret but looks like a password"));
  EXPECT_THAT(refusal(), testing::Not(HasSubstr("hunter2")));
  write("\n");
  EXPECT_THAT(refusal(), HasSubstr("is empty"));
  write(text.substr(0, 40));
  EXPECT_THAT(refusal(), HasSubstr("mistyped or cut short"));
}

}  // namespace
}  // namespace overlay::store
