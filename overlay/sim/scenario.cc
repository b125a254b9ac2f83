// SPDX-License-Identifier: Apache-2.0
#include "overlay/sim/scenario.h"

#include <algorithm>

namespace overlay::sim {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// How soon news is known everywhere: some hops of some milliseconds, far below the period of anti-entropy.
constexpr auto spread_limit = seconds(3);
/// How long a machine may wait before it tells of its links again.
constexpr auto links_settled = seconds(6);
/// How soon a dead machine is missed: four seconds of silence and a few hops.
constexpr auto notice_limit = seconds(10);
/// What may wait for the send buffer of one session, bytes: what gossip is given, and a frame of each other
/// kind.
constexpr std::size_t most_unsent = 512 * 1024;
/// How long leaving takes at most: addresses rest for a minute, and a voter is replaced.
constexpr auto leave_limit = seconds(120);

Prefix prefix(const char* text) { return Prefix::parse(text).value(); }

/// Runs one plan; each step returns false when the run is over.
class Scenario {
 public:
  Scenario(const Plan& plan, const std::function<void(const std::string&)>& progress)
      : plan_(plan),
        progress_(progress),
        rng_(plan.options.seed ^ 0x7363656e),
        world_(plan.options),
        trouble_(world_, plan.faults, Rng(rng_.next())) {}

  Report run() {
    world_.log().keep_last(plan_.events);
    world_.start_all();
    if (plan_.options.misled) {
      world_.run(seconds(25));
      nothing_is_founded();
      world_.correct();
    }
    bool on = plan_.trouble_from_start || calm("after the start");
    while (on && world_.time() < Time(plan_.length)) on = round();
    on = on && clean_up() && spread() && notice();
    return report();
  }

 private:
  bool round() {
    trouble_.begin();
    const Duration left = Time(plan_.length) - world_.time();
    const Duration longest = std::max<Duration>(minutes(5), plan_.length / 3);
    const bool good = world_.run(std::min<Duration>(rng_.between(seconds(20), longest), left));
    trouble_.end();
    bounded();
    if (!good || !depart() || !calm("after the heal")) return false;
    ++report_.rounds;
    tell();
    return true;
  }

  /// While one of the founders was told something else.
  void nothing_is_founded() {
    for (HostIndex i = 0; i < world_.size(); ++i) {
      if (!world_.host(i).running() || !world_.host(i).view().cluster) continue;
      world_.verdict().fail("founders agree: " + host_name(i) + " is in a cluster, and " +
                            host_name(*plan_.options.misled) + " was told another list");
    }
  }

  /// Everything must come right within the limit.
  bool calm(const std::string& when) {
    const Time from = world_.time();
    const auto wrong = [this] {
      const std::string out = world_.unsettled();
      return out.empty() ? world_.crooked() : out;
    };
    const bool good = world_.run_until([&wrong] { return wrong().empty(); }, calm_limit);
    if (!good) world_.verdict().fail("convergence: not within 60 s " + when + ": " + wrong());
    report_.slowest_calm = std::max(report_.slowest_calm, world_.time() - from);
    return world_.verdict().good();
  }

  /// I17: what is not sent yet is bounded, however slow its reader.
  void bounded() {
    const std::size_t most = world_.network().most_unsent();
    if (most <= most_unsent) return;
    world_.verdict().fail("bounded memory: " + std::to_string(most) + " bytes waited for one session");
  }

  /// Whoever was told to leave gets away.
  bool depart() {
    const auto stays = [this](HostIndex i) { return !world_.host(i).leaves(); };
    const bool good = world_.run_until(
        [&] {
          for (HostIndex i = 0; i < world_.size(); ++i) {
            if (!stays(i)) return false;
          }
          return true;
        },
        leave_limit);
    if (good || world_.lacks_a_voter()) return true;
    for (HostIndex i = 0; i < world_.size(); ++i) {
      if (stays(i)) continue;
      world_.verdict().fail("leaving: " + host_name(i) + " is not out within 120 s; it waits for " +
                            world_.host(i).view().leaving_waits_for);
    }
    return false;
  }

  /// I16: when every container is gone, so is every lease.
  bool clean_up() {
    for (HostIndex i = 0; i < world_.size(); ++i) {
      world_.host(i).runtime().remove_all(world_.time());
      world_.host(i).poke_runtime();
    }
    if (!calm("after the last DEL")) return false;
    for (HostIndex i = 0; i < world_.size(); ++i) {
      const auto leases = world_.host(i).view().leases.size();
      if (leases > 0)
        world_.verdict().fail("no leak: " + host_name(i) + " keeps " + std::to_string(leases) + " leases");
    }
    return world_.verdict().good();
  }

