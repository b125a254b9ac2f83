// SPDX-License-Identifier: Apache-2.0
// Goal: who holds the secret gets a secured stream, whoever does not gets nothing but a reason, and neither
// silence nor a crowd harms anybody else.
#include "overlay/transport/guard.h"

#include <gmock/gmock.h>

#include <boost/asio/write.hpp>

#include "overlay/transport/loop_test.h"
#include "overlay/transport/test_authority.h"

namespace overlay::transport {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Secret secret(std::uint8_t seed) { return Secret({seed}); }
std::string id(std::uint8_t seed) { return secret(seed).key_id(); }

Keyring keyring(std::initializer_list<std::uint8_t> seeds) {
  std::vector<Secret> secrets;
  for (const std::uint8_t seed : seeds) secrets.push_back(secret(seed));
  return Keyring::make(secrets).value();
}

/// What became of one side.
struct Outcome {
  std::optional<Result<Guarded>> result;

  Guard::Done done() {
    return [this](Result<Guarded> it) { result.emplace(std::move(it)); };
  }
  std::string text() const {
    if (!result) return "still waits";
    return *result ? "secured" : result->error().text;
  }
};

class GuardTest : public testing::Test {
 protected:
  /// `caller` calls `called`, and both have ended their handshake.
  void meet(Guard& caller, Guard& called) {
    SocketPair pair(loop);
    near = {};
    far = {};
    caller.introduce(std::move(pair.near), "target", near.done());
    called.admit(std::move(pair.far), far.done());
    ASSERT_TRUE(loop.run_until([&] { return near.result && far.result; }))
        << near.text() << ", " << far.text();
  }

