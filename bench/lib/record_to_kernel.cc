// SPDX-License-Identifier: Apache-2.0
// How long it takes from the frame that brings one changed record to the kernel's acknowledgement, on a node
// that knows many peers: verify, keep (the log's file), apply, plan, netlink. The real core, log and kernel
// code, and a second core as the peer that has changed; a network namespace of its own.
//
//   record_to_kernel PEERS ROUNDS
#include <sched.h>
#include <stdlib.h>  // mkdtemp
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>

#include "bench/lib/peers.h"
#include "overlay/kernel/kernel.h"
#include "overlay/node/node.h"
#include "overlay/store/store.h"

namespace overlay::bench {
namespace {

using Clock = std::chrono::steady_clock;

/// Of this process, the kernel's work for it included, ms.
double processor() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

struct Took {
  std::vector<double> processor;  // ms
  std::vector<double> passed;
};

constexpr Duration step = std::chrono::milliseconds(5);

plan::Underlay underlay(std::uint32_t number) {
  return {Ip::parse("203.0.113.0").value().plus(number), 1500};
}

node::Config config(const std::string& name) {
  node::Config out;
  out.name = name;
  out.version = "bench";
  out.genesis.pools = {Prefix::parse("10.0.0.0/8").value()};
  out.listen_ports = {6783};
  return out;
}

/// The log of a node that has founded a cluster and knows many peers.
std::vector<Bytes> founders_log(const KeyPair& founder, std::uint32_t peers) {
  node::Config with = config("founder");
  with.bootstrap = true;
  auto node = must(node::Node::start(with, founder, {}, Rng(1), Time()));
  node->underlay_changed(underlay(1), Time());
  node->kernel_reconciled({}, Time());
  std::vector<Bytes> out;
  for (node::Persist& persist : node->take_output().persist) out.push_back(std::move(persist.entry));
  const Cluster cluster = read_cluster(out);
  for (std::uint32_t number = 1; number <= peers; ++number) {
    for (Bytes& entry : entries_of(number, founder, cluster)) out.push_back(std::move(entry));
  }
  return out;
}

/// What of it any member would have.
std::vector<Bytes> records_of(const std::vector<Bytes>& log) {
  std::vector<Bytes> out;
  for (const Bytes& entry : log) {
    if (std::holds_alternative<wire::RecordEntry>(must(wire::decode_entry(entry)))) out.push_back(entry);
  }
  return out;
}

struct Measured {
  std::unique_ptr<node::Node> node;
  store::Store log;
  kernel::Kernel kernel;
};

/// Carries out what concerns log and kernel, as the daemon does; true when the kernel was written to for
/// single peers.
bool carry_out(Measured& it, node::Output& output) {
  std::vector<Bytes> entries;
  bool urgent = false;
  for (node::Persist& persist : output.persist) {
    urgent = urgent || persist.urgent;
    entries.push_back(std::move(persist.entry));
  }
  if (!entries.empty() && !it.log.append(entries)) give_up("the log takes no more");
  if (urgent) it.log.sync();
  bool updated = false;
  for (const node::Effect& effect : output.effects) {
    const auto* wanted = std::get_if<node::ReconcileKernel>(&effect);
    if (wanted == nullptr) continue;
    std::vector<plan::PeerChange> changes;
    for (const NodeId& peer : wanted->peers) changes.push_back({peer, it.node->planned_peer(peer)});
    updated = !changes.empty() && must(it.kernel.update(changes));
    if (!updated && !it.kernel.reconcile(*it.node->intent())) give_up("the kernel was not programmed");
  }
  return updated;
}

/// The two and the wire between them, on which nothing takes time.
class Pair {
 public:
  Pair(Measured& here, node::Node& peer) : here_(here), peer_(peer) {}

  /// All there is to say up to then.
  void run(Duration span) {
    for (const Time end = now_ + span; now_ < end; now_ += step) {
      if (here_.node->next_deadline() <= now_) here_.node->tick(now_);
      if (peer_.next_deadline() <= now_) peer_.tick(now_);
      settle();
    }
  }
  void move_peer(std::uint32_t number) { peer_.underlay_changed(underlay(number), now_); }
  /// Of each frame that changed one peer in the kernel.
  Took take_times() { return std::exchange(times_, {}); }

 private:
  void settle() {
    for (bool more = true; more;) {
      node::Output mine = here_.node->take_output();
      carry_out(here_, mine);
      node::Output theirs = peer_.take_output();
      more = !mine.effects.empty() || !theirs.effects.empty();
      for (const node::Effect& effect : mine.effects) deliver_to_peer(effect);
      for (const node::Effect& effect : theirs.effects) deliver_here(effect);
    }
  }

