// SPDX-License-Identifier: Apache-2.0
// Goal: what is encoded reads back the same, what is forged or out of bounds is refused, and a relay keeps
// what it does not understand.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "overlay/wire/convert.h"
#include "overlay/wire/log_entry.h"
#include "overlay/wire/message.h"

namespace overlay::wire {
namespace {

const KeyPair author = KeyPair::from_seed(SecretSeed{{1}});
const KeyPair other = KeyPair::from_seed(SecretSeed{{2}});
const ClusterId cluster{{9}};

consensus::Genesis some_genesis() {
  consensus::Genesis genesis;
  genesis.pools = {Prefix::parse("10.32.0.0/12").value(), Prefix::parse("fd00::/48").value()};
  genesis.voters = {author.public_key};
  genesis.nonce = Nonce{{3}};
  return genesis;
}

NodeInfo some_node() {
  NodeInfo out{"h1", "z1",   "0.1.0", {Endpoint{Ip::v4(1), 6783}}, {Ip::v4(1)}, vtep_mac(author.node_id()),
               5,    "uid-1"};
  out.wireguard = {WireguardKey{{6}}, 51820, {7, 8}};
  return out;
}

ipam::BlockRecord some_block() {
  return {Prefix::parse("10.32.1.0/24").value(),
          {0, 4},
          2,
          ipam::BlockState::owned,
          other.node_id(),
          RequestId{{8}}};
}

TEST(Record, OfEveryKindOpensAsItWasSealed) {
  const RecordBody bodies[] = {some_genesis(), some_node(), LinkSet{{1, 2}}, some_block()};
  for (const RecordBody& body : bodies) {
    const Record sealed = seal(body, {7, 8}, author, cluster);
    const auto opened = open(sealed.envelope, cluster);
    ASSERT_TRUE(opened) << opened.error().text;
    EXPECT_EQ(opened->body, body);
    EXPECT_EQ(opened->key, sealed.key);
    EXPECT_EQ(opened->version, sealed.version);
    EXPECT_EQ(opened->content, sealed.content);
    EXPECT_EQ(opened->author, author.public_key);
  }
}

TEST(Record, VersionOfABlockIsItsEpoch) {
  EXPECT_EQ(seal(some_block(), {7, 8}, author, cluster).version, (RecordVersion{0, 4}));
}

TEST(Record, OfAnotherClusterDoesNotVerify) {
  const Record sealed = seal(some_node(), {1, 1}, author, cluster);
  EXPECT_EQ(open(sealed.envelope, ClusterId{{4}}).error().text, "a record whose signature does not verify");
}

TEST(Record, GenesisOpensWithoutACluster) {
  const Record genesis = seal(some_genesis(), {}, author, ClusterId{});
  EXPECT_TRUE(open(genesis.envelope, ClusterId{{4}}));
  consensus::Genesis changed = some_genesis();
  changed.nonce = Nonce{{4}};
  EXPECT_NE(cluster_of(genesis), cluster_of(seal(changed, {}, author, ClusterId{})));
}

TEST(Record, GenesisMustBeSignedByAFounder) {
  const Record genesis = seal(some_genesis(), {}, other, ClusterId{});
  EXPECT_EQ(open(genesis.envelope, cluster).error().text, "a genesis that none of its voters signed");
}

RC_GTEST_PROP(Record, WithAnyBitChangedNeverOpensAsAnotherStatement, ()) {
  const Record sealed = seal(some_node(), {1, 1}, author, cluster);
  Bytes bent = sealed.envelope;
  const auto at = *rc::gen::inRange<std::size_t>(0, bent.size());
  bent[at] = static_cast<char>(bent[at] ^ (1 << *rc::gen::inRange(0, 8)));
  const auto opened = open(bent, cluster);
  // Protobuf may ignore a bent unknown field; what is signed must be what was said.
  if (opened) RC_ASSERT(opened->body == sealed.body && opened->version == sealed.version);
}

TEST(Record, KeepsFieldsOfNewerVersionsWhenPassedOn) {
  v1::Envelope envelope;
  Bytes body = encode_body(some_node());
  body += Bytes("\xfa\x01\x03new", 6);  // field 31, three bytes
  const Record sealed = seal(some_node(), {1, 1}, author, cluster);
  ASSERT_TRUE(envelope.ParseFromString(sealed.envelope));
  Bytes signed_part = "overlay record v1" + cluster.str();
  append_be(signed_part, std::uint32_t{2});
  append_be(signed_part, std::uint64_t{1});
  append_be(signed_part, std::uint64_t{1});
  envelope.set_body(body);
  envelope.set_signature(author.sign(signed_part + body).str());
  const auto opened = open(envelope.SerializeAsString(), cluster);
  ASSERT_TRUE(opened) << opened.error().text;
  EXPECT_NE(opened->envelope.find("new"), Bytes::npos);
}

template <class T>
T round_trip(const T& message) {
  return std::get<T>(decode(encode(message)).value());
}

TEST(Message, OfEveryKindReadsBack) {
  Hello hello;
  hello.cluster = cluster;
  hello.public_key = author.public_key;
  hello.incarnation = 3;
  hello.nonce = Nonce{{6}};
  hello.name = "h1";
  hello.pools = {Prefix::parse("10.32.0.0/12").value()};
  EXPECT_EQ(round_trip(hello).cluster, cluster);
  EXPECT_EQ(round_trip(hello).pools, hello.pools);
  EXPECT_EQ(round_trip(Proof{author.sign("x")}).signature, author.sign("x"));
  EXPECT_EQ(round_trip(Refusal{"no"}).text, "no");
  EXPECT_EQ(round_trip(Ping{4}).stamp, 4U);
  EXPECT_EQ(round_trip(Pong{4}).stamp, 4U);
  EXPECT_EQ(round_trip(Records{{"a", "b"}}).envelopes, (std::vector<Bytes>{"a", "b"}));
  EXPECT_EQ(round_trip(Digest256{std::vector<std::uint64_t>(256, 7)}).buckets[255], 7U);
  EXPECT_EQ(round_trip(Root{7, 8}).count, 8U);
  EXPECT_EQ(round_trip(DigestEntries{{1, 255}, {{5, {1, 2}, 3}}, true}).entries[0].content, 3U);
  EXPECT_EQ(round_trip(Announce{{{5, {1, 2}, 3}}}).entries[0].version, (RecordVersion{1, 2}));
  EXPECT_EQ(round_trip(Want{{5}, true}).keys, (std::vector<KeyHash>{5}));
  EXPECT_TRUE(round_trip(Want{{5}, true}).graft);
  round_trip(Prune{});
  round_trip(Compared{});
  EXPECT_TRUE(round_trip(Need{true}).needed);
  EXPECT_EQ(round_trip(Busy{{{Ip::v4(9), 6783}}}).contacts[0].port, 6783);
  EXPECT_EQ(round_trip(Founding{{}, "proposal", {}}).proposal, "proposal");
  EXPECT_EQ(round_trip(Routed{NodeId{{1}}, 9, {NodeId{{2}}}, false, "said"}).statement, "said");
}

TEST(Message, OutOfBoundsIsRefusedWithAReason) {
  EXPECT_EQ(decode("\xff\xff").error().text, "a frame that is not of this protocol");
  EXPECT_EQ(decode(encode(Digest256{{1, 2}})).error().text, "a digest of 2 buckets");
  EXPECT_EQ(decode(encode(Refusal{std::string(2000, 'x')})).error().text,
            "a refusal of 2000 bytes, over 1024");
  EXPECT_EQ(decode(encode(Refusal{"\x1b[2J"})).error().text, "a refusal with control characters");
  EXPECT_EQ(decode(encode(Records{std::vector<Bytes>(1025)})).error().text, "1025 records, over 1024");
  EXPECT_EQ(decode(encode(Routed{{}, 33, {}, false, ""})).error().text, "33 hops, over 32");
}

TEST(Message, OfANewerVersionIsUnknownNotWrong) {
  EXPECT_TRUE(std::holds_alternative<Unknown>(decode(Bytes("\xfa\x01\x00", 3)).value()));
  EXPECT_TRUE(std::holds_alternative<Unknown>(decode("").value()));
}

RC_GTEST_PROP(Message, ArbitraryBytesNeverThrow, (const std::string& bytes)) {
  const auto message = decode(bytes);
  if (message) RC_ASSERT(decode(encode(*message)).has_value());
}

TEST(LogEntry, OfEveryKindReadsBack) {
  const auto trip = [](const LogEntry& entry) { return decode_entry(encode_entry(entry)).value(); };
  EXPECT_EQ(std::get<IncarnationEntry>(trip(IncarnationEntry{4})).incarnation, 4U);
  EXPECT_EQ(std::get<RecordEntry>(trip(RecordEntry{"bytes"})).envelope, "bytes");
  const ipam::Lease lease{{"net", "c1", "eth0"},
                          {Ip::v4(7), Ip::parse("fd00::7").value()},
                          WallTime(std::chrono::milliseconds(5)),
                          pod_mac(Ip::v4(9)),
                          false};
  EXPECT_EQ(std::get<LeaseEntry>(trip(LeaseEntry{lease})).lease, lease);
  const Time at{std::chrono::hours(7)};
  EXPECT_EQ(std::get<ReleaseEntry>(trip(ReleaseEntry{lease.key, at})).key, lease.key);
  EXPECT_EQ(std::get<ReleaseEntry>(trip(ReleaseEntry{lease.key, at})).at, at);
  EXPECT_EQ(std::get<CoolingEntry>(trip(CoolingEntry{Ip::v4(7), at})).address, Ip::v4(7));
  EXPECT_EQ(std::get<CoolingEntry>(trip(CoolingEntry{Ip::v4(7), at})).since, at);
  EXPECT_EQ(std::get<RequestEntry>(trip(RequestEntry{RequestId{{1}}, Family::v6, NodeId{{2}}})).family,
            Family::v6);
  EXPECT_EQ(std::get<PeerIndexEntry>(trip(PeerIndexEntry{NodeId{{1}}, 12})).index, 12U);
  EXPECT_TRUE(std::holds_alternative<RestoredEntry>(trip(RestoredEntry{})));
}

TEST(LogEntry, OfABackupReadsBack) {
  const BackupEntry made{WallTime(std::chrono::milliseconds(5)), "0.1", SecretSeed{{3}}, Secret({7})};
  const auto back = std::get<BackupEntry>(decode_entry(encode_entry(made)).value());
  EXPECT_EQ(back.taken, made.taken);
  EXPECT_EQ(back.version, made.version);
  EXPECT_EQ(back.seed, made.seed);
  EXPECT_EQ(back.secret, made.secret);
}

TEST(LogEntry, TellsCorruptFromNewer) {
  EXPECT_EQ(decode_entry("\xff").error().code, Errc::corrupt);
  EXPECT_EQ(decode_entry(Bytes("\xfa\x01\x00", 3)).error().code, Errc::unsupported);
  EXPECT_EQ(decode_entry(Bytes("\x32\x03\x0a\x01x", 5)).error().text, "node id has 1 bytes, not 16");
}

}  // namespace
}  // namespace overlay::wire
