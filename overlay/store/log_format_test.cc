// SPDX-License-Identifier: Apache-2.0
// Every way a small log can be cut or flipped: what was promised is read back or the damage is named, never
// silence.
#include "overlay/store/log_format.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace overlay::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<Bytes> four = {"first", "", "third is the longest of the four", "4th"};

/// Where each record of a log that holds `count` of the four entries begins, and where the log ends.
std::vector<std::size_t> boundaries(std::size_t count) {
  std::vector<std::size_t> out = {log_header_bytes};
  for (std::size_t i = 0; i < count; ++i) out.push_back(out.back() + record_header_bytes + four[i].size());
  return out;
}

/// Each entry appended and synced before the next.
Bytes synced_log() {
  Bytes log = log_header(0);
  for (std::uint64_t i = 0; i < four.size(); ++i) append_record(log, i + 1, i, four[i]);
  return log;
}

Bytes snapshot_log() {
  Bytes log = log_header(four.size());
  for (std::uint64_t i = 0; i < four.size(); ++i) append_record(log, i + 1, four.size(), four[i]);
  return log;
}

TEST(LogFormat, AnEmptyLogHoldsNothing) {
  const auto log = parse_log(log_header(0));
  ASSERT_TRUE(log);
  EXPECT_TRUE(log->entries.empty());
  EXPECT_EQ(log->good_bytes, log_header_bytes);
  EXPECT_EQ(log->torn_bytes, 0U);
}

TEST(LogFormat, EntriesComeBackInOrder) {
  const auto log = parse_log(synced_log());
  ASSERT_TRUE(log);
  EXPECT_EQ(log->entries, four);
  EXPECT_EQ(log->snapshot_bytes, log_header_bytes);
  EXPECT_EQ(parse_log(snapshot_log())->snapshot_bytes, snapshot_log().size());
}

TEST(LogFormat, TheBytesOnDiskAreTheDocumentedOnes) {
  Bytes log = log_header(0);
  append_record(log, 1, 0, "ab");
  // The checksums are CRC-32C as RFC 3720 (iSCSI) defines it, from an independent implementation.
  EXPECT_EQ(to_hex(log),
            "4f564c5354415445"
            "01000000"
            "8ab2288c"
            "0000000000000000"
            "02000000"
            "eb918fd5"
            "0100000000000000"
            "0000000000000000"
            "6162");
}

TEST(LogFormat, EveryCutLeavesTheWholeEntriesBeforeIt) {
  const Bytes whole = synced_log();
  const auto ends = boundaries(four.size());
  for (std::size_t size = log_header_bytes; size <= whole.size(); ++size) {
    const auto log = parse_log(std::string_view(whole).substr(0, size));
    ASSERT_TRUE(log) << size;
    std::size_t kept = 0;
    while (kept < four.size() && ends[kept + 1] <= size) ++kept;
    EXPECT_EQ(log->entries, std::vector<Bytes>(four.begin(), four.begin() + static_cast<long>(kept))) << size;
    EXPECT_EQ(log->good_bytes, ends[kept]) << size;
    EXPECT_EQ(log->torn_bytes, size - ends[kept]) << size;
  }
}

TEST(LogFormat, ALogWithoutAWholeHeaderIsNoLog) {
  for (std::size_t size = 0; size < log_header_bytes; ++size) {
    const auto log = parse_log(std::string_view(synced_log()).substr(0, size));
    ASSERT_FALSE(log) << size;
    EXPECT_EQ(log.error().code, Errc::corrupt) << size;
  }
}

TEST(LogFormat, EveryCutOfASnapshotIsDamage) {
  const Bytes whole = snapshot_log();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto log = parse_log(std::string_view(whole).substr(0, size));
    ASSERT_FALSE(log) << size;
    EXPECT_EQ(log.error().code, Errc::corrupt) << size;
  }
}

TEST(LogFormat, EveryFlippedByteIsDamageExceptInTheLastUnprovenEntry) {
  const Bytes whole = synced_log();
  const std::size_t last = boundaries(four.size())[four.size() - 1];
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int mask : {0x01, 0x80, 0xff}) {
      Bytes flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ mask);
      const auto log = parse_log(flipped);
      if (at < last) {
        ASSERT_FALSE(log) << at;
        const bool newer = at >= 8 && at < 12 && (at > 8 || mask != 0x01);  // version 1 becomes 0
        EXPECT_EQ(log.error().code, newer ? Errc::unsupported : Errc::corrupt) << at;
      } else {
        ASSERT_TRUE(log) << at << " " << log.error().text;
        EXPECT_EQ(log->entries.size(), four.size() - 1) << at;
        EXPECT_EQ(log->torn_bytes, whole.size() - last) << at;
      }
    }
  }
}

TEST(LogFormat, EveryFlippedByteOfASnapshotIsDamage) {
  const Bytes whole = snapshot_log();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Bytes flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    EXPECT_FALSE(parse_log(flipped)) << at;
  }
}

TEST(LogFormat, AHoleInABatchThatWasNeverSyncedIsATornTail) {
  Bytes log = log_header(0);
  append_record(log, 1, 0, "synced");
  const std::size_t hole = log.size();
  append_record(log, 2, 1, "these two were written together,");
  append_record(log, 3, 1, "and the disk kept only the second");
  log[hole + record_header_bytes] = 0;
  const auto read = parse_log(log);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_THAT(read->entries, ElementsAre("synced"));
  EXPECT_EQ(read->good_bytes, hole);
}

TEST(LogFormat, DamageIsNamedByItsByte) {
  Bytes log = synced_log();
  const std::size_t second = boundaries(four.size())[1];
  log[second] = 1;
  EXPECT_EQ(parse_log(log).error().text, "byte " + std::to_string(second) +
                                             ": entry 2 cannot be read, although it was safely on disk once");
}

TEST(LogFormat, ANewerFormatIsRefusedWhateverFollows) {
  Bytes log = synced_log();
  log[8] = 2;
  log.resize(log_header_bytes);
  const auto read = parse_log(log);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::unsupported);
  EXPECT_THAT(read.error().text, HasSubstr("format 2 and this overlayd reads up to 1"));
}

RC_GTEST_PROP(LogFormat, AnyEntriesComeBackBehindAnySnapshot, (const std::vector<std::string>& any)) {
  const auto snapshot = *rc::gen::inRange<std::uint64_t>(0, any.size() + 1);
  Bytes log = log_header(snapshot);
  for (std::uint64_t i = 0; i < any.size(); ++i) append_record(log, i + 1, std::max(i, snapshot), any[i]);
  const auto read = parse_log(log);
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->entries == any);
  RC_ASSERT(read->torn_bytes == 0U);
}

RC_GTEST_PROP(LogFormat, RubbishBehindTheLastEntryIsATornTail, (const std::string& rubbish)) {
  Bytes log = synced_log();
  log += rubbish;
  const auto read = parse_log(log);
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->entries == four);
  RC_ASSERT(read->torn_bytes == rubbish.size());
}

}  // namespace
}  // namespace overlay::store