  /// I14, in calm: what machines say of themselves is known to all as soon as it can have come there. A
  /// session that the last trouble has silenced is found out only by its silence, and goes before.
  bool spread() {
    if (!world_.run(links_settled)) return false;
    for (HostIndex i = 0; i < world_.size(); ++i) {
      world_.network().renumber(i);
      world_.host(i).underlay_changed();
    }
    const bool good = world_.run_until([this] { return world_.unsettled().empty(); }, spread_limit);
    if (!good) world_.verdict().fail("spread: not within 3 s of the news: " + world_.unsettled());
    return world_.verdict().good();
  }

  /// A machine that is gone is missed by all, and welcome back. What it last said of a link with a liar, and
  /// the liar still says, nobody could know to be over: that link has to end before.
  bool notice() {
    if (world_.size() == 1) return true;
    const HostIndex gone = rng_.below(world_.size());
    world_.hostile().leave(gone);
    if (!world_.run(links_settled)) return false;
    world_.host(gone).power_off();
    const bool good = world_.run_until([this, gone] { return world_.missed(gone); }, notice_limit);
    if (!good) world_.verdict().fail("detection: " + host_name(gone) + " is not missed within 10 s");
    world_.host(gone).start();
    return world_.verdict().good() && calm("after the last start");
  }

  void tell() {
    if (!progress_) return;
    std::size_t blocks = 0;
    std::size_t leases = 0;
    for (HostIndex i = 0; i < world_.size(); ++i) {
      const auto view = world_.host(i).view();
      leases += view.leases.size();
      if (i == 0) blocks = view.blocks.size();
    }
    const auto minutes_past = std::chrono::duration_cast<minutes>(world_.time().time_since_epoch()).count();
    progress_(std::to_string(minutes_past) + " min: " + std::to_string(world_.log().steps()) + " steps, " +
              std::to_string(report_.rounds) + " rounds, " + std::to_string(blocks) + " blocks, " +
              std::to_string(leases) + " leases, " + std::to_string(world_.network().sessions()) +
              " sessions");
  }

  Report report() {
    report_.broken = world_.verdict().text();
    report_.steps = world_.log().steps();
    report_.hash = world_.log().hash();
    report_.checked = world_.invariants().checked();
    report_.checked["convergence"] = report_.rounds;
    report_.checked["bad input"] = world_.hostile().told();
    report_.checked["spread and detection"] = report_.good() ? 1 : 0;
    if (!report_.good()) report_.last = world_.log().last();
    return std::move(report_);
  }

  const Plan& plan_;
  const std::function<void(const std::string&)>& progress_;
  Rng rng_;
  World world_;
  Trouble trouble_;
  Report report_;
};

}  // namespace

std::size_t draw_size(std::uint64_t seed, std::size_t least, std::size_t most) {
  Rng rng(seed ^ 0x73697a65);
  while (least < most && rng.one_in(2)) least = std::min(most, 2 * least);
  return least + rng.below(std::min(most, 2 * least - 1) - least + 1);
}

Plan draw_plan(std::uint64_t seed, std::size_t hosts, Duration length, const std::optional<Faults>& faults) {
  Rng rng(seed ^ 0x706c616e);
  Plan plan;
  plan.options.seed = seed;
  plan.options.hosts = hosts;
  plan.options.zones = 1 + rng.below(3);
  plan.length = length;
  plan.faults = faults ? *faults : draw_faults(rng);
  plan.options.data_paths = plan.faults.contains(Fault::path);
  // Small blocks make nodes ask for more of them; a second family makes them ask twice.
  if (rng.one_in(2) && hosts <= 100) {
    plan.options.pools = {prefix("10.32.0.0/18")};
    plan.options.block_length_v4 = 28;
  }
  if (rng.one_in(3)) plan.options.pools.push_back(prefix("fd32::/48"));
  plan.trouble_from_start = rng.one_in(2);
  plan.options.voters = std::min<std::size_t>(hosts, 2 * rng.below(3) + 1);
  plan.options.choose_voters = rng.one_in(2);
  // Founded by the operator's command line, or given.
  if (plan.options.voters > 1 && rng.one_in(2)) {
    plan.options.expect = std::exchange(plan.options.voters, 1);
    if (rng.one_in(2)) plan.options.misled = rng.below(plan.options.expect);
  }
  // What takes its time in a real cluster comes to pass in a short run too.
  if (rng.one_in(2)) {
    plan.options.spare_after = seconds(20);
    plan.options.quarantine = seconds(70);  // longer than addresses rest
  }
  plan.options.spares = plan.faults.contains(Fault::copy) ? 2 : 0;
  return plan;
}

Report run(const Plan& plan, const std::function<void(const std::string&)>& progress) {
  return Scenario(plan, progress).run();
}

}  // namespace overlay::sim
