// SPDX-License-Identifier: Apache-2.0
// The program as a person or overlayd runs it: install, uninstall, --version, --help.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cni-shim/plugin_fixture.h"

namespace overlay::cni {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

class ProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "cni-program-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr) << pattern;
    directory_ = pattern;
  }
  void TearDown() override { fs::remove_all(directory_); }
  Ran run(const std::string& verb) const {
    return run_program({verb, "--cni-bin-dir", (directory_ / "bin").string(),
                        "--cni-conf-dir=" + (directory_ / "net.d").string()},
                       {}, "");
  }

  fs::path directory_;
};

TEST_F(ProgramTest, install_copies_itself_once_and_uninstall_removes_it) {
  const fs::path plugin = directory_ / "bin" / "overlay";
  const fs::path config = directory_ / "net.d" / "10-overlay.conflist";
  const Ran first = run("install");
  EXPECT_TRUE(first.ok());
  EXPECT_EQ(first.out, "wrote " + plugin.string() + "\nwrote " + config.string() + "\n");
  EXPECT_EQ(read(plugin), read(CNI_SHIM_BINARY));
  EXPECT_EQ(run("install").out, plugin.string() + " is up to date\n" + config.string() + " is up to date\n");
  EXPECT_EQ(run("uninstall").out, "removed " + config.string() + "\nremoved " + plugin.string() + "\n");
  EXPECT_FALSE(fs::exists(plugin));
  EXPECT_TRUE(run("uninstall").ok());
}

TEST_F(ProgramTest, tells_its_version_and_how_to_use_it) {
  EXPECT_TRUE(run_program({"--version"}, {}, "").out.starts_with("cni-shim "));
  const Ran help = run_program({"--help"}, {}, "");
  EXPECT_TRUE(help.ok());
  EXPECT_NE(help.out.find("cni-shim install"), std::string::npos);
}

TEST_F(ProgramTest, exits_with_2_on_bad_usage_and_with_1_when_it_fails) {
  EXPECT_EQ(run_program({"frobnicate"}, {}, "").exit_code, 2);
  EXPECT_EQ(run_program({"install", "--frob"}, {}, "").exit_code, 2);
  std::ofstream(directory_ / "bin") << "a file where a directory should be";
  EXPECT_EQ(run("install").exit_code, 1);
}

TEST_F(ProgramTest, run_by_hand_without_a_runtime_points_at_its_help) {
  const Ran ran = run_program({}, {}, "");
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.code(), 4);
  EXPECT_NE(ran.msg().find("cni-shim --help"), std::string::npos);
}

}  // namespace
}  // namespace overlay::cni
