// SPDX-License-Identifier: Apache-2.0
// How long a kernel takes to be programmed for many peers, in a network namespace of its own, as Markdown
// tables: by overlayd's own code, by the plainest netlink program that could be, and by one that sets up
// flannel's way.
//
//   program ROUNDS
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "bench/lib/raw_netlink.h"
#include "overlay/base/crypto.h"
#include "overlay/kernel/events.h"
#include "overlay/kernel/kernel.h"
#include "overlay/plan/desired.h"

namespace overlay::bench {
namespace {

using kernel::Events;
using kernel::Indices;
using kernel::Kernel;
using kernel::Socket;
using plan::Intent;
using plan::Operation;
using Clock = std::chrono::steady_clock;
using Samples = std::vector<double>;  // ms, or ratios

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error().text);
  return *std::move(result);
}

void must(const Status& status) {
  if (!status) give_up(status.error().text);
}

template <class Body>
double timed(Body body) {
  const auto began = Clock::now();
  body();
  return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

/// Of this process, the kernel's work for it included: what other processes do meanwhile does not count.
template <class Body>
double processor(Body body) {
  const auto spent = [] {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
  };
  const double before = spent();
  body();
  return spent() - before;
}

void print(const char* what, Samples samples) {
  std::ranges::sort(samples);
  std::printf("| %s | %.2f (%.2f to %.2f) |\n", what, samples[samples.size() / 2], samples.front(),
              samples.back());
}

void print_heading(std::uint32_t peers, const char* what, int rounds) {
  std::printf("\n| %u peers, %s | median (lowest to highest) of %d |\n|---|---|\n", peers, what, rounds);
}

Samples ratios(const Samples& a, const Samples& b) {
  Samples out;
  for (std::size_t i = 0; i < a.size(); ++i) out.push_back(a[i] / b[i]);
  return out;
}

// ---- what is programmed ----

plan::Peer peer(std::uint32_t number) {
  const NodeId id = hash_id<NodeId>("peer " + std::to_string(number));
  const auto pool = Prefix::parse("10.0.0.0/8").value();
  return {.index = number,
          .id = id,
          .vtep_mac = vtep_mac(id),
          .underlay = Ip::parse("198.18.0.0").value().plus(number),
          .also = {},
          .blocks = {pool.nth(24, number)}};
}

Intent intent(std::uint32_t peers) {
  Intent out;
  out.node = hash_id<NodeId>("self");
  out.cluster = hash_id<ClusterId>("bench");
  out.vni = 4711;
  out.underlay = {Ip::parse("192.0.2.1").value(), 1500};
  out.mtu = 1450;
  out.pools = {Prefix::parse("10.0.0.0/8").value()};
  out.blocks = {out.pools.front().nth(24, 0)};
  out.host_addresses = {out.blocks.front().address()};
  for (std::uint32_t i = 1; i <= peers; ++i) out.peers.push_back(peer(i));
  out.keep_unknown = false;
  return out;
}

/// A kernel with the devices, as every way needs them, and no peer.
Kernel empty_kernel(Intent wanted) {
  Kernel out = must(Kernel::open());
  wanted.peers.clear();
  must(out.reconcile(wanted));
  return out;
}

using Encode = Pieces (*)(const plan::Objects&, const Indices&);

double raw_time(const Intent& wanted, Encode encode) {
  Kernel kernel = empty_kernel(wanted);
  Socket socket = must(Socket::open(NETLINK_ROUTE));
  Indices indices;
  for (const plan::Device device : {plan::Device::bridge, plan::Device::vxlan}) {
    indices.set(device, must(find_link(socket, device))->index);
  }
  const Pieces pieces = encode(plan::desired_of_peers(wanted, wanted.peers), indices);
  const double out = processor([&] { send_raw(socket, pieces); });
  must(kernel.teardown());
  return out;
}

struct OurTime {
  double members = 0;  // of the firewall, which the others have not
  double rest = 0;
};

OurTime our_time(const Intent& wanted) {
  Kernel kernel = empty_kernel(wanted);
  std::vector<Operation> members;
  for (const plan::Member& member : plan::desired_of_peers(wanted, wanted.peers).members) {
    members.push_back({Operation::Verb::add, member, std::nullopt});
  }
  OurTime out;
  out.members = processor([&] { must(kernel.apply(members)); });
  Intent mine = wanted;
  out.rest = processor([&] { must(kernel.reconcile(std::move(mine))); });
  must(kernel.teardown());
  return out;
}

// ---- what is measured ----

void program_from_empty(std::uint32_t peers, int rounds) {
  const Intent wanted = intent(peers);
  Samples ours;
  Samples members;
  Samples raw;
  Samples onlink;
  for (int round = 0; round < rounds; ++round) {
    raw.push_back(raw_time(wanted, encode_ours));
    const OurTime time = our_time(wanted);
    ours.push_back(time.rest);
    members.push_back(time.members);
    onlink.push_back(raw_time(wanted, encode_onlink));
  }
  print_heading(peers, "from empty", rounds);
  print("ours, ms of processor: look, compare, encode, send, read the answers", ours);
  print("the firewall's members besides, ms of processor", members);
  print("the same raw, ms of processor: encoded beforehand, 64 KiB a send, one answer", raw);
  print("flannel's way raw, ms of processor: FDB entry, neighbour, route via an onlink gateway", onlink);
  print("ours / raw", ratios(ours, raw));
  print("ours / flannel's way raw", ratios(ours, onlink));
}

void look_and_change(std::uint32_t peers, int rounds) {
  const Intent wanted = intent(peers);
  Kernel kernel = must(Kernel::open());
  must(kernel.reconcile(wanted));
  const std::uint64_t operations = kernel.operations();
  Samples looks;
  for (int round = 0; round < rounds; ++round) {
    looks.push_back(processor([&] { must(kernel.reconcile(wanted)); }));
  }
  const std::uint64_t written = kernel.operations() - operations;
  Samples moves;
  Samples leaves;
  Samples joins;
  for (int round = 0; round < rounds; ++round) {
    plan::Peer one = wanted.peers[peers / 2];
    const auto change = [&](std::optional<plan::Peer> to) {
      return timed([&] {
        if (!must(kernel.update({{one.id, to}}))) give_up("a change of one peer was taken for more");
      });
    };
    leaves.push_back(change(std::nullopt));
    joins.push_back(change(one));
    one.underlay = one.underlay.plus(100'000 + static_cast<std::uint64_t>(round));
    moves.push_back(change(one));
  }
  print_heading(peers, "in place", rounds);
  print("full pass with nothing to do, ms of processor", looks);
  std::printf("| writes of those passes | %llu |\n", static_cast<unsigned long long>(written));
  print("one peer with another underlay address, ms", moves);
  print("one peer gone, ms", leaves);
  print("one peer new, ms", joins);
  must(kernel.teardown());
}

/// From the damage to all as before. The daemon gathers news for 20 ms more. `now` tells that this is no
/// fight.
double repair_time(Kernel& kernel, Events& events, const Intent& wanted, const Operation& damage, Time now) {
  while (must(events.drain(kernel.made()))) {
  }
  must(kernel.apply({&damage, 1}));
  return timed([&] {
    for (bool concerned = false; !concerned;) {
      pollfd ready{.fd = events.fds()[0], .events = POLLIN, .revents = 0};
      if (::poll(&ready, 1, 1000) != 1) give_up("no news of the damage");
      concerned = must(events.drain(kernel.made()));
    }
    must(kernel.reconcile(wanted, now));
  });
}

void repair(std::uint32_t peers, int rounds) {
  const Intent wanted = intent(peers);
  const plan::Objects objects = plan::desired(wanted);
  Kernel kernel = must(Kernel::open());
  Events events = must(Events::open());
  must(kernel.reconcile(wanted));
  const Operation route{Operation::Verb::remove, objects.routes.back(), std::nullopt};
  const Operation device{Operation::Verb::remove, objects.links.back(), std::nullopt};
  Samples routes;
  Samples devices;
  for (int round = 0; round < rounds; ++round) {
    const Time now = Time() + round * std::chrono::hours(1);
    routes.push_back(repair_time(kernel, events, wanted, route, now));
    devices.push_back(repair_time(kernel, events, wanted, device, now));
  }
  print_heading(peers, "damaged", rounds);
  print("a route deleted, until it is back, ms", routes);
  print("overlay.vx deleted, until it is back with all that was on it, ms", devices);
  must(kernel.teardown());
}

}  // namespace
}  // namespace overlay::bench

int main(int argc, char** argv) {
  const int rounds = argc == 2 ? std::atoi(argv[1]) : 0;
  if (rounds < 1 || ::unshare(CLONE_NEWNET) != 0) {
    std::fputs("program ROUNDS: needs root, for a network namespace of its own\n", stderr);
    return 2;
  }
  overlay::bench::program_from_empty(5'000, rounds);
  overlay::bench::look_and_change(10'000, rounds);
  overlay::bench::repair(1'000, rounds);
  return 0;
}
