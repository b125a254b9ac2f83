// SPDX-License-Identifier: Apache-2.0
// Goal: a decree is the same value for all, whoever passes it on and whichever voters prove it; what voters
// say and remember of it reads back.
#include "overlay/wire/decree.h"

#include <gtest/gtest.h>

#include "overlay/consensus/test_decrees.h"
#include "overlay/wire/log_entry.h"
#include "overlay/wire/statement.h"

namespace overlay::wire {
namespace {

using consensus::founded;
using consensus::key;
using consensus::node;

const ClusterId of_three = founded(3).cluster();

consensus::Decree some_decree() {
  return next(founded(3), {.removed = {{node(8), "h8", node(9)}, {node(7), "h7", std::nullopt}},
                           .pools = {Prefix::parse("10.16.0.0/16").value()},
                           .assigned = {{Prefix::parse("10.32.7.0/24").value(), node(2)}},
                           .feature_level = 3});
}

/// The record of a decree that `accepted` have accepted.
DecreeRecord proved(const consensus::Decree& decree, std::initializer_list<std::uint8_t> accepted) {
  DecreeRecord out{encode_value(decree), decree, {{1, key(*accepted.begin()).public_key}, {}}};
  out.decree.hash = consensus::hash_of_value(out.value);
  for (const auto by : accepted) {
    const auto statement =
        consensus::accept_statement(of_three, decree.index, out.proof.ballot, out.decree.hash);
    out.proof.accepted.push_back({key(by).public_key, key(by).sign(statement)});
  }
  return out;
}

TEST(DecreeRecord, OpensAsItWasSealedAndExtendsTheChain) {
  const DecreeRecord said = proved(some_decree(), {1, 2});
  const auto opened = open(seal(said, {}, key(5), of_three).envelope, of_three);
  ASSERT_TRUE(opened) << opened.error().text;
  EXPECT_EQ(opened->key, decree_key(1));
  EXPECT_EQ(opened->version, (RecordVersion{0, 1}));
  const auto& heard = std::get<DecreeRecord>(opened->body);
  EXPECT_EQ(heard, said);
  EXPECT_TRUE(founded(3).check(heard.decree, heard.proof));
}

TEST(DecreeRecord, IsOneContentWhoeverProvesAndSendsIt) {
  const auto content = [](std::initializer_list<std::uint8_t> accepted, std::uint8_t author) {
    return seal(proved(some_decree(), accepted), {}, key(author), of_three).content;
  };
  EXPECT_EQ(content({1, 2}, 1), content({3, 2}, 3));
  consensus::Decree other = some_decree();
  other.change.removed.pop_back();
  EXPECT_NE(content({1, 2}, 1), seal(proved(other, {1, 2}), {}, key(1), of_three).content);
}

TEST(DecreeRecord, KeepsFieldsOfNewerVersionsUnderItsProof) {
  DecreeRecord newer = proved(some_decree(), {1});
  newer.value += Bytes("\xfa\x01\x03new", 6);  // field 31, three bytes
  const auto hash = consensus::hash_of_value(newer.value);
  const auto opened = open(seal(newer, {}, key(1), of_three).envelope, of_three);
  ASSERT_TRUE(opened) << opened.error().text;
  EXPECT_EQ(std::get<DecreeRecord>(opened->body).decree.hash, hash);
  EXPECT_EQ(std::get<DecreeRecord>(opened->body).value, newer.value);
}

TEST(DecreeRecord, OutOfBoundsIsRefusedWithAReason) {
  const auto refused = [](const DecreeRecord& record) {
    return open(seal(record, {}, key(1), of_three).envelope, of_three).error().text;
  };
  DecreeRecord record = proved(some_decree(), {1});
  record.decree.index = 2;
  EXPECT_EQ(refused(record), "decree 1 under the number 2");
  record = proved(some_decree(), {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(refused(record), "6 voters' signatures, over 5");
  record = proved(some_decree(), {1});
  record.value.resize(100'000);
  EXPECT_EQ(refused(record), "a decree of 100000 bytes, over 98304");
  consensus::Decree crowded = some_decree();
  crowded.change.pools.assign(65, Prefix());
  EXPECT_EQ(refused(proved(crowded, {1})), "65 pools, over 64");
  record = proved(some_decree(), {1});
  record.proof.ballot.round = max_round;
  EXPECT_EQ(refused(record), "a ballot of round 281474976710656");
}

template <class Body>
Body said(const Body& body) {
  const auto statement = open_statement(sign_statement(body, node(1), key(2), of_three), node(1), of_three);
  EXPECT_TRUE(statement) << (statement ? "" : statement.error().text);
  return std::get<Body>(statement->body);
}

const consensus::Ballot ballot{4, key(3).public_key};
const consensus::Acceptance acceptance{{2, key(1).public_key}, "value"};

TEST(PaxosMessage, OfEveryKindIsHeardAsItWasSaid) {
  EXPECT_EQ(said(consensus::Prepare{5, ballot, "value"}).value, "value");
  EXPECT_EQ(said(consensus::Prepare{5, ballot, "value"}).ballot, ballot);
  EXPECT_EQ(said(consensus::Promise{5, ballot, acceptance}).accepted, acceptance);
  EXPECT_EQ(said(consensus::Promise{5, ballot, std::nullopt}).accepted, std::nullopt);
  EXPECT_EQ(said(consensus::Accept{5, ballot, "value"}).index, 5U);
  const auto signature = key(1).sign("x");
  EXPECT_EQ(said(consensus::Accepted{5, ballot, Digest{{6}}, signature}).hash, Digest{{6}});
  EXPECT_EQ(said(consensus::Accepted{5, ballot, Digest{{6}}, signature}).signature, signature);
  EXPECT_EQ(said(consensus::Nack{5, ballot, acceptance.ballot, "no"}).promised, acceptance.ballot);
  EXPECT_EQ(said(consensus::Nack{5, ballot, acceptance.ballot, "no"}).objection, "no");
  const Wish wish{RequestId{{5}}, some_decree().change};
  EXPECT_EQ(said(wish).change, wish.change);
  EXPECT_EQ(said(WishReply{RequestId{{5}}, "no"}).refusal, "no");
}

TEST(VoteEntry, ReadsBack) {
  for (const auto& accepted : {std::optional(acceptance), std::optional<consensus::Acceptance>()}) {
    const consensus::Vote vote{5, ballot, accepted};
    EXPECT_EQ(std::get<VoteEntry>(decode_entry(encode_entry(VoteEntry{vote})).value()).vote, vote);
  }
}

}  // namespace
}  // namespace overlay::wire
