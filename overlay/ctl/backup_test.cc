// SPDX-License-Identifier: Apache-2.0
// backup and restore as an operator gives them: what they refuse, and that nothing is lost by it.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <sstream>

#include "overlay/control/test_server.h"
#include "overlay/ctl/app.h"
#include "overlay/store/backup.h"
#include "overlay/store/test_backup.h"
#include "overlay/store/test_dir.h"

namespace overlay::ctl {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Said {
  Exit exit = Exit::done;
  std::string out;
  std::string err;
};

class BackupTest : public testing::Test {
 protected:
  BackupTest() {
    server.backend.backup_answer = store::backup_bytes(store::example::made(), store::example::log());
  }

  Said ctl(std::vector<std::string> arguments) {
    std::ostringstream out;
    std::ostringstream err;
    Console console{out, err};
    for (const auto& word : {std::string("--state-dir"), state.string()}) arguments.push_back(word);
    arguments.insert(arguments.begin(), {"--socket", server.socket()});
    const auto exit = run(std::move(arguments), console);
    return {exit, out.str(), err.str()};
  }
  /// A backup, and no daemon any more.
  void back_up() {
    ASSERT_EQ(ctl({"backup", file}).exit, Exit::done);
    server.stop();
  }

  control::test::TestServer server;
  store::TestDir dir;
  std::string file = dir / "h1.backup";
  std::filesystem::path state = dir / "state";
};

TEST_F(BackupTest, IsAFileForItsOwnerAlone) {
  const auto said = ctl({"backup", file});
  EXPECT_EQ(said.exit, Exit::done) << said.err;
  EXPECT_THAT(said.out,
              StartsWith(file + " has h1 (" + store::example::node.node_id().short_hex() + " of cluster "));
  EXPECT_THAT(said.out, HasSubstr("blocks 10.32.4.0/24; addresses leased: 1; it holds this host's key"));
  struct stat info {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(store::slurp(file), server.backend.backup_answer);
}

TEST_F(BackupTest, ReplacesAFileOnlyWhenTold) {
  store::spill(file, "dear");
  const auto refused = ctl({"backup", file});
  EXPECT_EQ(refused.exit, Exit::no);
  EXPECT_EQ(refused.err,
            "overlayctl: " + file + ": is there already; give another name, or --force to replace it\n");
  EXPECT_EQ(store::slurp(file), "dear");
  EXPECT_TRUE(server.backend.calls.empty()) << "nobody was asked for a key that has nowhere to go";
  EXPECT_EQ(ctl({"backup", file, "--force"}).exit, Exit::done);
  EXPECT_EQ(store::slurp(file), server.backend.backup_answer);
}

TEST_F(BackupTest, GoesToTheStandardOutput) {
  EXPECT_EQ(ctl({"backup", "-"}).out, server.backend.backup_answer);
}

TEST_F(BackupTest, NeedsADaemonOrAState) {
  server.stop();
  const auto said = ctl({"backup", file});
  EXPECT_EQ(said.exit, Exit::unreachable);
  EXPECT_THAT(said.err, HasSubstr("there is no state to be read in " + state.string()));
  EXPECT_FALSE(std::filesystem::exists(state));
}

TEST_F(BackupTest, IsRestoredAndBackedUpAgainWithoutADaemon) {
  back_up();
  const auto said = ctl({"restore", file});
  EXPECT_EQ(said.exit, Exit::done) << said.err;
  EXPECT_THAT(said.out, StartsWith(state.string() + " has h1 ("));
  EXPECT_THAT(said.out,
              HasSubstr(", as of 2023-11-14T22:13:20.000Z\nthe cluster's secret is not part of it"));
  EXPECT_EQ(ctl({"backup", file + "2"}).exit, Exit::done);
  const auto again = ctl({"restore", file + "2", "-o", "json"});
  EXPECT_EQ(again.exit, Exit::no);
  EXPECT_THAT(again.err,
              HasSubstr("holds the state of a node already (identity, state.log), which is left as it is"));
}

TEST_F(BackupTest, IsToldInJson) {
  back_up();
  const auto said = ctl({"restore", file, "-o", "json"});
  v1::Backup told;
  ASSERT_TRUE(control::parse_json(said.out, told)) << said.out;
  EXPECT_EQ(told.state_dir(), state.string());
  EXPECT_EQ(told.name(), "h1");
  EXPECT_EQ(told.addresses(), 1U);
}

TEST_F(BackupTest, IsNotRestoredUnderARunningDaemon) {
  ASSERT_EQ(ctl({"backup", file}).exit, Exit::done);
  const auto said = ctl({"restore", file});
  EXPECT_EQ(said.exit, Exit::no);
  EXPECT_EQ(said.err, "overlayctl: overlayd runs on this host (" + server.socket() +
                          " answers): stop it first, with 'systemctl stop overlayd'\n");
  server.stop();
  const auto held = store::StateDir::open(state);
  EXPECT_THAT(ctl({"restore", file}).err, HasSubstr("in use by another overlayd (pid "));
}

TEST_F(BackupTest, ThatIsNoneIsRefusedAndNothingIsMade) {
  back_up();
  const Bytes whole = store::slurp(file);
  const std::pair<Bytes, const char*> cases[] = {
      {"", "byte 0: it does not begin as a state log does; nothing was restored: take another copy"},
      {whole.substr(0, whole.size() - 1), "cannot be read, although it was safely on disk once; nothing"},
      {store::log_header(0), "it is empty"},
      {whole.substr(0, 8) + '\x02' + whole.substr(9), "nothing was restored: install an overlay as new as"},
  };
  for (const auto& [bytes, words] : cases) {
    store::spill(file, bytes);
    const auto said = ctl({"restore", file});
    EXPECT_EQ(said.exit, Exit::no) << words;
    EXPECT_THAT(said.err, StartsWith("overlayctl: " + file + ": cannot be restored: "));
    EXPECT_THAT(said.err, HasSubstr(words));
  }
  EXPECT_THAT(ctl({"restore", dir / "none"}).err, HasSubstr("none: cannot be opened: no such file"));
  EXPECT_FALSE(std::filesystem::exists(state));
}

TEST_F(BackupTest, ThatOthersCanReadIsRestoredWithAWarning) {
  back_up();
  ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  const auto said = ctl({"restore", file});
  EXPECT_EQ(said.exit, Exit::done);
  EXPECT_EQ(said.err, file + ": others may read it, and it holds the key of a host: chmod it to 0600\n");
}

}  // namespace
}  // namespace overlay::ctl