  void deliver_to_peer(const node::Effect& effect) {
    if (const auto* send = std::get_if<node::Send>(&effect)) {
      here_.node->written(send->session, send->frame.size(), now_);
      if (session_peer_ != 0) peer_.received(session_peer_, send->frame, now_);
    } else if (const auto* dial = std::get_if<node::Dial>(&effect)) {
      here_.node->closed(dial->session, fail(Errc::unavailable, "nobody is called from here"), now_);
    }
  }

  void deliver_here(const node::Effect& effect) {
    if (const auto* send = std::get_if<node::Send>(&effect)) {
      peer_.written(send->session, send->frame.size(), now_);
      hear(send->frame);
    } else if (const auto* dial = std::get_if<node::Dial>(&effect)) {
      if (session_peer_ != 0)
        return peer_.closed(dial->session, fail(Errc::unavailable, "one call is enough"), now_);
      session_peer_ = dial->session;
      session_here_ = here_.node->accepted({underlay(2).address, 40000}, {"wire", {}}, now_);
      peer_.connected(dial->session, {underlay(1).address, 6783}, {"wire", {}}, now_);
    } else if (const auto* close = std::get_if<node::Close>(&effect)) {
      give_up("the peer has closed the session: " + close->reason);
    }
  }

  void hear(const Bytes& frame) {
    const auto began = Clock::now();
    const double spent = processor();
    here_.node->received(session_here_, frame, now_);
    node::Output output = here_.node->take_output();
    const bool updated = carry_out(here_, output);
    if (updated) {
      times_.processor.push_back(processor() - spent);
      times_.passed.push_back(std::chrono::duration<double, std::milli>(Clock::now() - began).count());
    }
    for (const node::Effect& effect : output.effects) deliver_to_peer(effect);
  }

  Measured& here_;
  node::Node& peer_;
  Time now_{};
  node::SessionId session_here_ = 0;
  node::SessionId session_peer_ = 0;
  Took times_;
};

void print(const char* what, std::vector<double> times) {
  std::ranges::sort(times);
  std::printf("| %s | %.2f (%.2f to %.2f) |\n", what, times[times.size() / 2], times.front(), times.back());
}

void measure(std::uint32_t peers, int rounds, const std::filesystem::path& directory) {
  const KeyPair founder = KeyPair::from_seed(SecretSeed{{1}});
  const std::vector<Bytes> log = founders_log(founder, peers);
  const auto state = must(store::StateDir::open(directory));
  store::Recovered recovered;
  Measured here{must(node::Node::start(config("founder"), founder, log, Rng(2), Time())),
                must(store::Store::open(state, recovered)), must(kernel::Kernel::open())};
  here.node->underlay_changed(underlay(1), Time());
  node::Config with = config("peer1");
  with.join = {{underlay(1).address.text(), 6783}};
  auto peer = must(node::Node::start(with, key_of(1), records_of(log), Rng(3), Time()));
  peer->underlay_changed(underlay(2), Time());
  peer->kernel_reconciled({}, Time());

  Pair pair(here, *peer);
  pair.run(std::chrono::seconds(30));
  here.node->kernel_reconciled(here.kernel.reconcile(*here.node->intent()), Time(std::chrono::seconds(30)));
  pair.take_times();
  for (int round = 0; round < rounds; ++round) {
    pair.move_peer(10 + static_cast<std::uint32_t>(round));
    pair.run(std::chrono::seconds(8));  // a node's own records are throttled
  }
  const Took took = pair.take_times();
  if (took.passed.size() < static_cast<std::size_t>(rounds))
    give_up("some changes did not come to the kernel");
  std::printf(
      "\n| %u peers, one changed: from the frame with its signed record to the kernel's acknowledgement | "
      "median (lowest to highest) of %zu |\n|---|---|\n",
      peers, took.passed.size());
  print("ms of processor", took.processor);
  print("ms", took.passed);
}

}  // namespace
}  // namespace overlay::bench

int main(int argc, char** argv) {
  const int peers = argc == 3 ? std::atoi(argv[1]) : 0;
  const int rounds = argc == 3 ? std::atoi(argv[2]) : 0;
  if (peers < 1 || peers > 60'000 || rounds < 1 || ::unshare(CLONE_NEWNET) != 0) {
    std::fputs("record_to_kernel PEERS ROUNDS: needs root, for a network namespace of its own\n", stderr);
    return 2;
  }
  char name[] = "/tmp/record_to_kernel.XXXXXX";
  if (::mkdtemp(name) == nullptr) return 2;
  overlay::bench::measure(static_cast<std::uint32_t>(peers), rounds, name);
  std::filesystem::remove_all(name);
  return 0;
}
