// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/peer_book.h"

#include <gmock/gmock.h>

#include "overlay/plan/desired.h"
#include "overlay/plan/test_intents.h"
#include "overlay/plan/test_operations.h"

namespace overlay::plan {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

/// A book and the kernel it is of.
struct Programmed {
  PeerBook book;
  Objects kernel;

  explicit Programmed(const Intent& intent) : kernel(desired(intent)) { book.reset(intent); }
  /// As the kernel carries it out.
  std::optional<std::vector<Operation>> change(const std::vector<PeerChange>& changes) {
    auto out = book.change(changes, kernel);
    for (const Operation& operation : out.value_or(std::vector<Operation>())) apply(operation, kernel);
    return out;
  }
};

TEST(PeerBook, WritesOneEntryForAPeerThatMoved) {
  Programmed book(example_intent(1, 3));
  Peer moved = example_peer(2);
  moved.underlay = ip("192.0.2.9");
  EXPECT_THAT(texts(*book.change({{moved.id, moved}})),
              ElementsAre("add member 192.0.2.9 may send VXLAN", StartsWith("change fdb "),
                          "remove member 192.0.2.2 may send VXLAN"));
  EXPECT_THAT(*book.change({{moved.id, moved}}), IsEmpty());
}

TEST(PeerBook, MovesABlockFromOnePeerToAnotherByOneChange) {
  Programmed book(example_intent(1, 3));
  Peer giver = example_peer(2);
  Peer taker = example_peer(3);
  taker.blocks.insert(taker.blocks.begin(), giver.blocks.front());
  giver.blocks.erase(giver.blocks.begin());
  EXPECT_THAT(texts(*book.change({{giver.id, giver}, {taker.id, taker}})),
              ElementsAre("change route 10.32.2.0/24 nexthop 1291845635 src 10.32.1.0"));
}

TEST(PeerBook, LeavesToAFullPassWhatTwoClaim) {
  Peer greedy = example_peer(2);
  greedy.blocks = example_peer(3).blocks;
  Peer twin = example_peer(2);
  twin.underlay = example_peer(3).underlay;
  Peer thief = example_peer(2);
  thief.blocks = example_peer(1).blocks;
  for (const Peer& peer : {greedy, twin, thief}) {
    Programmed book(example_intent(1, 3));
    EXPECT_FALSE(book.change({{peer.id, peer}}));
    EXPECT_FALSE(book.change({{peer.id, example_peer(2)}})) << "and stays in doubt until that pass";
  }
}

TEST(PeerBook, KnowsNothingBeforeTheFirstPass) {
  PeerBook book;
  EXPECT_FALSE(book.change({{node_id(2), example_peer(2)}}, {}));
}

/// Of any intent and any change of some peers, the operations make the objects of the changed intent.
TEST(PeerBook, LeadsWhereAFullPassWould) {
  Rng rng(4);
  for (int round = 0; round < 300; ++round) {
    Intent intent = random_intent(rng);
    for (Peer& peer : intent.peers) peer = example_peer(peer.index);  // nobody claims what is another's
    Programmed book(intent);
    std::vector<PeerChange> changes;
    for (std::uint32_t index = 2; index < 16; ++index) {
      const auto at = std::ranges::find(intent.peers, index, &Peer::index);
      if (!rng.one_in(3)) continue;
      if (at != intent.peers.end() && rng.one_in(2)) {
        changes.push_back({at->id, std::nullopt});
        intent.peers.erase(at);
        continue;
      }
      Peer peer = example_peer(index);
      peer.underlay = peer.underlay.plus(rng.one_in(2) ? 100 : 0);
      if (rng.one_in(2)) peer.blocks.pop_back();
      changes.push_back({peer.id, peer});
      if (at != intent.peers.end()) intent.peers.erase(at);
      intent.peers.push_back(peer);
      std::ranges::sort(intent.peers, {}, &Peer::index);
    }
    ASSERT_TRUE(book.change(changes));
    EXPECT_EQ(book.kernel, desired(intent));
  }
}

}  // namespace
}  // namespace overlay::plan
