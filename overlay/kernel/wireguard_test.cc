// SPDX-License-Identifier: Apache-2.0
// What is said to WireGuard and what it says, in both of its languages; and one device of each kind, where
// this host can make it.
#include "overlay/kernel/wireguard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/wireguard.h>

#include "overlay/kernel/uapi.h"
#include "overlay/kernel/wireguard_netlink.h"

namespace overlay::kernel {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Prefix prefix(const char* text) { return Prefix::parse(text).value(); }

plan::WireguardPeer a_peer() {
  return {.public_key = WireguardKey{{1, 2}},
          .preshared = WireguardKey{{3, 4}},
          .endpoint = Endpoint::parse("192.0.2.2:51820").value(),
          .allowed = {prefix("10.32.1.0/24"), prefix("fd32:0:0:1::/64")},
          .keepalive = 25};
}

plan::WireguardUpdate all_of(const plan::WireguardPeer& peer) {
  return {.public_key = peer.public_key,
          .preshared = peer.preshared,
          .endpoint = peer.endpoint,
          .keepalive = peer.keepalive,
          .replace_allowed = true,
          .allowed = peer.allowed};
}

// ---- wireguard-go ----

TEST(Uapi, SaysWhatDiffersAndNoMore) {
  const plan::WireguardChange change{
      .peers = {{.public_key = WireguardKey{{0xab}}, .allowed = {prefix("10.32.2.0/24")}}}};
  const std::string key = "ab" + std::string(62, '0');
  EXPECT_EQ(uapi_set(change), "set=1\npublic_key=" + key + "\nallowed_ip=10.32.2.0/24\n\n");
}

TEST(Uapi, RemovesAPeer) {
  const plan::WireguardChange change{.peers = {{.public_key = WireguardKey{}, .remove = true}}};
  EXPECT_EQ(uapi_set(change), "set=1\npublic_key=" + std::string(64, '0') + "\nremove=true\n\n");
}

TEST(Uapi, ReadsBackADeviceWithItsPeers) {
  const std::string key(64, '1');
  const auto state = read_uapi(
      "private_key=" + key + "\nlisten_port=51820\nfwmark=0\npublic_key=" + key + "\npreshared_key=" + key +
      "\nprotocol_version=1\nendpoint=[2001:db8::2]:51820\nlast_handshake_time_sec=7\n"
      "last_handshake_time_nsec=9\ntx_bytes=1\nrx_bytes=2\npersistent_keepalive_interval=25\n"
      "allowed_ip=10.32.1.0/24\nallowed_ip=fe80::1/128\npublic_key=" +
      std::string(64, '2') + "\nerrno=0\n\n");
  ASSERT_TRUE(state) << state.error().text;
  EXPECT_EQ(state->port, 51820);
  ASSERT_EQ(state->peers.size(), 2u);
  const auto& [peer, handshake] = state->peers[0];
  EXPECT_EQ(handshake, 7);
  EXPECT_EQ(peer.endpoint.text(), "[2001:db8::2]:51820");
  EXPECT_EQ(peer.keepalive, 25);
  EXPECT_THAT(peer.allowed, ElementsAre(prefix("10.32.1.0/24"), prefix("fe80::1/128")));
}

TEST(Uapi, TellsFailuresApart) {
  EXPECT_TRUE(read_uapi_errno("errno=0\n\n"));
  EXPECT_THAT(read_uapi_errno("errno=-22\n\n").error().text, HasSubstr("EINVAL"));
  EXPECT_THAT(read_uapi_errno("errno=98\n\n").error().text, HasSubstr("EADDRINUSE"));
  EXPECT_THAT(read_uapi_errno("listen_port=1\n").error().text, HasSubstr("breaks off"));
  EXPECT_THAT(read_uapi("listen_port=99999\nerrno=0\n\n").error().text, HasSubstr("listen_port"));
}

// ---- the kernel's module ----

TEST(WireguardNetlink, SaysWhatDiffersAndNoMore) {
  const plan::WireguardUpdate update{.public_key = WireguardKey{{5}}, .allowed = {prefix("10.32.2.0/24")}};
  const auto messages = encode_wireguard_change(30, "overlay.wg", {.peers = {update}});
  ASSERT_EQ(messages.size(), 1u);
  const Reply sent(30, messages[0].view().substr(NLMSG_HDRLEN));
  EXPECT_EQ(sent.header<genlmsghdr>()->cmd, WG_CMD_SET_DEVICE);
  const Attributes attributes = sent.attributes<genlmsghdr>();
  EXPECT_EQ(attributes.string(WGDEVICE_A_IFNAME), "overlay.wg");
  EXPECT_FALSE(attributes.find(WGDEVICE_A_PRIVATE_KEY));
  const auto peers = attributes.nested(WGDEVICE_A_PEERS).all(0);
  ASSERT_EQ(peers.size(), 1u);
  EXPECT_EQ(peers[0].u32(WGPEER_A_FLAGS), 0u);
  EXPECT_FALSE(peers[0].find(WGPEER_A_PRESHARED_KEY));
  EXPECT_FALSE(peers[0].find(WGPEER_A_ENDPOINT));
}

TEST(WireguardNetlink, ReadsBackWhatItSays) {
  for (const char* endpoint : {"192.0.2.2:51820", "[2001:db8::2]:4000"}) {
    plan::WireguardPeer peer = a_peer();
    peer.endpoint = Endpoint::parse(endpoint).value();
    const auto messages = encode_wireguard_change(30, "overlay.wg", {.peers = {all_of(peer)}});
    plan::WireguardState state;
    read_wireguard(Reply(30, messages.at(0).view().substr(NLMSG_HDRLEN)), state);
    ASSERT_EQ(state.peers.size(), 1u);
    EXPECT_EQ(state.peers[0].peer, peer);
  }
}

TEST(WireguardNetlink, GoesOnInAnotherMessageAndKeepsThePeerWhole) {
  plan::WireguardPeer peer = a_peer();
  peer.allowed.clear();
  for (std::uint32_t i = 0; i < 100; ++i)
    peer.allowed.push_back(Prefix::around(Ip::v4(0x0a200000 + (i << 8)), 24));
  const auto messages = encode_wireguard_change(30, "overlay.wg", {.peers = {all_of(peer)}});
  ASSERT_GT(messages.size(), 1u);
  plan::WireguardState state;
  for (const Message& message : messages) {
    EXPECT_TRUE(message.complete());
    read_wireguard(Reply(30, message.view().substr(NLMSG_HDRLEN)), state);
  }
  ASSERT_EQ(state.peers.size(), 1u);
  EXPECT_EQ(state.peers[0].peer, peer);
  // Only the first replaces what was allowed, or each would undo the one before.
  const auto flags = [&](std::size_t i) {
    const Reply sent(30, messages[i].view().substr(NLMSG_HDRLEN));
    const auto peers = sent.attributes<genlmsghdr>().nested(WGDEVICE_A_PEERS).all(0);
    return peers.at(0).u32(WGPEER_A_FLAGS);
  };
  EXPECT_EQ(flags(0), std::uint32_t{WGPEER_F_REPLACE_ALLOWEDIPS});
  EXPECT_EQ(flags(1), std::nullopt);
}

TEST(WireguardNetlink, PassesOverWhatIsCutShort) {
  const auto messages = encode_wireguard_change(30, "overlay.wg", {.peers = {all_of(a_peer())}});
  const std::string_view whole = messages.at(0).view().substr(NLMSG_HDRLEN);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    plan::WireguardState state;
    read_wireguard(Reply(30, whole.substr(0, length)), state);
    EXPECT_LE(state.peers.size(), 1u);
  }
}

}  // namespace
}  // namespace overlay::kernel
