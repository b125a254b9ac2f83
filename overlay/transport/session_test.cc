// SPDX-License-Identifier: Apache-2.0
// Sessions over loopback: frames both ways, limits, slow and rude peers, every way to end.
#include "overlay/transport/session.h"

#include <gmock/gmock.h>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "overlay/transport/loop_test.h"

namespace overlay::transport {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr node::SessionId near_id = 1;
constexpr node::SessionId far_id = 2;

std::string frame_of(std::string_view body) {
  Bytes out;
  append_frame(out, body);
  return out;
}

/// One session, `near`, whose peer is a bare socket, `far`.
class SessionTest : public testing::Test {
 protected:
  void write_far(std::string_view bytes) { asio::write(pair.far, asio::buffer(bytes)); }
  bool run_until(const std::function<bool()>& condition) { return loop.run_until(condition); }
  const std::vector<std::string>& frames() { return recorder.frames[near_id]; }
  const std::vector<std::string>& closings() { return recorder.closings[near_id]; }
  /// From now on the peer reads all that comes, while the loop runs.
  void read_far() {
    pair.far.async_read_some(asio::buffer(chunk), [this](const error_code& error, std::size_t size) {
      far_read.append(chunk.data(), size);
      far_ended = bool(error);
      if (!error) read_far();
    });
  }

  Loop loop;
  Recorder recorder;
  SocketPair pair{loop};
  std::shared_ptr<Session> session = Session::start(std::move(pair.near), near_id, recorder);
  std::array<char, 65536> chunk;
  std::string far_read;
  bool far_ended = false;
};

TEST_F(SessionTest, CarriesManyFramesBothWays) {
  const auto far = Session::start(std::move(pair.far), far_id, recorder);
  session->admit();
  far->admit();
  std::vector<std::string> sent;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < 2000; ++i) {
    sent.emplace_back((i * 7919) % 3001, static_cast<char>('a' + i % 26));
    bytes += sent.back().size();
    session->send(sent.back());
    far->send(sent.back());
  }
  ASSERT_TRUE(run_until([&] { return frames().size() == 2000 && recorder.frames[far_id].size() == 2000; }));
  EXPECT_EQ(frames(), sent);
  EXPECT_EQ(recorder.frames[far_id], sent);
  ASSERT_TRUE(run_until([&] { return recorder.written_bytes[near_id] == bytes; }));
  EXPECT_EQ(recorder.written_bytes[far_id], bytes);
}

TEST_F(SessionTest, CarriesTheLongestFrame) {
  session->admit();
  const std::string longest(node::max_frame_bytes, 'x');
  const std::string stream = frame_of(longest);
  asio::async_write(pair.far, asio::buffer(stream), [](const error_code&, std::size_t) {});
  ASSERT_TRUE(run_until([&] { return frames().size() == 1; }));
  EXPECT_EQ(frames()[0], longest);
}

TEST_F(SessionTest, TakesAFrameThatComesByteByByte) {
  for (const char c : frame_of("slowly")) {
    EXPECT_THAT(frames(), IsEmpty());
    write_far({&c, 1});
    loop.settle();
  }
  ASSERT_TRUE(run_until([&] { return !frames().empty(); }));
  EXPECT_THAT(frames(), ElementsAre("slowly"));
}

TEST_F(SessionTest, EndsWhenAStrangerSendsMoreThanAHello) {
  write_far(frame_of(std::string(node::max_hello_bytes, 'h')) +
            frame_of(std::string(node::max_hello_bytes + 1, 'x')));
  ASSERT_TRUE(run_until([&] { return !closings().empty(); }));
  EXPECT_EQ(frames().size(), 1U);
  EXPECT_THAT(closings(),
              ElementsAre("a frame of 4097 bytes is longer than the 4096 allowed; this is not an overlayd "
                          "of this protocol"));
}

TEST_F(SessionTest, EndsWhenAnAdmittedPeerSendsTooMuch) {
  session->admit();
  write_far(std::string("\0\4\0\1", 4));
  ASSERT_TRUE(run_until([&] { return !closings().empty(); }));
  EXPECT_THAT(closings(),
              ElementsAre("a frame of 262145 bytes is longer than the 262144 allowed; this is not an "
                          "overlayd of this protocol"));
}