  Loop loop;
  Outcome near;  // the caller's side
  Outcome far;
};

// ---- who gets in ----

TEST_F(GuardTest, ACommonSecretGivesBothTheSameBinding) {
  Guard caller(keyring({1}));
  Guard called(keyring({1}));
  meet(caller, called);
  ASSERT_EQ(near.text(), "secured");
  ASSERT_EQ(far.text(), "secured");
  const Bytes first = (*near.result)->channel.binding;
  EXPECT_EQ(first.size(), 32U);
  EXPECT_EQ(first, (*far.result)->channel.binding);
  meet(caller, called);
  EXPECT_NE((*near.result)->channel.binding, first) << "of another connection";
}

TEST_F(GuardTest, AnotherSecretIsRefusedAndBothSidesSayWhichKeys) {
  Guard caller(keyring({1}));
  Guard called(keyring({2, 3}));
  meet(caller, called);
  EXPECT_EQ(near.text(), "the peer refuses our key (" + id(1) + "); give both the same --secret-file");
  EXPECT_EQ(far.text(), "the caller's key " + id(1) + " is none of ours (" + id(2) + ", " + id(3) +
                            "); give both the same --secret-file");
}

TEST_F(GuardTest, AKeyThatIsNotOursFirstIsAccepted) {
  Guard caller(keyring({1}));
  Guard called(keyring({2, 1}));
  meet(caller, called);
  EXPECT_EQ(near.text(), "secured");
  EXPECT_EQ(far.text(), "secured");
}

TEST_F(GuardTest, ACallerWhoseKeyIsRefusedOffersItsNextOneFromThenOn) {
  Guard caller(keyring({1, 2}));
  Guard called(keyring({2}));
  meet(caller, called);
  EXPECT_EQ(near.text(),
            "the peer refuses our key (" + id(1) + ", " + id(2) + "); give both the same --secret-file");
  meet(caller, called);
  EXPECT_EQ(near.text(), "secured");
  meet(caller, called);
  EXPECT_EQ(near.text(), "secured");
  caller.set_credentials(keyring({3, 2}));
  meet(caller, called);
  EXPECT_THAT(near.text(), HasSubstr("refuses our key")) << "new keys begin with the first";
}

TEST_F(GuardTest, NewKeysAreOfNewHandshakes) {
  Guard caller(keyring({1}));
  Guard called(keyring({2}));
  called.set_credentials(keyring({2, 1}));
  meet(caller, called);
  EXPECT_EQ(far.text(), "secured");
  called.set_credentials(keyring({2}));
  meet(caller, called);
  EXPECT_THAT(far.text(), HasSubstr(id(1) + " is none of ours"));
}

TEST_F(GuardTest, WithoutASecretAllAreLetThrough) {
  Guard caller(std::nullopt);
  Guard called(std::nullopt);
  meet(caller, called);
  ASSERT_EQ(near.text(), "secured");
  ASSERT_EQ(far.text(), "secured");
  EXPECT_THAT((*near.result)->channel.binding, IsEmpty());
  EXPECT_FALSE(caller.secured());
}

// ---- by certificates ----

const NodeId first_node{{1}};
const NodeId second_node{{2}};

TEST_F(GuardTest, CertificatesTellBothWhichNodeThePeerIs) {
  const TestAuthority authority;
  Guard caller(authority.certificates(authority.issue_to(first_node)).value());
  Guard called(authority.certificates(authority.issue_to(second_node)).value());
  meet(caller, called);
  ASSERT_EQ(near.text(), "secured");
  ASSERT_EQ(far.text(), "secured");
  EXPECT_EQ((*near.result)->channel.certified, second_node);
  EXPECT_EQ((*far.result)->channel.certified, first_node);
  EXPECT_EQ((*near.result)->channel.binding, (*far.result)->channel.binding);
  EXPECT_EQ((*near.result)->channel.binding.size(), 32U);
}

TEST_F(GuardTest, ACertificateOfAnotherAuthorityIsRefusedByBothSides) {
  const TestAuthority ours("ours");
  const TestAuthority theirs("theirs");
  Guard caller(ours.certificates(ours.issue_to(first_node)).value());
  Guard called(theirs.certificates(theirs.issue_to(second_node)).value());
  meet(caller, called);
  EXPECT_THAT(near.text(),
              HasSubstr("our --tls-ca does not vouch for the peer's certificate: unable to get local "
                        "issuer certificate; give both"));
  EXPECT_THAT(far.text(), HasSubstr("the peer refuses our certificate: tlsv1 alert unknown ca"));
}

/// In TLS 1.3 a caller has done its part before it can hear that its certificate is refused.
TEST_F(GuardTest, ACallerHearsThatItsCertificateIsRefusedOnItsSession) {
  const TestAuthority ours("ours");
  const TestAuthority theirs("theirs");
  const auto issued = ours.issue_to(first_node);
  Guard caller(
      Certificates::parse({"ca", ours.pem() + theirs.pem()}, {"crt", issued.certificate}, {"key", issued.key})
          .value());
  Guard called(theirs.certificates(theirs.issue_to(second_node)).value());
  meet(caller, called);
  ASSERT_EQ(near.text(), "secured");
  EXPECT_THAT(far.text(), HasSubstr("our --tls-ca does not vouch"));
  Recorder recorder;
  const auto session = Session::start(std::move((*near.result)->stream), 1, recorder);
  ASSERT_TRUE(loop.run_until([&] { return !recorder.closings[1].empty(); }));
  EXPECT_THAT(recorder.closings[1].back(),
              HasSubstr("the peer refuses our certificate: tlsv1 alert unknown ca"));
}

TEST_F(GuardTest, ACertificateOfNoNodeIsRefused) {
  const TestAuthority authority;
  Guard caller(authority.certificates(authority.issue({.name = "nobody"})).value());
  Guard called(authority.certificates(authority.issue_to(second_node)).value());
  meet(caller, called);
  EXPECT_EQ(far.text(),
            "the peer's certificate (CN = nobody) is of no node; have it issued with the subject "
            "alternative name URI:overlay:node:ID");
}

TEST_F(GuardTest, AKeyIsNoCertificateAndBothSidesSaySo) {
  const TestAuthority authority;
  Guard with_certificate(authority.certificates(authority.issue_to(first_node)).value());
  Guard with_key(keyring({1}));
  meet(with_certificate, with_key);
  EXPECT_THAT(near.text(), HasSubstr("the peer has no certificate: it runs with --secret-file"));
  EXPECT_THAT(far.text(), HasSubstr("the caller shows no key: it runs with --tls-cert"));
  meet(with_key, with_certificate);
  EXPECT_THAT(near.text(), HasSubstr("the peer shows a certificate and not our key"));
  EXPECT_THAT(far.text(), HasSubstr("the peer refuses our certificate: tlsv1 alert unknown ca"));
}

// ---- what travels ----

/// Carries bytes between two sockets and keeps what went by.
class Relay {
 public:
  Relay(tcp::socket left, tcp::socket right) : left_(std::move(left)), right_(std::move(right)) {
    carry(left_, right_, chunks_[0]);
    carry(right_, left_, chunks_[1]);
  }
  std::string seen;

