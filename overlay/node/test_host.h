// SPDX-License-Identifier: Apache-2.0
// For tests: one node by itself, and what would be on its disk.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "overlay/node/node.h"

namespace overlay::node::test {

inline const KeyPair identity = KeyPair::from_seed(SecretSeed{{1}});
inline const plan::Underlay underlay{Ip::parse("192.0.2.1").value(), 1500};
inline const ipam::LeaseKey pod{"overlay", "c1", "eth0"};

inline Config config(bool bootstrap = true) {
  Config out;
  out.name = "h1";
  out.version = "0.1.0";
  out.bootstrap = bootstrap;
  out.genesis.pools = {Prefix::parse("10.32.0.0/12").value()};
  out.listen_ports = {6783};
  return out;
}

/// A node and the log that would be on its disk.
struct Host {
  explicit Host(Config with = config(), std::vector<Bytes> from = {}) : log(std::move(from)) {
    auto started = Node::start(std::move(with), identity, log, Rng(1), now);
    EXPECT_TRUE(started) << (started ? "" : started.error().text);
    if (started) node = std::move(*started);
    if (node) take();
  }
  Output take() {
    Output out = node->take_output();
    for (const Persist& persist : out.persist) log.push_back(persist.entry);
    events.clear();
    for (const Effect& effect : out.effects) {
      const auto* event = std::get_if<Event>(&effect);
      if (event != nullptr)
        events.push_back(event->kind + " " + event->subject + " " + event->from + " -> " + event->to);
    }
    return out;
  }
  void make_ready() {
    node->underlay_changed(underlay, now);
    node->kernel_reconciled({}, now);
    take();
  }
  std::string waits_for() {
    const View view = node->view(now);
    return view.ready() ? "" : view.waiting_for.front();
  }
  Result<std::optional<LeaseAnswer>> lease(const ipam::LeaseKey& key) {
    node->lease(7, key, {}, now);
    return answer();
  }
  Result<std::optional<LeaseAnswer>> answer() {
    for (const Effect& effect : take().effects) {
      if (const auto* answer = std::get_if<Answer>(&effect)) return answer->result;
    }
    return fail(Errc::not_found, "no answer");
  }
  std::string connect(const HostPort& target) {
    node->connect(8, {target}, now);
    const auto said = answer();
    return said ? "done" : said.error().text;
  }
  std::string disconnect(const std::vector<HostPort>& gone) {
    node->disconnect(9, gone, now);
    const auto said = answer();
    return said ? "done" : said.error().text;
  }
  /// Of what the last call made: "target 192.0.2.9:6783 called -> dropped".
  std::vector<std::string> events;

  bool has_dialled(const std::string& host) {
    node->tick(now);
    const auto effects = take().effects;
    return std::any_of(effects.begin(), effects.end(), [&](const Effect& effect) {
      const auto* dial = std::get_if<Dial>(&effect);
      return dial != nullptr && dial->target.host == host;
    });
  }

  bool has_lease(const ipam::LeaseKey& key) const {
    const auto leases = node->view(now).leases;
    return std::any_of(leases.begin(), leases.end(), [&](const auto& lease) { return lease.key == key; });
  }

  Time now{};
  std::vector<Bytes> log;
  std::unique_ptr<Node> node;
};

}  // namespace overlay::node::test