TEST_F(SessionTest, CarriesOutWhatAHelloBringsAboutBeforeTheFrameBehindIt) {
  recorder.on_frame = [&](node::SessionId) { asio::post(loop.executor(), [&] { session->admit(); }); };
  const std::string behind(node::max_hello_bytes + 1, 'x');
  write_far(frame_of("hello") + frame_of(behind));
  ASSERT_TRUE(run_until([&] { return frames().size() == 2; }));
  EXPECT_THAT(frames(), ElementsAre("hello", behind));
}

TEST_F(SessionTest, TellsThatThePeerHasGone) {
  write_far(frame_of("bye"));
  pair.far.close();
  ASSERT_TRUE(run_until([&] { return !closings().empty(); }));
  EXPECT_THAT(frames(), ElementsAre("bye"));
  EXPECT_THAT(closings(), ElementsAre("the peer closed the connection"));
}

TEST_F(SessionTest, TellsThatThePeerWasReset) {
  pair.far.set_option(asio::socket_base::linger(true, 0));
  pair.far.close();
  ASSERT_TRUE(run_until([&] { return !closings().empty(); }));
  EXPECT_THAT(closings(), ElementsAre("connection reset by peer"));
}

TEST_F(SessionTest, ReportsBytesAsWrittenOnlyAsFastAsThePeerReads) {
  const std::string frame(100'000, 'x');
  const std::size_t total = 200 * frame.size();
  for (int i = 0; i < 200; ++i) {
    session->send(frame);
    loop.settle();
  }
  EXPECT_LT(recorder.written_bytes[near_id], total)
      << "the peer has read nothing, and the kernel cannot hold it all";
  read_far();
  ASSERT_TRUE(run_until([&] { return far_read.size() == total + 200 * frame_header_bytes; }));
  loop.settle();
  EXPECT_EQ(recorder.written_bytes[near_id], total);
}

TEST_F(SessionTest, ClosingSendsWhatIsQueuedFirst) {
  const std::string frame(100'000, 'x');
  for (int i = 0; i < 50; ++i) session->send(frame);
  session->close();
  session->send("too late");
  read_far();
  ASSERT_TRUE(run_until([&] { return far_ended; }));
  EXPECT_EQ(far_read.size(), 50 * (frame.size() + frame_header_bytes));
}

TEST_F(SessionTest, ClosingDeliversTheLastFrameToAPeerThatStillTalks) {
  write_far(frame_of("hello") + frame_of("and more that nobody will look at"));
  recorder.on_frame = [&](node::SessionId) {
    session->send("refused: other cluster");
    session->close();
  };
  ASSERT_TRUE(run_until([&] { return !frames().empty(); }));
  write_far(frame_of("and even more"));
  read_far();
  ASSERT_TRUE(run_until([&] { return far_ended; }));
  EXPECT_EQ(far_read, frame_of("refused: other cluster"));
  EXPECT_THAT(frames(), ElementsAre("hello"));
}

TEST_F(SessionTest, ClosingEndsInTimeWhenThePeerDoesNotRead) {
  session->send(std::string(50'000'000, 'x'));
  session->close();
  const std::weak_ptr<Session> alive = session;
  session.reset();
  EXPECT_TRUE(run_until([&] { return alive.expired(); }));
}

TEST_F(SessionTest, NothingIsToldAfterAClose) {
  session->send("last");
  session->close();
  write_far(frame_of("unheard"));
  read_far();
  ASSERT_TRUE(run_until([&] { return far_ended; }));
  pair.far.close();
  const std::weak_ptr<Session> alive = session;
  session.reset();
  ASSERT_TRUE(run_until([&] { return alive.expired(); }));
  EXPECT_THAT(frames(), IsEmpty());
  EXPECT_THAT(closings(), IsEmpty());
}

TEST_F(SessionTest, AnEndIsToldOnce) {
  session->send(std::string(50'000'000, 'x'));
  loop.settle();
  pair.far.set_option(asio::socket_base::linger(true, 0));
  pair.far.close();
  const std::weak_ptr<Session> alive = session;
  session.reset();
  ASSERT_TRUE(run_until([&] { return alive.expired(); }));
  EXPECT_EQ(closings().size(), 1U);
}

}  // namespace
}  // namespace overlay::transport