 private:
  using Chunk = std::array<char, 65536>;
  void carry(tcp::socket& from, tcp::socket& to, Chunk& chunk) {
    from.async_read_some(asio::buffer(chunk), [&, this](const error_code& error, std::size_t size) {
      error_code ignored;
      if (error) to.shutdown(tcp::socket::shutdown_send, ignored);
      if (error) return;
      seen.append(chunk.data(), size);
      asio::write(to, asio::buffer(chunk.data(), size));
      carry(from, to, chunk);
    });
  }

  tcp::socket left_;
  tcp::socket right_;
  std::array<Chunk, 2> chunks_;
};

TEST_F(GuardTest, ASecuredSessionCarriesFramesThatNobodyElseReads) {
  Guard caller(keyring({1}));
  Guard called(keyring({1}));
  SocketPair left(loop);
  SocketPair right(loop);
  Relay relay(std::move(left.far), std::move(right.near));
  caller.introduce(std::move(left.near), "target", near.done());
  called.admit(std::move(right.far), far.done());
  ASSERT_TRUE(loop.run_until([&] { return near.result && far.result; }));
  Recorder recorder;
  const auto dialler = Session::start(std::move((*near.result)->stream), 1, recorder);
  const auto acceptor = Session::start(std::move((*far.result)->stream), 2, recorder);
  const std::string longest = "the pods of this cluster" + std::string(node::max_frame_bytes - 24, 'x');
  dialler->admit();
  acceptor->admit();
  for (int i = 0; i < 3; ++i) {
    dialler->send(longest);
    acceptor->send("an answer");
  }
  ASSERT_TRUE(
      loop.run_until([&] { return recorder.frames[1].size() == 3 && recorder.frames[2].size() == 3; }));
  EXPECT_EQ(recorder.frames[2].back(), longest);
  EXPECT_EQ(recorder.frames[1].back(), "an answer");
  EXPECT_EQ(recorder.written_bytes[1], 3 * longest.size());
  EXPECT_GT(relay.seen.size(), 3 * longest.size());
  EXPECT_THAT(relay.seen, HasSubstr(id(1))) << "the caller names its key";
  EXPECT_EQ(relay.seen.find("the pods of this cluster"), std::string::npos);
  EXPECT_EQ(relay.seen.find("xxxxxxxx"), std::string::npos);

  dialler->close();
  ASSERT_TRUE(loop.run_until([&] { return !recorder.closings[2].empty(); }));
  EXPECT_EQ(recorder.closings[2].back(), "the peer closed the connection");
  EXPECT_THAT(recorder.closings[1], IsEmpty());
}

// ---- the other kind of peer ----

TEST_F(GuardTest, ACallerWithoutTlsIsNamedByBothSides) {
  Guard called(keyring({1}));
  SocketPair pair(loop);
  Recorder recorder;
  called.admit(std::move(pair.far), far.done());
  const auto plain = Session::start(std::move(pair.near), 1, recorder);
  plain->send("a hello of some length");
  ASSERT_TRUE(loop.run_until([&] { return far.result && !recorder.closings[1].empty(); }));
  EXPECT_EQ(far.text(),
            "the peer does not speak TLS: one side runs with --insecure; give both the same --secret-file");
  EXPECT_THAT(recorder.closings[1].back(), HasSubstr("the peer speaks TLS and this host does not"));
}

TEST_F(GuardTest, AHostWithoutTlsIsNamedByBothSides) {
  Guard caller(keyring({1}));
  SocketPair pair(loop);
  Recorder recorder;
  caller.introduce(std::move(pair.near), "target", near.done());
  const auto plain = Session::start(std::move(pair.far), 1, recorder);
  plain->send("a hello of some length");
  ASSERT_TRUE(loop.run_until([&] { return near.result && !recorder.closings[1].empty(); }));
  EXPECT_EQ(near.text(),
            "the peer does not speak TLS: one side runs with --insecure; give both the same --secret-file");
  EXPECT_THAT(recorder.closings[1].back(), HasSubstr("the peer speaks TLS and this host does not"));
}

TEST_F(GuardTest, ACertificateIsNoKey) {
  asio::ssl::context context(asio::ssl::context::tls_server);
  const TestAuthority authority;
  authority.certificates(authority.issue({})).value().configure(context.native_handle());
  Guard caller(keyring({1}));
  SocketPair pair(loop);
  TlsSocket stranger(std::move(pair.far), context);
  caller.introduce(std::move(pair.near), "target", near.done());
  bool ended = false;
  stranger.async_handshake(TlsSocket::server, [&](const error_code&) { ended = true; });
  ASSERT_TRUE(loop.run_until([&] { return near.result && ended; }));
  EXPECT_EQ(near.text(), "the peer shows a certificate and not our key (" + id(1) +
                             "): it runs with --tls-cert; give both the same --secret-file");
}

TEST_F(GuardTest, ACallerWithoutAKeyIsRefused) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  Guard called(keyring({1}));
  SocketPair pair(loop);
  TlsSocket stranger(std::move(pair.near), context);
  called.admit(std::move(pair.far), far.done());
  bool ended = false;
  stranger.async_handshake(TlsSocket::client, [&](const error_code&) { ended = true; });
  ASSERT_TRUE(loop.run_until([&] { return far.result && ended; }));
  EXPECT_EQ(far.text(),
            "the caller shows no key: it runs with --tls-cert, or is no overlayd; give both the same "
            "--secret-file");
}

