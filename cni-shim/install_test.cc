// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/install.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "cni-shim/conflist.h"

namespace overlay::cni {
namespace {

namespace fs = std::filesystem;

class InstallTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "cni-install-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr) << pattern;
    directory_ = pattern;
    options_ = {directory_ / "opt" / "bin", directory_ / "etc" / "net.d", std::string(default_socket)};
    self_ = directory_ / "self";
    write(self_, std::string("\x7f\0program", 9));
  }
  void TearDown() override { fs::remove_all(directory_); }

  static void write(const fs::path& path, const std::string& content) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << content;
  }
  static std::string read(const fs::path& path) {
    std::ifstream in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }
  void add_plugin(const std::string& name) const {
    write(options_.bin_dir / name, "x");
    fs::permissions(options_.bin_dir / name, fs::perms::owner_all);
  }
  /// Inode numbers change when a file is replaced, whatever the clock's grain.
  static ino_t inode(const fs::path& path) {
    struct stat found {};
    EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
    return found.st_ino;
  }
  fs::path plugin() const { return options_.bin_dir / "overlay"; }
  fs::path config() const { return options_.conf_dir / conflist_name; }
  /// What lies in a directory besides the two files.
  static std::size_t count(const fs::path& directory) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
  }

  fs::path directory_;
  fs::path self_;
  InstallOptions options_;
};

TEST_F(InstallTest, writes_program_and_configuration_into_directories_it_makes) {
  const auto report = install(options_, self_);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(*report, (Report{"wrote " + plugin().string(), "wrote " + config().string()}));
  EXPECT_EQ(read(plugin()), read(self_));
  EXPECT_EQ(fs::status(plugin()).permissions(), fs::perms(0755));
  EXPECT_EQ(fs::status(config()).permissions(), fs::perms(0644));
  EXPECT_EQ(read(config()), conflist({}, default_socket));
  EXPECT_EQ(count(options_.bin_dir) + count(options_.conf_dir), 2U) << "no temporary file stays";
}

TEST_F(InstallTest, leaves_unchanged_files_alone) {
  ASSERT_TRUE(install(options_, self_));
  const auto before = std::pair(inode(plugin()), inode(config()));
  const auto report = install(options_, self_);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(*report, (Report{plugin().string() + " is up to date", config().string() + " is up to date"}));
  EXPECT_EQ(std::pair(inode(plugin()), inode(config())), before);
}

TEST_F(InstallTest, replaces_what_has_changed) {
  ASSERT_TRUE(install(options_, self_));
  const auto before = std::pair(inode(plugin()), inode(config()));
  write(self_, "a newer program");
  options_.socket = "/tmp/other.sock";
  ASSERT_TRUE(install(options_, self_));
  EXPECT_EQ(read(plugin()), "a newer program");
  EXPECT_EQ(read(config()), conflist({}, "/tmp/other.sock"));
  EXPECT_NE(inode(plugin()), before.first);
  EXPECT_NE(inode(config()), before.second);
}

TEST_F(InstallTest, restores_a_lost_mode) {
  ASSERT_TRUE(install(options_, self_));
  fs::permissions(plugin(), fs::perms(0600));
  ASSERT_TRUE(install(options_, self_));
  EXPECT_EQ(fs::status(plugin()).permissions(), fs::perms(0755));
}

TEST_F(InstallTest, chains_the_plugins_that_are_there) {
  add_plugin("portmap");
  ASSERT_TRUE(install(options_, self_));
  EXPECT_EQ(read(config()), conflist({.portmap = true}, default_socket));
  add_plugin("bandwidth");
  ASSERT_TRUE(install(options_, self_));
  EXPECT_EQ(read(config()), conflist({true, true}, default_socket));
}

TEST_F(InstallTest, names_the_networks_that_runtimes_take_before_ours) {
  for (const char* name :
       {"05-other.conflist", "09-old.conf", "05-note.txt", ".05-half.conflist.tmp", "87-podman.conflist"})
    write(options_.conf_dir / name, "{}");
  const auto report = install(options_, self_);
  ASSERT_TRUE(report) << report.error().text;
  ASSERT_EQ(report->size(), 4U);
  EXPECT_TRUE(
      report->at(2).starts_with((options_.conf_dir / "05-other.conflist").string() + " sorts before"));
  EXPECT_TRUE(report->at(3).starts_with((options_.conf_dir / "09-old.conf").string() + " sorts before"));
}

TEST_F(InstallTest, uninstall_removes_both_and_may_be_repeated) {
  ASSERT_TRUE(install(options_, self_));
  ASSERT_TRUE(uninstall(options_));
  EXPECT_FALSE(fs::exists(plugin()));
  EXPECT_FALSE(fs::exists(config()));
  EXPECT_TRUE(fs::exists(options_.conf_dir)) << "runtimes watch the directory";
  const auto again = uninstall(options_);
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(again->front(), config().string() + " is not there");
}

TEST_F(InstallTest, names_the_path_and_the_cure_when_something_is_in_the_way) {
  write(directory_ / "etc", "a file where a directory should be");
  const auto report = install(options_, self_);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Errc::io);
  EXPECT_NE(report.error().text.find(options_.conf_dir.string()), std::string::npos) << report.error().text;
  EXPECT_NE(report.error().text.find("move it away"), std::string::npos) << report.error().text;
}

TEST_F(InstallTest, leaves_no_temporary_file_when_it_fails) {
  fs::create_directories(plugin());  // a directory where the program should be
  ASSERT_FALSE(install(options_, self_));
  EXPECT_EQ(count(options_.bin_dir), 1U);
}

TEST(InstallOptions, are_read_in_both_spellings) {
  const auto options = parse_install_options({"--cni-bin-dir", "/b", "--cni-conf-dir=/c", "--socket=/s"});
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_EQ(options->bin_dir, "/b");
  EXPECT_EQ(options->conf_dir, "/c");
  EXPECT_EQ(options->socket, "/s");
  EXPECT_EQ(parse_install_options({})->bin_dir, "/opt/cni/bin");
}

TEST(InstallOptions, name_what_is_not_understood) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"--bin"}, "'--bin' is not an option"},
      {{"--cni-bin-dir"}, "--cni-bin-dir needs a value"},
      {{"--socket", "relative"}, "--socket is 'relative', not an absolute path"},
      {{"--cni-conf-dir="}, "--cni-conf-dir is '', not an absolute path"}};
  for (const auto& [arguments, sentence] : cases) {
    const auto options = parse_install_options(arguments);
    ASSERT_FALSE(options);
    EXPECT_NE(options.error().text.find(sentence), std::string::npos) << options.error().text;
  }
}

}  // namespace
}  // namespace overlay::cni
