// SPDX-License-Identifier: Apache-2.0
// Goal: an upgraded overlayd goes on with what an older one left on disk.
// Method: each directory here is the state of a host as the version it is named after wrote it, killed in the
// middle of its work. It is never made anew: a version that cannot read one has to be changed, not the state.
#include <gmock/gmock.h>

#include "overlay/node/node.h"
#include "overlay/store/identity.h"
#include "overlay/store/store.h"
#include "overlay/store/test_dir.h"

namespace overlay {
namespace {

using testing::ElementsAre;

/// One start of today's overlayd on a state directory.
struct Life {
  explicit Life(const std::filesystem::path& path)
      : directory(store::StateDir::open(path).value()), store(open()) {
    node::Config config;
    config.name = "h1";
    config.bootstrap = true;
    const auto identity = store::load_or_create_identity(directory).value();
    created = identity.created;
    node = node::Node::start(config, identity.key, recovered.entries, Rng(1), Time()).value();
    std::vector<Bytes> entries;
    for (auto& persist : node->take_output().persist) entries.push_back(std::move(persist.entry));
    EXPECT_TRUE(store.append(entries));
    store.sync();
  }
  store::Store open() { return store::Store::open(directory, recovered).value(); }

  store::StateDir directory;
  store::Recovered recovered;
  store::Store store;
  std::unique_ptr<node::Node> node;
  bool created = false;
};

/// h1 founded a cluster that h2 joined; each owns a block, and of two containers on h1 one is gone again.
void expect_state_of_0_1(const Life& life) {
  EXPECT_FALSE(life.created) << "the identity was not recognised";
  EXPECT_EQ(life.recovered.warning, "");
  const node::View view = life.node->view(Time());
  EXPECT_EQ(view.id.hex(), "dedc173639669c4de761d9f45a8d2913");
  ASSERT_TRUE(view.cluster);
  EXPECT_EQ(view.cluster->hex(), "37f419fa7f8d7ea07c519d3962f5cb75");
  EXPECT_EQ(view.vni, 6897587U);
  EXPECT_THAT(view.voters, ElementsAre("h1"));
  ASSERT_EQ(view.peers.size(), 2U);
  EXPECT_THAT(view.peers[0].blocks, ElementsAre(Prefix::parse("10.32.0.0/24").value()));
  EXPECT_THAT(view.peers[1].blocks, ElementsAre(Prefix::parse("10.32.1.0/24").value()));
  ASSERT_EQ(view.leases.size(), 1U);
  EXPECT_EQ(view.leases[0].key.container, "teeth-pod-web");
  EXPECT_THAT(view.leases[0].addresses, ElementsAre(Ip::parse("10.32.0.1").value()));
}

TEST(Upgrade, GoesOnFromTheStateOf0_1) {
  const store::TestDir copy;
  for (const auto* name : {"identity", "state.log"}) {
    store::spill(copy / name, store::slurp(std::filesystem::path(OVERLAY_STATES) / "v0.1" / name));
    std::filesystem::permissions(copy / name,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  expect_state_of_0_1(Life(copy.path()));
  {
    Life second(copy.path());
    expect_state_of_0_1(second);
    ASSERT_TRUE(second.store.compact(second.node->snapshot()));
  }
  expect_state_of_0_1(Life(copy.path()));
}

}  // namespace
}  // namespace overlay
