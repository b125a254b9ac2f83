// SPDX-License-Identifier: Apache-2.0
// Goal: never two values, and a lone proposer comes to an end.
// Method: model test. Voters, each with an acceptor on "disk" and at most one proposer in "memory", and a bag
// of messages on the way; at each step one thing happens that may: a message arrives, is lost or doubled,
// time passes, a voter crashes, somebody proposes. What, and how often, is drawn.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "overlay/consensus/paxos.h"
#include "overlay/consensus/test_decrees.h"

namespace overlay::consensus {
namespace {

using namespace std::chrono_literals;

const ClusterId cluster{{7}};

struct OnTheWay {
  std::size_t from;
  std::size_t to;
  PaxosMessage message;
};

class Model {
 public:
  explicit Model(std::size_t voters) : disks_(voters), proposers_(voters) {
    for (std::size_t i = 0; i < voters; ++i) {
      keys_.push_back(key(static_cast<std::uint8_t>(i + 1)));
      electors_.push_back(keys_.back().public_key);
    }
  }

  std::size_t voters() const { return keys_.size(); }
  std::vector<OnTheWay>& messages() { return messages_; }
  const std::set<Bytes>& decided() const { return decided_; }
  void object_to(const Bytes& value) { objectionable_ = value; }
  const Proposer* proposer(std::size_t at) const { return proposers_[at] ? &*proposers_[at] : nullptr; }

  void propose(std::size_t at, const Bytes& value) {
    proposers_[at].emplace(Proposal{cluster, 1, electors_, electors_[at], value, disks_[at].promised.round},
                           rng_, now_);
    send(at);
  }

  /// What was in memory is gone; what is on the way stays there.
  void crash(std::size_t at) { proposers_[at].reset(); }

  void deliver(const OnTheWay& m) {
    if (const auto* prepare = std::get_if<Prepare>(&m.message)) {
      answer(m, *prepare);
    } else if (const auto* accept = std::get_if<Accept>(&m.message)) {
      answer(m, *accept);
    } else if (proposers_[m.to]) {
      proposers_[m.to]->hear(electors_[m.from], m.message, now_);
      send(m.to);
    }
  }

  void pass(Duration span) {
    now_ += span;
    for (std::size_t i = 0; i < voters(); ++i) {
      if (!proposers_[i]) continue;
      proposers_[i]->tick(now_);
      send(i);
    }
  }

 private:
  /// The vote is on disk before the answer is on the way.
  template <class Question>
  void answer(const OnTheWay& m, const Question& question) {
    if constexpr (std::is_same_v<Question, Prepare>) {
      if (question.value == objectionable_) {
        messages_.push_back({m.to, m.from, Nack{1, question.ballot, {}, "no"}});
        return;
      }
    }
    Acceptor acceptor(cluster, keys_[m.to], disks_[m.to]);
    const PaxosMessage reply = acceptor.hear(question);
    disks_[m.to] = acceptor.vote();
    messages_.push_back({m.to, m.from, reply});
  }

  /// A voter's messages to itself do not travel: its own promise is durable before others hear of the ballot.
  void send(std::size_t from) {
    auto& proposer = *proposers_[from];
    std::vector<OnTheWay> own;
    for (auto& out : proposer.take_outgoing()) {
      const auto to =
          static_cast<std::size_t>(std::find(electors_.begin(), electors_.end(), out.to) - electors_.begin());
      (to == from ? own : messages_).push_back({from, to, std::move(out.message)});
    }
    for (const auto& message : own) {
      deliver(message);
      const OnTheWay reply = messages_.back();
      messages_.pop_back();
      deliver(reply);
    }
    if (proposer.decision()) check(*proposer.decision());
  }

  /// Whoever sees a decision can prove it.
  void check(const Proposer::Decision& decision) {
    decided_.insert(decision.value);
    Genesis genesis;
    genesis.voters = electors_;
    Chain chain(genesis, cluster);
    Decree decree = next(chain);
    decree.hash = hash_of_value(decision.value);
    const Status proved = chain.check(decree, decision.proof);
    if (!proved) decided_.insert("unproved: " + proved.error().text);
  }

  std::vector<KeyPair> keys_;
  std::vector<PublicKey> electors_;
  std::vector<Vote> disks_;
  std::vector<std::optional<Proposer>> proposers_;
  std::vector<OnTheWay> messages_;
  std::set<Bytes> decided_;
  std::optional<Bytes> objectionable_;
  Rng rng_{1};
  Time now_{1h};
};

/// How often what happens in one run, in shares of all steps. Drawn anew for each: most is found where little
/// arrives between much trouble, and nothing is ever decided without the opposite.
struct Weather {
  explicit Weather(Rng& rng)
      : proposals(1 + rng.below(4)),
        crashes(rng.below(3)),
        waits(rng.below(4)),
        losses(rng.below(3)),
        doubles(rng.below(3)),
        arrivals(4 + rng.below(40)) {}

