// SPDX-License-Identifier: Apache-2.0
// simulate: runs of the simulator from the command line; the same arguments always print the same last line.
#include <charconv>
#include <iomanip>
#include <iostream>  // layers: this file is the program, the library beside it prints nothing
#include <sstream>

#include "overlay/sim/scenario.h"

namespace overlay::sim {
namespace {

constexpr std::string_view usage =
    "usage: simulate [--seed S[..T]] [--nodes N[..M]] [--hours H] [--faults LIST|all|swarm|none]\n"
    "                [--events N]\n"
    "  --seed S      everything is drawn from it (default 1); S..T: one run each, until one breaks\n"
    "  --nodes N     machines, 1 to 10000 (default 5); N..M: the seed draws how many, few more often\n"
    "  --hours H     of virtual time, fractions allowed (default 1)\n"
    "  --faults      partition,one-way,kill,power,reset,slow-link,slow-disk,freeze,kernel,move,\n"
    "                hostile,flush,disk-full,sync-error,rollback,copy,path,drain,leave,slow-reader;\n"
    "                swarm (the default): the seed draws which, without path\n"
    "  --events N    how many of the last events a run that breaks prints (default 120)\n";

template <class T>
struct Range {
  T least;
  T most;
};

struct Arguments {
  Range<std::uint64_t> seeds{1, 1};
  Range<std::size_t> nodes{5, 5};
  double hours = 1;
  std::optional<Faults> faults;  // none: drawn
  std::size_t events = 120;
};

template <class T>
Status parse_number(std::string_view flag, std::string_view text, Range<T> range, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (whole && out >= range.least && out <= range.most) return {};
  return fail(Errc::invalid, std::string(flag) + " " + std::string(text) + " is not a number in its range");
}

/// "N" or "N..M".
template <class T>
Status parse_range(std::string_view flag, std::string_view text, Range<T> range, Range<T>& out) {
  const auto dots = text.find("..");
  OVERLAY_CHECK(parse_number(flag, text.substr(0, dots), range, out.least));
  out.most = out.least;
  if (dots == std::string_view::npos) return {};
  return parse_number(flag, text.substr(dots + 2), {out.least, range.most}, out.most);
}

Status take(std::string_view flag, std::string_view value, Arguments& out) {
  if (flag == "--seed") return parse_range<std::uint64_t>(flag, value, {0, ~std::uint64_t{0} - 1}, out.seeds);
  if (flag == "--nodes") return parse_range<std::size_t>(flag, value, {1, 10'000}, out.nodes);
  if (flag == "--hours") return parse_number<double>(flag, value, {0.001, 100'000}, out.hours);
  if (flag == "--events") return parse_number<std::size_t>(flag, value, {0, 100'000'000}, out.events);
  if (flag != "--faults") return fail(Errc::invalid, "unknown argument " + std::string(flag));
  if (value == "swarm") return {};
  OVERLAY_TRY(out.faults, parse_faults(value));
  return {};
}

Result<Arguments> parse(const std::vector<std::string_view>& words) {
  Arguments out;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (i + 1 == words.size()) return fail(Errc::invalid, std::string(words[i]) + " needs a value");
    OVERLAY_CHECK(take(words[i], words[i + 1], out));
  }
  return out;
}

std::string hex(std::uint64_t value) {
  std::ostringstream out;
  out << std::hex << std::setfill('0') << std::setw(16) << value;
  return out.str();
}

Plan plan_of(std::uint64_t seed, const Arguments& arguments) {
  const auto hosts = draw_size(seed, arguments.nodes.least, arguments.nodes.most);
  const auto length =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::ratio<3600>>(arguments.hours));
  Plan plan = draw_plan(seed, hosts, length, arguments.faults);
  plan.events = arguments.events;
  return plan;
}

void print_plan(const Plan& plan, const Arguments& arguments) {
  std::cout << "seed " << plan.options.seed << ", " << plan.options.hosts << " nodes, " << arguments.hours
            << " h, faults:";
  for (const Fault fault : plan.faults) std::cout << " " << name(fault);
  std::cout << (plan.faults.empty() ? " none" : "") << std::endl;
}

void print_broken(const Plan& plan, const Report& report, const Arguments& arguments) {
  std::cout << "\nlast events (step, seconds, machine):\n";
  for (const auto& line : report.last) std::cout << "  " << line << "\n";
  std::cout << "\nbroken in seed " << plan.options.seed << " at step " << report.steps << ": "
            << report.broken << "\nreplay: tools/simulate --seed " << plan.options.seed << " --nodes "
            << plan.options.hosts << " --hours " << arguments.hours << " --faults ";
  std::string faults;
  for (const Fault fault : plan.faults) faults += (faults.empty() ? "" : ",") + std::string(name(fault));
  std::cout << (arguments.faults ? faults.empty() ? "none" : faults : "swarm") << "\n";
}

/// What the runs of all seeds come to.
struct Total {
  std::uint64_t runs = 0;
  Report report;

  void add(const Report& run) {
    ++runs;
    report.broken = run.broken;
    report.steps += run.steps;
    report.rounds += run.rounds;
    report.slowest_calm = std::max(report.slowest_calm, run.slowest_calm);
    report.hash = runs == 1 ? run.hash : report.hash * 0x9e3779b97f4a7c15U + run.hash;
    for (const auto& [rule, times] : run.checked) report.checked[rule] += times;
  }
};

void print(const Total& total) {
  const Report& report = total.report;
  std::cout << "\nchecked:";
  for (const auto& [rule, times] : report.checked)
    std::cout << "\n  " << std::left << std::setw(26) << rule << times;
  std::cout << "\n"
            << total.runs << " runs, " << report.steps << " steps, " << report.rounds
            << " rounds, slowest convergence " << seconds(report.slowest_calm) << " s\n"
            << "log hash: " << hex(report.hash) << "\n";
}

int main_with(const std::vector<std::string_view>& words) {
  const auto arguments = parse(words);
  if (!arguments) {
    std::cerr << "simulate: " << arguments.error().text << "\n" << usage;
    return 2;
  }
  Total total;
  for (auto seed = arguments->seeds.least; seed <= arguments->seeds.most && total.report.good(); ++seed) {
    const Plan plan = plan_of(seed, *arguments);
    print_plan(plan, *arguments);
    const Report report = run(plan, [](const std::string& line) { std::cout << line << std::endl; });
    if (!report.good()) print_broken(plan, report, *arguments);
    total.add(report);
  }
  print(total);
  return total.report.good() ? 0 : 1;
}

}  // namespace
}  // namespace overlay::sim

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  if (words == std::vector<std::string_view>{"--help"}) {
    std::cout << overlay::sim::usage;
    return 0;
  }
  return overlay::sim::main_with(words);
}