// ---- rude and slow callers ----

TEST_F(GuardTest, GarbageIsRefused) {
  Guard called(keyring({1}));
  for (const std::string& rubbish : {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(20'000, '\0'),
                                     std::string("\x16\x03\x01\x02\x00", 5) + std::string(600, 'x'),
                                     std::string("\x16\x03\x01\xff\xff", 5) + std::string(70'000, 'x')}) {
    SocketPair pair(loop);
    far = {};
    called.admit(std::move(pair.far), far.done());
    asio::write(pair.near, asio::buffer(rubbish));
    ASSERT_TRUE(loop.run_until([&] { return far.result.has_value(); }));
    EXPECT_THAT(far.text(), Not(testing::AnyOf("secured", "still waits")));
  }
  EXPECT_EQ(called.callers(), 0U);
}

TEST_F(GuardTest, ACallerThatLeavesIsForgotten) {
  Guard called(keyring({1}));
  SocketPair pair(loop);
  called.admit(std::move(pair.far), far.done());
  EXPECT_EQ(called.callers(), 1U);
  pair.near.close();
  ASSERT_TRUE(loop.run_until([&] { return far.result.has_value(); }));
  EXPECT_EQ(far.text(), "the peer closed the connection during the TLS handshake");
  EXPECT_EQ(called.callers(), 0U);
}

TEST_F(GuardTest, SilentAndSlowCallersAreGivenUpAndHinderNobody) {
  Guard called(keyring({1}));
  Guard caller(keyring({1}));
  SocketPair silent(loop);
  SocketPair slow(loop);
  Outcome silent_end;
  Outcome slow_end;
  called.admit(std::move(silent.far), silent_end.done());
  called.admit(std::move(slow.far), slow_end.done());
  asio::write(slow.near,
              asio::buffer(std::string("\x16\x03\x01\x02\x00\x01", 6)));  // and no more of its hello
  meet(caller, called);
  EXPECT_EQ(near.text(), "secured");
  ASSERT_TRUE(loop.run_until([&] { return silent_end.result && slow_end.result; }));
  EXPECT_EQ(silent_end.text(), "no TLS handshake within 5 s");
  EXPECT_EQ(slow_end.text(), "no TLS handshake within 5 s");
}

TEST_F(GuardTest, AHostThatDoesNotAnswerIsGivenUp) {
  Guard caller(keyring({1}));
  SocketPair pair(loop);
  caller.introduce(std::move(pair.near), "target", near.done());
  ASSERT_TRUE(loop.run_until([&] { return near.result.has_value(); }));
  EXPECT_EQ(near.text(), "no TLS handshake within 5 s");
}

TEST_F(GuardTest, OneCallerTooManyCostsTheOneThatTookLongest) {
  Guard called(keyring({1}));
  std::vector<SocketPair> pairs;
  std::vector<Outcome> outcomes(max_callers + 1);
  for (Outcome& outcome : outcomes) {
    pairs.emplace_back(loop);
    called.admit(std::move(pairs.back().far), outcome.done());
  }
  ASSERT_TRUE(loop.run_until([&] { return outcomes[0].result.has_value(); }));
  EXPECT_EQ(outcomes[0].text(), "more than 256 callers are in their handshake, this one longest");
  EXPECT_EQ(called.callers(), max_callers);
  EXPECT_EQ(outcomes[1].text(), "still waits");
  Guard caller(keyring({1}));
  meet(caller, called);
  EXPECT_EQ(near.text(), "secured");
}

}  // namespace
}  // namespace overlay::transport