  std::uint64_t proposals;
  std::uint64_t crashes;
  std::uint64_t waits;
  std::uint64_t losses;
  std::uint64_t doubles;
  std::uint64_t arrivals;
};

/// One thing happens.
void step(Model& model, const Weather& weather, Rng& rng) {
  auto what = rng.below(weather.proposals + weather.crashes + weather.waits + weather.losses +
                        weather.doubles + weather.arrivals);
  const auto is = [&](std::uint64_t share) { return what < share || (what -= share, false); };
  const auto at = static_cast<std::size_t>(rng.below(model.voters()));
  if (is(weather.proposals)) return model.propose(at, "value " + std::to_string(rng.below(1000)));
  if (is(weather.crashes)) return model.crash(at);
  if (is(weather.waits)) return model.pass(rng.between(1ms, 1s));
  auto& messages = model.messages();
  if (messages.empty()) return;
  const auto which = static_cast<std::size_t>(rng.below(messages.size()));
  const OnTheWay message = messages[which];
  const bool doubled = is(weather.doubles);
  if (!doubled) {
    messages[which] = messages.back();
    messages.pop_back();
  }
  if (doubled || !is(weather.losses)) model.deliver(message);
}

/// Everything arrives, in order, until somebody has decided.
bool left_alone(Model& model, std::size_t proposer) {
  for (std::size_t i = 0; i < model.voters(); ++i) model.crash(i);
  model.propose(proposer, "the last one");
  for (int rounds = 0; rounds < 50; ++rounds) {
    while (!model.messages().empty()) {
      const auto message = model.messages().front();
      model.messages().erase(model.messages().begin());
      model.deliver(message);
    }
    if (model.proposer(proposer)->decision()) return true;
    model.pass(2s);
  }
  return false;
}

RC_GTEST_PROP(Paxos, NeverDecidesTwoValuesAndEndsWhenLeftAlone, ()) {
  Rng rng(*rc::gen::arbitrary<std::uint64_t>());
  const std::uint64_t sizes[] = {1, 3, 3, 3, 5};
  for (int run = 0; run < 6; ++run) {
    Model model(sizes[rng.below(5)]);
    const Weather weather(rng);
    for (auto steps = rng.below(120); steps > 0; --steps) step(model, weather, rng);
    RC_ASSERT(left_alone(model, rng.below(model.voters())));
    RC_ASSERT(model.decided().size() == 1);
  }
}

TEST(Paxos, DecidesInTwoRoundTripsWithoutAMinority) {
  Model model(3);
  model.propose(0, "value");
  for (int trip = 0; trip < 2; ++trip) {
    for (const auto& question : std::exchange(model.messages(), {})) {
      if (question.to != 2) model.deliver(question);
    }
    for (const auto& reply : std::exchange(model.messages(), {})) model.deliver(reply);
  }
  EXPECT_EQ(model.decided(), std::set<Bytes>{"value"});
}

TEST(Paxos, GivesUpAValueThatAVoterObjectsTo) {
  Model model(3);
  model.object_to("value");
  model.propose(0, "value");
  EXPECT_EQ(model.proposer(0)->objection(), "no");
  model.pass(1h);
  EXPECT_TRUE(model.messages().size() <= 2) << "it is not tried again";
}

/// What one voter accepted must not block the index when all others object to it by now.
TEST(Paxos, FinishesWhatWasHalfAcceptedWhoeverObjectsByNow) {
  Model model(3);
  model.propose(0, "value");
  for (int trip = 0; trip < 2; ++trip) {
    for (const auto& message : std::exchange(model.messages(), {})) model.deliver(message);
  }
  model.messages().clear();  // all promised, the proposer itself accepted
  model.object_to("value");
  model.crash(0);
  EXPECT_TRUE(left_alone(model, 1));
  EXPECT_EQ(model.decided(), std::set<Bytes>{"value"});
}

TEST(Acceptor, KeepsTheFirstOfTwoValuesInOneBallot) {
  Acceptor acceptor(cluster, key(1), {});
  const Ballot ballot{1, key(2).public_key};
  EXPECT_TRUE(std::holds_alternative<Accepted>(acceptor.hear(Accept{1, ballot, "first"})));
  EXPECT_TRUE(std::holds_alternative<Nack>(acceptor.hear(Accept{1, ballot, "second"})));
  EXPECT_EQ(acceptor.vote().accepted->value, "first");
}

}  // namespace
}  // namespace overlay::consensus
