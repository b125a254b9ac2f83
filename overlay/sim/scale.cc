// SPDX-License-Identifier: Apache-2.0
#include "overlay/sim/scale.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace overlay::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto start_span = seconds(60);
constexpr auto patience = seconds(300);  // for what should take a minute
constexpr auto look_every = milliseconds(100);
constexpr auto settle_span = seconds(60);
constexpr auto idle_span = seconds(60);
constexpr int changes = 20;
constexpr auto change_span = seconds(3);
constexpr auto cut_span = seconds(30);

class Scale {
 public:
  Scale(std::uint64_t seed, std::size_t nodes, const std::function<void(const std::string&)>& progress)
      : crowd_(seed, nodes), rng_(seed ^ 0x7363616c65), progress_(progress) {
    figures_.nodes = nodes;
  }

  ScaleFigures run() {
    start();
    if (good()) idle();
    if (good()) change();
    if (good()) cut_and_heal();
    figures_.events = crowd_.events();
    if (figures_.broken.empty()) figures_.broken = crowd_.broken();
    return figures_;
  }

 private:
  bool good() const { return figures_.broken.empty() && crowd_.broken().empty(); }
  void say(const std::string& text) const { progress_(std::to_string(size()) + " nodes: " + text); }
  std::size_t size() const { return crowd_.size(); }

  bool sees(MachineIndex index, std::size_t reachable) const {
    const node::Pulse pulse = crowd_.machine(index).node->pulse();
    return pulse.members == size() && pulse.blocks == size() && pulse.reachable == reachable;
  }
  bool is_complete(MachineIndex index) const {
    const Machine& machine = crowd_.machine(index);
    return machine.node && machine.leased && sees(index, size() - 1);
  }

  /// Runs until it holds for every node; the first for which it did not is asked first the next time.
  template <class Condition>
  Duration until_all(Condition condition, const char* what) {
    const Time begin = crowd_.time();
    Time told = begin;
    MachineIndex index = 0;
    std::size_t held = 0;
    while (held < size()) {
      if (condition(index)) {
        ++held;
        index = static_cast<MachineIndex>((index + 1) % size());
        continue;
      }
      held = 0;
      if (crowd_.time() - begin > patience || !crowd_.broken().empty()) {
        figures_.broken = std::string(what) + " takes too long: " + describe(index);
        break;
      }
      crowd_.run(look_every);
      if (crowd_.time() - told < seconds(10)) continue;
      told = crowd_.time();
      say(std::string(what) + ", " + std::to_string(static_cast<int>(overlay::seconds(told - begin))) +
          " s: " + describe(index));
    }
    return crowd_.time() - begin;
  }
  std::string describe(MachineIndex index) const {
    const Machine& machine = crowd_.machine(index);
    if (!machine.node) return "n" + std::to_string(index + 1) + " has not started";
    const node::Pulse pulse = machine.node->pulse();
    return "n" + std::to_string(index + 1) + " knows " + std::to_string(pulse.members) + ", reaches " +
           std::to_string(pulse.reachable) + ", holds " + std::to_string(pulse.blocks) + " blocks, has " +
           std::to_string(pulse.links) + " links, " + (machine.leased ? "has a lease" : "no lease");
  }

  std::uint64_t most_in_a_second() const {
    std::uint64_t most = 0;
    for (MachineIndex i = 0; i < size(); ++i) most = std::max(most, crowd_.machine(i).most_in_window);
    return most;
  }
  std::vector<std::uint64_t> sent() const {
    std::vector<std::uint64_t> out;
    for (MachineIndex i = 0; i < size(); ++i) out.push_back(crowd_.machine(i).sent_bytes);
    return out;
  }

  void start() {
    crowd_.start_all(start_span);
    for (int i = 0; i < 6; ++i) {
      crowd_.run(start_span / 6);
      say("starting: " + describe(0));
    }
    figures_.all_started = start_span;
    figures_.complete = until_all([&](MachineIndex i) { return is_complete(i); }, "the start");
    figures_.start_peak = most_in_a_second();
    for (const std::uint64_t bytes : sent()) figures_.start_bytes += bytes / size();
  }

  void idle() {
    crowd_.run(settle_span);
    const auto before = sent();
    crowd_.run(idle_span);
    const auto after = sent();
    for (std::size_t i = 0; i < size(); ++i) {
      const double rate = static_cast<double>(after[i] - before[i]) / overlay::seconds(idle_span);
      figures_.idle_mean += rate / static_cast<double>(size());
      figures_.idle_most = std::max(figures_.idle_most, rate);
      const std::size_t links = crowd_.machine(static_cast<MachineIndex>(i)).node->pulse().links;
      figures_.links_most = std::max(figures_.links_most, links);
      figures_.links_mean += static_cast<double>(links) / static_cast<double>(size());
    }
    say("idle: " + std::to_string(static_cast<int>(figures_.idle_mean)) + " B/s");
  }

