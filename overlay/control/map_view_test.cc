// SPDX-License-Identifier: Apache-2.0
// A small cluster as a map: who is linked with whom, and the text of it, in pieces.
#include "overlay/control/map_view.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <iostream>

#include "overlay/control/json.h"

namespace overlay::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

NodeId node(std::uint8_t last) {
  NodeId out;
  out.bytes.back() = last;
  return out;
}

/// Nodes 1 to `count`.
node::View view_of(int count) {
  node::View out;
  out.id = node(1);
  for (int i = 1; i <= count; ++i) {
    node::PeerView& peer = out.peers.emplace_back();
    peer.id.bytes.back() = static_cast<std::uint8_t>(i);
    peer.id.bytes.front() = static_cast<std::uint8_t>(i >> 8);
    peer.name = "h" + std::to_string(i);
    peer.self = i == 1;
    node::BlockView& block = out.blocks.emplace_back();
    block.record.prefix = Prefix::parse("10.32.0.0/24").value();
    block.record.owner = peer.id;
    block.owner_name = peer.name;
  }
  return out;
}

std::string text_of(const v1::Map& map, int& steps) {
  MapText text(map);
  for (steps = 0; text.step(); ++steps) {
  }
  return text.take();
}

TEST(Map, NamesLinkedPeersByTheirPlaces) {
  const auto map = to_map(view_of(3), {{node(3), {node(2), node(1)}}, {node(1), {node(3)}}}, {}, {});
  ASSERT_EQ(map.linked_size(), 3);
  EXPECT_THAT(map.linked(0).to(), ElementsAre(2));
  EXPECT_THAT(map.linked(1).to(), IsEmpty());
  EXPECT_THAT(map.linked(2).to(), ElementsAre(0, 1));
}

TEST(Map, LeavesOutLinksOfWhoIsNoPeer) {
  const auto map = to_map(view_of(2), {{node(9), {node(1)}}, {node(2), {node(9), node(1)}}}, {}, {});
  ASSERT_EQ(map.linked_size(), 2);
  EXPECT_THAT(map.linked(0).to(), IsEmpty());
  EXPECT_THAT(map.linked(1).to(), ElementsAre(0));
}

TEST(Map, HasTheSameTextInPiecesAsInOne) {
  for (const int peers : {0, 1, 63, 64, 65, 300}) {
    const auto map = to_map(view_of(peers), {}, {}, {});
    int steps = 0;
    EXPECT_EQ(text_of(map, steps), to_json(map)) << peers << " peers";
  }
}

TEST(Map, IsWrittenInMorePiecesTheMorePeersThereAre) {
  int few = 0;
  int many = 0;
  text_of(to_map(view_of(3), {}, {}, {}), few);
  text_of(to_map(view_of(300), {}, {}, {}), many);
  EXPECT_EQ(few, 6);             // one a field
  EXPECT_EQ(many, few + 3 * 4);  // peers, linked and blocks in five pieces each
}

/// Milliseconds.
template <class Body>
double time_of(Body body) {
  const auto begun = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
}

/// What an event loop stands still for, printed: the making, and the longest piece.
TEST(Map, OfAThousandPeersIsWrittenInShortPieces) {
  const auto view = view_of(1000);
  std::vector<node::LinkedView> linked;
  for (std::size_t i = 0; i < 1000; ++i) {
    node::LinkedView& added = linked.emplace_back();
    added.node = view.peers[i].id;
    for (std::size_t step = 1; step <= 4; ++step) {
      added.peers.push_back(view.peers[(i + step) % 1000].id);
      added.peers.push_back(view.peers[(i + 1000 - step) % 1000].id);
    }
  }
  v1::Map map;
  const double making = time_of([&] { map = to_map(view, linked, {}, {}); });
  MapText text(std::move(map));
  int pieces = 0;
  double longest = 0;
  double all = 0;
  for (bool more = true; more; ++pieces) {
    const double piece = time_of([&] { more = text.step(); });
    longest = std::max(longest, piece);
    all += piece;
  }
  EXPECT_GT(pieces, 3 * 1000 / 64);
  std::cout << "map: " << making << " ms to make, " << all << " ms to write in " << pieces
            << " pieces, the longest " << longest << " ms; " << text.take().size() << " bytes\n";
}

}  // namespace
}  // namespace overlay::control
