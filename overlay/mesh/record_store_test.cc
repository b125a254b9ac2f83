// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/record_store.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace overlay::mesh {
namespace {

const KeyPair author = KeyPair::from_seed(SecretSeed{{1}});

wire::Record named(std::string name, wire::RecordVersion version) {
  return wire::seal(wire::NodeInfo{std::move(name), "", "", {}, {}, {}, 0, ""}, version, author,
                    ClusterId{{1}});
}

TEST(RecordStore, KeepsTheHighestVersion) {
  RecordStore store;
  EXPECT_EQ(store.insert(named("a", {1, 1})), RecordStore::Insert::fresh);
  EXPECT_EQ(store.insert(named("a", {1, 1})), RecordStore::Insert::known);
  EXPECT_EQ(store.insert(named("b", {2, 0})), RecordStore::Insert::fresh);
  EXPECT_EQ(store.insert(named("c", {1, 9})), RecordStore::Insert::stale);
  EXPECT_EQ(store.size(), 1U);
  EXPECT_EQ(std::get<wire::NodeInfo>(store.find(wire::node_key(author.node_id()))->body).name, "b");
}

TEST(RecordStore, NeverSettlesAForkedBlock) {
  const auto block = [](std::uint8_t owner) {
    return wire::seal(ipam::BlockRecord{Prefix::parse("10.32.0.0/24").value(),
                                        {0, 1},
                                        0,
                                        ipam::BlockState::owned,
                                        NodeId{{owner}},
                                        RequestId{{owner}}},
                      {}, author, ClusterId{{1}});
  };
  RecordStore store;
  EXPECT_EQ(store.insert(block(1)), RecordStore::Insert::fresh);
  EXPECT_EQ(store.insert(block(2)), RecordStore::Insert::clash);
  EXPECT_EQ(std::get<ipam::BlockRecord>(store.find(block(1).key)->body).owner, NodeId{{1}});
}

RC_GTEST_PROP(RecordStore, DigestDependsOnTheContentAndNotOnTheOrder, ()) {
  std::vector<wire::Record> records;
  for (int i = 0; i < 6; ++i) {
    const auto version = static_cast<std::uint64_t>(*rc::gen::inRange(0, 3));
    records.push_back(named(std::string(1, static_cast<char>('a' + *rc::gen::inRange(0, 2))), {1, version}));
  }
  RecordStore forward;
  RecordStore backward;
  for (auto it = records.begin(); it != records.end(); ++it) forward.insert(*it);
  for (auto it = records.rbegin(); it != records.rend(); ++it) backward.insert(*it);
  RC_ASSERT(forward.digest() == backward.digest());
}

TEST(RecordStore, ErasingLeavesTheDigestAsBefore) {
  RecordStore store;
  const auto empty = store.digest();
  const auto record = named("a", {1, 1});
  store.insert(record);
  EXPECT_NE(store.digest(), empty);
  store.erase(record.key);
  EXPECT_EQ(store.digest(), empty);
}

}  // namespace
}  // namespace overlay::mesh
