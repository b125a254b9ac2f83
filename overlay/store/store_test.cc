// SPDX-License-Identifier: Apache-2.0
// The log as a file: life after life, crashes, a second daemon, a full disk, a directory that cannot be used.
#include "overlay/store/store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "overlay/store/log_format.h"
#include "overlay/store/test_dir.h"

namespace overlay::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// One life of a daemon over a directory.
struct Life {
  explicit Life(const std::filesystem::path& path)
      : directory(StateDir::open(path).value()), store(Store::open(directory, recovered).value()) {}

  void append(const std::vector<Bytes>& entries) { ASSERT_TRUE(store.append(entries)); }

  Recovered recovered;
  StateDir directory;
  Store store;
};

class StoreTest : public testing::Test {
 protected:
  std::filesystem::path log() const { return dir / "state.log"; }
  /// What opening the store says, which must be an error.
  Error open_error() const {
    const auto directory = StateDir::open(dir.path());
    Recovered recovered;
    return directory ? Store::open(*directory, recovered).error() : directory.error();
  }

  TestDir dir;
};

TEST_F(StoreTest, AFirstLifeFindsNothingAndASecondFindsTheFirst) {
  {
    Life first(dir.path());
    EXPECT_THAT(first.recovered.entries, IsEmpty());
    first.append({"one", "two"});
    first.store.sync();
    first.append({"three"});
  }
  Life second(dir.path());
  EXPECT_THAT(second.recovered.entries, ElementsAre("one", "two", "three"));
  EXPECT_THAT(second.recovered.warning, IsEmpty());
  second.append({"four"});
  EXPECT_EQ(second.store.bytes(), std::filesystem::file_size(log()));
}

TEST_F(StoreTest, AMissingDirectoryIsMadeForUsAlone) {
  const Life life(dir / "a/b/state");
  EXPECT_EQ(std::filesystem::status(dir / "a/b/state").permissions(), std::filesystem::perms::owner_all);
}

TEST_F(StoreTest, ASecondDaemonIsRefusedAndToldWhoHoldsTheDirectory) {
  const Life life(dir.path());
  const auto second = StateDir::open(dir.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::conflict);
  EXPECT_EQ(second.error().text, dir.path().string() + ": in use by another overlayd (pid " +
                                     std::to_string(::getpid()) +
                                     "); stop that one, or give this one a --state-dir of its own");
}

TEST_F(StoreTest, AFileWhereTheDirectoryShouldBeIsNamed) {
  spill(dir / "file", "");
  const auto opened = StateDir::open(dir / "file");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::io);
  EXPECT_EQ(opened.error().text,
            (dir / "file").string() +
                ": cannot be the state directory: not a directory; run overlayd as root, or name "
                "another directory with --state-dir");
}

