// SPDX-License-Identifier: Apache-2.0
// Goal: a statement is heard as it was said, by whom it was said to, in its cluster, and by nobody else.
#include "overlay/wire/statement.h"

#include <gtest/gtest.h>

namespace overlay::wire {
namespace {

const KeyPair speaker = KeyPair::from_seed(SecretSeed{{1}});
const NodeId hearer{{7}};
const ClusterId home{{9}};
const Prefix prefix = Prefix::parse("10.32.1.0/24").value();

template <class Body>
Body heard(const Body& body) {
  const auto statement = open_statement(sign_statement(body, hearer, speaker, home), hearer, home);
  EXPECT_TRUE(statement) << (statement ? "" : statement.error().text);
  EXPECT_EQ(statement->author, speaker.public_key);
  EXPECT_EQ(statement->from(), speaker.node_id());
  return std::get<Body>(statement->body);
}

TEST(Statement, OfEveryKindIsHeardAsItWasSaid) {
  EXPECT_EQ(heard(BlockRequest{RequestId{{5}}, Family::v6, {}}).family, Family::v6);
  const Prefix named = Prefix::parse("10.244.3.0/24").value();
  EXPECT_EQ(heard(BlockRequest{RequestId{{5}}, Family::v4, named}).named, named);
  EXPECT_EQ(heard(BlockReply{RequestId{{5}}, BlockReply::Kind::refused, "no"}).text, "no");
  EXPECT_EQ(heard(Return{"release"}).release, "release");
  EXPECT_EQ(heard(Release{prefix, {1, 2}}).prefix, prefix);
  EXPECT_EQ(heard(Release{prefix, {1, 2}}).epoch, (ipam::Epoch{1, 2}));
  EXPECT_EQ(heard(AckRequest{"envelope"}).envelope, "envelope");
  EXPECT_EQ(heard(Ack{17, "no"}).content, 17U);
  EXPECT_EQ(heard(CopyRequest{3, 4, prefix}).after, prefix);
  EXPECT_EQ(heard(CopyRequest{3, 4, std::nullopt}).after, std::nullopt);
  const auto reply = heard(CopyReply{3, 4, prefix, {"a", "b"}, true});
  EXPECT_EQ(reply.term, 3U);
  EXPECT_EQ(reply.seat, 4U);
  EXPECT_EQ(reply.after, prefix);
  EXPECT_EQ(reply.envelopes, (std::vector<Bytes>{"a", "b"}));
  EXPECT_TRUE(reply.more);
  EXPECT_EQ(heard(PathQuestion{5, {NodeId{{1}}, NodeId{{2}}}}).nodes,
            (std::vector{NodeId{{1}}, NodeId{{2}}}));
  EXPECT_EQ(heard(PathAnswer{6, {NodeId{{2}}}}).nonce, 6U);
}

TEST(Statement, AsksAboutABoundedNumberOfNodes) {
  PathQuestion question{1, std::vector<NodeId>(65)};
  const Bytes bytes = sign_statement(question, hearer, speaker, home);
  EXPECT_EQ(open_statement(bytes, hearer, home).error().code, Errc::invalid);
}

TEST(Statement, IsOnlyForTheNodeAndTheClusterItWasMadeFor) {
  const Bytes bytes = sign_statement(Ack{1, ""}, hearer, speaker, home);
  EXPECT_TRUE(open_statement(bytes, hearer, home));
  const std::string forged = "a statement whose signature does not verify";
  EXPECT_EQ(open_statement(bytes, NodeId{{8}}, home).error().text, forged);
  EXPECT_EQ(open_statement(bytes, hearer, ClusterId{{8}}).error().text, forged);
}

TEST(Statement, WithAnyByteChangedIsRefused) {
  const Bytes good = sign_statement(Ack{1, "no"}, hearer, speaker, home);
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(open_statement(bad, hearer, home)) << i;
  }
}

TEST(Statement, OutOfBoundsIsRefusedWithAReason) {
  EXPECT_EQ(open_statement("\xff", hearer, home).error().text, "a statement that does not parse");
  const Bytes shouted = sign_statement(Ack{1, std::string(2000, 'x')}, hearer, speaker, home);
  EXPECT_EQ(open_statement(shouted, hearer, home).error().text, "a refusal of 2000 bytes, over 1024");
}

}  // namespace
}  // namespace overlay::wire