  /// A node programs its kernel when it hears of another's new address.
  void change() {
    std::vector<Duration> heard;
    for (int i = 0; i < changes; ++i) {
      const auto changed = static_cast<MachineIndex>(rng_.below(size()));
      const Time begin = crowd_.time();
      crowd_.renumber(changed);
      crowd_.run(change_span);
      for (MachineIndex other = 0; other < size(); ++other) {
        const Time at = crowd_.machine(other).kernel_changed;
        if (other != changed) heard.push_back(at < begin ? change_span : at - begin);
      }
    }
    std::sort(heard.begin(), heard.end());
    if (heard.empty()) return;
    figures_.change_median = heard[heard.size() / 2];
    figures_.change_p99 = heard[heard.size() * 99 / 100];
    figures_.change_most = heard.back();
    say("a change is known after " + std::to_string(overlay::seconds(figures_.change_p99)) + " s (p99)");
  }

  /// What the kernel of a node is to hold: routes to others' blocks.
  std::size_t routes(MachineIndex index) const {
    const auto intent = crowd_.machine(index).node->intent();
    std::size_t out = 0;
    if (intent) {
      for (const plan::Peer& peer : intent->peers) out += peer.blocks.size();
    }
    return out;
  }
  /// Of some nodes: looking costs as much as the node has peers.
  void check_routes(const char* when) {
    for (MachineIndex i = 0; i < size();
         i += static_cast<MachineIndex>(std::max<std::size_t>(1, size() / 100))) {
      if (routes(i) == size() - 1) continue;
      figures_.broken = std::string("a route was withdrawn ") + when + ": " + describe(i);
    }
  }

  void cut_and_heal() {
    if (size() < 2) return;
    crowd_.split();
    const Time begin = crowd_.time();
    const auto half = [&](MachineIndex i) { return (size() + (i % 2 == 0 ? 1 : 0)) / 2 - 1; };
    figures_.cut_seen = until_all([&](MachineIndex i) { return sees(i, half(i)); }, "seeing the cut");
    if (!good()) return;
    crowd_.run(std::max(Duration(), Duration(begin + cut_span - crowd_.time())));
    check_routes("while cut");
    crowd_.forget_peaks();
    crowd_.heal();
    figures_.healed = until_all([&](MachineIndex i) { return sees(i, size() - 1); }, "healing");
    figures_.heal_peak = most_in_a_second();
    check_routes("after the heal");
  }

  Crowd crowd_;
  Rng rng_;
  const std::function<void(const std::string&)>& progress_;
  ScaleFigures figures_;
};

std::string text(int decimals, double value) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(decimals) << value;
  return out.str();
}

std::string kilobytes(std::uint64_t bytes) { return text(0, static_cast<double>(bytes) / 1000); }

}  // namespace

ScaleFigures run_scale(std::uint64_t seed, std::size_t nodes,
                       const std::function<void(const std::string&)>& progress) {
  return Scale(seed, nodes, progress).run();
}

std::string scale_head() {
  return "| nodes | complete after the last start, s | most sent then, kB/s | sent then, kB | idle, B/s: "
         "mean | idle: "
         "most | links: mean | most | a change known, s: median | p99 | last | a cut seen, s | healed, s | "
         "most sent "
         "then, kB/s | broken |\n"
         "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|";
}

std::string scale_row(const ScaleFigures& f) {
  std::string out = "|";
  const auto add = [&](const std::string& cell) { out += " " + cell + " |"; };
  add(std::to_string(f.nodes));
  add(text(1, overlay::seconds(f.complete)));
  add(kilobytes(f.start_peak));
  add(kilobytes(f.start_bytes));
  add(text(0, f.idle_mean));
  add(text(0, f.idle_most));
  add(text(1, f.links_mean));
  add(std::to_string(f.links_most));
  add(text(3, overlay::seconds(f.change_median)));
  add(text(3, overlay::seconds(f.change_p99)));
  add(text(3, overlay::seconds(f.change_most)));
  add(text(1, overlay::seconds(f.cut_seen)));
  add(text(1, overlay::seconds(f.healed)));
  add(kilobytes(f.heal_peak));
  add(f.broken.empty() ? "nothing" : f.broken);
  return out;
}

}  // namespace overlay::sim