TEST_F(StoreTest, ADirectoryThatCannotBeWrittenIsNamed) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to make a directory that is not ours";
  std::filesystem::permissions(dir.path(), std::filesystem::perms::owner_all);
  const pid_t child = ::fork();
  if (child == 0) {
    // Nobody (65534) may not enter a 0700 directory of root's.
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
    const auto opened = StateDir::open(dir / "state");
    const bool named = !opened && opened.error().code == Errc::io &&
                       opened.error().text.find(
                           "permission denied; run overlayd as root, or name another directory "
                           "with --state-dir") != std::string::npos;
    ::_exit(named ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(StoreTest, EveryInterruptedWriteLeavesALogThatGoesOn) {
  {
    Life life(dir.path());
    life.append({"kept"});
    life.store.sync();
    life.append({"interrupted"});
  }
  const Bytes whole = slurp(log());
  const std::size_t kept = log_header_bytes + record_header_bytes + 4;
  for (std::size_t size = kept + 1; size < whole.size(); ++size) {
    spill(log(), whole.substr(0, size));
    {
      Life life(dir.path());
      EXPECT_THAT(life.recovered.entries, ElementsAre("kept")) << size;
      EXPECT_EQ(life.recovered.warning, log().string() + ": cut " + std::to_string(size - kept) +
                                            " bytes at byte " + std::to_string(kept) +
                                            ": a write that a crash interrupted before it was promised");
      life.append({"after"});
    }
    EXPECT_THAT(Life(dir.path()).recovered.entries, ElementsAre("kept", "after")) << size;
  }
}

TEST_F(StoreTest, ADamagedLogIsRefusedAndLeftAsItIs) {
  {
    Life life(dir.path());
    life.append({"one"});
    life.store.sync();
    life.append({"two"});
  }
  Bytes damaged = slurp(log());
  damaged[log_header_bytes + record_header_bytes] = 'x';
  spill(log(), damaged);
  const Error error = open_error();
  EXPECT_EQ(error.code, Errc::corrupt);
  EXPECT_THAT(error.text, HasSubstr(log().string() + ": byte 24: entry 1 cannot be read"));
  EXPECT_THAT(error.text, HasSubstr("restore the state directory from a backup"));
  EXPECT_EQ(slurp(log()), damaged);
}

TEST_F(StoreTest, ANewerFormatIsRefusedAndLeftAsItIs) {
  Bytes newer = log_header(0);
  newer[8] = 9;
  spill(log(), newer);
  const Error error = open_error();
  EXPECT_EQ(error.code, Errc::unsupported);
  EXPECT_THAT(error.text, HasSubstr(log().string() + ": it has format 9"));
  EXPECT_EQ(slurp(log()), newer);
}

TEST_F(StoreTest, AnEntryTooLongToBeReadBackIsNotWritten) {
  Life life(dir.path());
  const std::vector<Bytes> entries = {"fits", Bytes(max_entry_bytes + 1, 'x')};
  EXPECT_EQ(life.store.append(entries).error().code, Errc::invalid);
  EXPECT_EQ(std::filesystem::file_size(log()), log_header_bytes);
}

TEST_F(StoreTest, CompactionReplacesHistory) {
  {
    Life life(dir.path());
    life.append({"one", "two", "three"});
    ASSERT_TRUE(life.store.compact(std::vector<Bytes>{"all of it"}));
    life.append({"more"});
    life.store.sync();
  }
  EXPECT_THAT(Life(dir.path()).recovered.entries, ElementsAre("all of it", "more"));
  EXPECT_FALSE(std::filesystem::exists(dir / "state.log.new"));
}

TEST_F(StoreTest, CompactionIsWantedWhenALogWorthMindingIsMostlyHistory) {
  const Bytes entry(max_entry_bytes / 2, 'x');
  Life life(dir.path());
  for (int i = 0; i < 7; ++i) life.append({entry});
  EXPECT_FALSE(life.store.wants_compaction()) << "below 4 MiB";
  life.append({entry});
  EXPECT_TRUE(life.store.wants_compaction());
  ASSERT_TRUE(life.store.compact(std::vector<Bytes>(4, entry)));
  for (int i = 0; i < 11; ++i) life.append({entry});
  EXPECT_FALSE(life.store.wants_compaction()) << "not four times the snapshot";
  for (int i = 0; i < 2; ++i) life.append({entry});
  EXPECT_TRUE(life.store.wants_compaction());
}

TEST_F(StoreTest, ANewLifeKnowsHowLongTheSnapshotIs) {
  const Bytes entry(max_entry_bytes / 2, 'x');
  {
    Life life(dir.path());
    ASSERT_TRUE(life.store.compact(std::vector<Bytes>(4, entry)));
    for (int i = 0; i < 11; ++i) life.append({entry});
  }
  Life life(dir.path());
  EXPECT_FALSE(life.store.wants_compaction());
}

TEST_F(StoreTest, AWriteThatMeetsALimitLeavesTheLogUsable) {
  Life life(dir.path());
  life.append({"before"});
  const auto size = std::filesystem::file_size(log());

  // A file size limit instead of a full disk: the write stops in the middle just the same.
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto old_action = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit tight{.rlim_cur = size + 100, .rlim_max = old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const std::vector<Bytes> entries = {Bytes(40, 'a'), Bytes(200, 'b')};
  const Status full = life.store.append(entries);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  ::signal(SIGXFSZ, old_action);

  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Errc::exhausted);
  EXPECT_THAT(full.error().text, HasSubstr(log().string() + ": cannot be written"));
  EXPECT_EQ(std::filesystem::file_size(log()), size);
  life.append({"after"});
  life.store.sync();
  EXPECT_EQ(parse_log(slurp(log()))->entries, (std::vector<Bytes>{"before", "after"}));
}

/// In a process of its own, with a 64 KiB tmpfs that only it sees; 0 when all is as it should be, else the
/// step.
int fill_small_disk(const std::filesystem::path& mount_point) {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return 1;
  if (::mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=64k") != 0) return 2;
  const auto directory = StateDir::open(mount_point);
  Recovered recovered;
  auto store = Store::open(*directory, recovered);
  if (!store) return 3;
  const std::vector<Bytes> entry = {Bytes(4000, 'x')};
  std::size_t written = 0;
  while (store->append(entry)) ++written;
  const Status full = store->append(entry);
  if (full || full.error().code != Errc::exhausted || written == 0) return 4;
  const Status no_room = store->compact(entry);
  if (no_room || no_room.error().code != Errc::exhausted) return 5;
  if (std::filesystem::exists(mount_point / "state.log.new")) return 6;
  const auto log = parse_log(slurp(mount_point / "state.log"));
  return log && log->entries.size() == written && log->torn_bytes == 0 ? 0 : 7;
}

TEST_F(StoreTest, AFullDiskRefusesWhatDoesNotFitAndLosesNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to mount a small file system";
  const pid_t child = ::fork();
  if (child == 0) ::_exit(fill_small_disk(dir.path()));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

const std::vector<Bytes> three = {"one", "two", "three"};

/// A life that tells `promised` how many entries it could promise so far. 0 when it came to its end.
int tell_all(const std::filesystem::path& path, int promised) {
  ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  ::raise(SIGSTOP);
  Life life(path);
  for (std::size_t i = 0; i < three.size(); ++i) {
    if (!life.store.append(std::span(three).subspan(i, 1))) return 1;
    life.store.sync();
    if (::write(promised, "x", 1) != 1) return 2;
    if (i == 1 && !life.store.compact(std::span(three).first(2))) return 3;
  }
  return 0;
}

/// Runs it until it enters or leaves its `call`-th system call and kills it there. False when it ended
/// before.
bool killed_at(int call, const std::filesystem::path& path, int promised) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(tell_all(path, promised));
  int status = 0;
  ::waitpid(child, &status, 0);  // its SIGSTOP
  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  for (int i = 0; WIFSTOPPED(status) && i < call; ++i) {
    ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
    ::waitpid(child, &status, 0);
  }
  if (!WIFSTOPPED(status)) {
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
    return false;
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  return true;
}

std::size_t bytes_in(int pipe) {
  Bytes bytes(16, '\0');
  const ssize_t got = ::read(pipe, bytes.data(), bytes.size());
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

TEST(StoreCrashTest, ADeathAtEverySystemCallKeepsWhatWasPromised) {
  int call = 0;
  for (bool killed = true; killed;) {
    const TestDir dir;
    int promised[2];
    ASSERT_EQ(::pipe2(promised, O_NONBLOCK | O_CLOEXEC), 0);
    killed = killed_at(++call, dir.path(), promised[1]);
    const std::size_t count = bytes_in(promised[0]);
    ::close(promised[0]);
    ::close(promised[1]);
    {
      Life after(dir.path());
      const auto& entries = after.recovered.entries;
      ASSERT_GE(entries.size(), count) << "killed at call " << call;
      ASSERT_LE(entries.size(), three.size());
      EXPECT_TRUE(std::equal(entries.begin(), entries.end(), three.begin())) << "killed at call " << call;
      after.append({"after"});
    }
    EXPECT_EQ(Life(dir.path()).recovered.entries.back(), "after");
  }
  EXPECT_GT(call, 60) << "a log is not written with fewer system calls than that";
}

TEST(FileDeathTest, AFileThatCannotBeMadeDurableEndsTheProcess) {
  const auto file = File::open("/dev/null", O_RDWR);  // answers EINVAL to fdatasync
  ASSERT_TRUE(file);
  EXPECT_DEATH(file->sync_or_abort(), "/dev/null: cannot be made durable: invalid argument; stopping");
}

}  // namespace
}  // namespace overlay::store
