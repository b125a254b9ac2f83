// SPDX-License-Identifier: Apache-2.0
// A backup is whole or it is refused, and what is restored is what was backed up.
#include "overlay/store/backup.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "overlay/store/guarded_file.h"
#include "overlay/store/identity.h"
#include "overlay/store/secret_file.h"
#include "overlay/store/store.h"
#include "overlay/store/test_backup.h"
#include "overlay/store/test_dir.h"

namespace overlay::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Backup example_backup(std::optional<Secret> secret = {}) {
  auto made = example::made();
  made.secret = std::move(secret);
  return make_backup(std::move(made), example::log()).value();
}

Bytes example_bytes(std::optional<Secret> secret = {}) {
  const Backup backup = example_backup(std::move(secret));
  return backup_bytes(backup.made, backup.entries);
}

Error refusal_of(std::string_view bytes) {
  const auto parsed = parse_backup(bytes);
  return parsed ? Error{} : parsed.error();
}

TEST(Backup, TellsWhatItHolds) {
  const auto read = parse_backup(example_bytes(Secret({7})));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->node, example::node.node_id());
  EXPECT_EQ(read->name, "h1");
  EXPECT_THAT(read->blocks, ElementsAre(Prefix::parse("10.32.4.0/24").value()));
  EXPECT_EQ(read->leases, 1U);
  EXPECT_EQ(read->entries, example::log());
  EXPECT_EQ(read->made.taken, example::made().taken);
  EXPECT_EQ(read->made.version, "0.1.0");
  EXPECT_EQ(read->made.secret, Secret({7}));
  EXPECT_FALSE(read->cluster.is_zero());
}

TEST(Backup, ThatWasCutAnywhereIsDamaged) {
  const Bytes whole = example_bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(refusal_of(whole.substr(0, size)).code, Errc::corrupt) << size;
  }
  EXPECT_THAT(refusal_of(whole + "x").text, HasSubstr("there is more behind its end"));
}

TEST(Backup, WithAnyBitTurnedIsRefused) {
  const Bytes whole = example_bytes();
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    Bytes damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(parse_backup(damaged)) << "bit " << bit;
  }
}

TEST(Backup, OfANewerVersionIsRefusedAsSuch) {
  Bytes newer = example_bytes();
  newer[8] = 9;
  EXPECT_EQ(refusal_of(newer).code, Errc::unsupported);
  std::vector<Bytes> entries = example::log();
  entries.emplace_back("\xfa\x01\x00", 3);  // a kind of entry that nobody knows yet
  EXPECT_EQ(make_backup(example::made(), entries).error().code, Errc::unsupported);
}

TEST(Backup, IsNotAStateLogNorOneOfANodeWithoutACluster) {
  Bytes log = log_header(1);
  append_record(log, 1, 1, example::log().front());
  EXPECT_EQ(refusal_of(log).text, "it is the state log of a node and no backup");
  EXPECT_EQ(refusal_of("hello").text, "byte 0: it does not begin as a state log does");
  EXPECT_EQ(make_backup(example::made(), {example::log().front()}).error().code, Errc::unavailable);
}

class RestoreTest : public testing::Test {
 protected:
  std::string files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir.path()))
      names.insert(entry.path().filename());
    names.erase("lock");
    std::string out;
    for (const auto& name : names) out += name + " ";
    return out;
  }

  TestDir dir;
  StateDir directory = StateDir::open(dir.path()).value();
};

TEST_F(RestoreTest, MakesWhatWasBackedUp) {
  ASSERT_TRUE(restore(directory, example_backup(Secret({7}))));
  EXPECT_EQ(files(), "identity secret state.log ");
  for (const char* name : {"identity", "secret", "state.log"}) {
    struct stat info {};
    ASSERT_EQ(::stat((dir / name).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << name;
  }
  EXPECT_EQ(load_identity(directory).value(), example::node.seed);
  EXPECT_EQ(load_secret(dir / "secret").value(), Secret({7}));
  Recovered recovered;
  ASSERT_TRUE(Store::open(directory, recovered));
  auto entries = example::log();
  entries.push_back(wire::encode_entry(wire::RestoredEntry{}));
  EXPECT_EQ(recovered.entries, entries);
}

TEST_F(RestoreTest, IsBackedUpAgainAsItWas) {
  ASSERT_TRUE(restore(directory, example_backup(Secret({7}))));
  const auto again = back_up(directory, {}, "0.2.0");
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(again->node, example::node.node_id());
  EXPECT_EQ(again->made.secret, Secret({7}));
  EXPECT_EQ(again->entries.size(), example::log().size() + 1);
}

TEST_F(RestoreTest, TakesThePlaceOfNothing) {
  for (const char* name : {"identity", "state.log", "secret"}) {
    spill(dir / name, "somebody's");
    const Status refused = restore(directory, example_backup());
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, Errc::exists);
    EXPECT_EQ(refused.error().text, dir.path().string() + ": holds the state of a node already (" + name +
                                        "), which is left as it is; if nobody wants it, move it away first");
    EXPECT_EQ(files(), std::string(name) + " ");
    EXPECT_EQ(slurp(dir / name), "somebody's");
    std::filesystem::remove(dir / name);
  }
}

TEST_F(RestoreTest, GoesOnWithTheSameSecret) {
  ASSERT_TRUE(create_guarded(dir / "secret", Secret({7}).text() + "\n"));
  EXPECT_TRUE(restore(directory, example_backup(Secret({7}))));
  EXPECT_EQ(files(), "identity secret state.log ");
}

TEST_F(RestoreTest, LeavesNothingBehindWhenItFails) {
  std::filesystem::create_directory(dir / "identity.new");  // where the identity is written first
  spill(dir / "identity.new" / "in the way", "");
  EXPECT_FALSE(restore(directory, example_backup(Secret({7}))));
  EXPECT_EQ(files(), "identity.new ");
}

TEST_F(RestoreTest, NeedsAStateToBackUp) {
  const auto nothing = back_up(directory, {}, "");
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().text,
            (dir / "identity").string() + ": cannot be opened: no such file or directory");
}

}  // namespace
}  // namespace overlay::store
