// SPDX-License-Identifier: Apache-2.0
// Goal: what is different in a mesh too large for everybody to be linked with everybody, and how little is
// said.
#include <gtest/gtest.h>

#include "overlay/mesh/test_net.h"

namespace overlay::mesh {
namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t many = 32;

class LargeMesh : public testing::Test {
 protected:
  LargeMesh() {
    for (std::uint8_t number = 1; number <= many; ++number) {
      net.add(number, number == 1 ? std::vector<std::uint8_t>() : std::vector<std::uint8_t>{1});
    }
    net.found(1);
    net.run(60s);
  }
  std::size_t reachable(std::uint8_t number) { return net.host(number).mesh.reachable_count(); }
  std::size_t links(std::uint8_t number) { return net.host(number).mesh.sessions().linked_count(); }
  const Self& self(std::uint8_t number) { return net.host(number).mesh.self(); }
  void say_something_new(std::uint8_t number) {
    wire::NodeInfo info = *net.host(number).mesh.info(self(number).id);
    info.version += "+";
    net.host(number).mesh.describe(info, net.now);
  }
  std::size_t holders(std::uint8_t of) {
    const auto key = wire::node_key(self(of).id);
    const auto* newest = net.host(of).mesh.records().find(key);
    std::size_t out = 0;
    for (std::uint8_t number = 1; number <= many; ++number) {
      const auto* held = net.host(number).mesh.records().find(key);
      out += held != nullptr && held->content == newest->content ? 1 : 0;
    }
    return out;
  }

  Net net;
};

TEST_F(LargeMesh, KeepsFewLinksAndAllSeeAll) {
  for (std::uint8_t number = 1; number <= many; ++number) {
    EXPECT_EQ(reachable(number), many - 1U) << int{number};
    EXPECT_GE(links(number), enough_links - 1) << int{number};
    EXPECT_LE(links(number), full_mesh_nodes + 2) << int{number};
  }
}

TEST_F(LargeMesh, BringsNewsToEachHardlyTwiceWhenTheTreeHasGrown) {
  for (int i = 0; i < 10; ++i) {
    say_something_new(7);
    net.run(1s);
  }
  const auto before = net.traffic.records;
  for (int i = 0; i < 10; ++i) {
    say_something_new(7);
    net.run(1s);
    EXPECT_EQ(holders(7), many);
  }
  EXPECT_LE(net.traffic.records - before, 10 * many * 3U / 2) << "all but one have to be told, ten times";
}

TEST_F(LargeMesh, MendsTheTreeWhereItIsBroken) {
  for (int i = 0; i < 10; ++i) {
    say_something_new(7);
    net.run(1s);
  }
  net.host(20).cut = true;  // whatever hung on it gets nothing from now on
  say_something_new(7);
  net.run(2s);
  EXPECT_EQ(holders(7), many - 1U);
}

TEST_F(LargeMesh, IsQuietWhenNothingHappens) {
  const auto bytes = net.traffic.bytes;
  const auto digests = net.frames<wire::Digest256>();
  net.run(100s);
  EXPECT_EQ(net.frames<wire::Digest256>(), digests) << "equal roots say it all";
  EXPECT_LE((net.traffic.bytes - bytes) / 100 / many, 100U) << "bytes a second each";
}

TEST_F(LargeMesh, ShowsASilentNodeAsUnreachableEverywhereWithinFiveSeconds) {
  net.host(30).cut = true;
  net.run(5s);
  for (std::uint8_t number = 1; number <= many; ++number) {
    EXPECT_FALSE(net.host(number).mesh.reaches(self(30).id)) << int{number};
  }
  net.host(30).cut = false;
  net.run(15s);
  for (std::uint8_t number = 1; number <= many; ++number) EXPECT_EQ(reachable(number), many - 1U);
}

TEST_F(LargeMesh, ThatWasSplitIntoHalvesIsOneAgain) {
  for (std::uint8_t number = 1; number <= many / 2; ++number) net.host(number).side = 1;
  net.run(30s);
  say_something_new(7);
  for (std::uint8_t number = 1; number <= many; ++number) EXPECT_EQ(reachable(number), many / 2 - 1U);
  for (std::uint8_t number = 1; number <= many; ++number) net.host(number).side = 0;
  net.run(20s);
  for (std::uint8_t number = 1; number <= many; ++number) EXPECT_EQ(reachable(number), many - 1U);
  EXPECT_EQ(holders(7), many);
}

/// An envelope by hand, with a field in its body that this version does not know.
Bytes of_a_newer_version(const KeyPair& author, const ClusterId& cluster) {
  const auto field = [](char tag, const Bytes& value) {
    return Bytes{tag, static_cast<char>(value.size())} + value;
  };
  const auto fixed = [](char tag, char value) { return Bytes{tag, value, 0, 0, 0, 0, 0, 0, 0}; };
  const Bytes body = field(0x0a, "new") + field(0x32, "sixmac") + Bytes("\xfa\x01\x05other", 8);
  Bytes signed_part = "overlay record v1" + cluster.str();
  append_be(signed_part, std::uint32_t{2});
  append_be(signed_part, std::uint64_t{1});
  append_be(signed_part, std::uint64_t{1});
  return Bytes{0x08, 2} + field(0x12, author.public_key.str()) + fixed(0x19, 1) + fixed(0x21, 1) +
         field(0x2a, body) + field(0x32, author.sign(signed_part + body).str());
}

TEST_F(LargeMesh, CarriesFieldsOfANewerVersionThroughOlderRelays) {
  const KeyPair newer = KeyPair::from_seed(SecretSeed{{99}});
  const Bytes envelope = of_a_newer_version(newer, self(1).cluster);
  ASSERT_TRUE(wire::open(envelope, self(1).cluster));
  Mesh& entry = net.host(1).mesh;
  entry.received(entry.sessions().all().begin()->first, wire::encode(wire::Records{{envelope}}), net.now);
  net.run(2s);
  for (std::uint8_t number = 1; number <= many; ++number) {
    const auto* held = net.host(number).mesh.records().find(wire::node_key(newer.node_id()));
    ASSERT_NE(held, nullptr) << int{number};
    EXPECT_EQ(held->envelope, envelope) << "byte by byte";
  }
}

}  // namespace
}  // namespace overlay::mesh
