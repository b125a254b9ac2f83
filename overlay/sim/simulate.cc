// SPDX-License-Identifier: Apache-2.0
// simulate: one run of the simulator from the command line; the same arguments always print the same last
// line.
#include <charconv>
#include <iomanip>
#include <iostream>  // layers: this file is the program, the library beside it prints nothing
#include <sstream>

#include "overlay/sim/scenario.h"

namespace overlay::sim {
namespace {

constexpr std::string_view usage =
    "usage: simulate [--seed S] [--nodes N] [--hours H] [--faults LIST|all|swarm|none]\n"
    "  --seed S      everything is drawn from it (default 1)\n"
    "  --nodes N     machines, 1 to 10000 (default 5)\n"
    "  --hours H     of virtual time, fractions allowed (default 1)\n"
    "  --faults      partition,one-way,kill,power,reset,slow-link,slow-disk,freeze,kernel,move;\n"
    "                swarm (the default): the seed draws which\n";

struct Arguments {
  std::uint64_t seed = 1;
  std::size_t nodes = 5;
  double hours = 1;
  std::optional<Faults> faults;  // none: drawn
};

template <class T>
Status parse_number(std::string_view flag, std::string_view text, T least, T most, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error == std::errc() && end == text.data() + text.size() && out >= least && out <= most) return {};
  return fail(Errc::invalid, std::string(flag) + " " + std::string(text) + " is not a number in its range");
}

Status take(std::string_view flag, std::string_view value, Arguments& out) {
  if (flag == "--seed") return parse_number<std::uint64_t>(flag, value, 0, ~std::uint64_t{0}, out.seed);
  if (flag == "--nodes") return parse_number<std::size_t>(flag, value, 1, 10'000, out.nodes);
  if (flag == "--hours") return parse_number<double>(flag, value, 0.001, 100'000, out.hours);
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

void print(const Report& report, const Arguments& arguments) {
  if (!report.good()) {
    std::cout << "\nlast events (step, seconds, machine):\n";
    for (const auto& line : report.last) std::cout << "  " << line << "\n";
    std::cout << "\nbroken in seed " << arguments.seed << " at step " << report.steps << ": " << report.broken
              << "\n";
  }
  std::cout << "\nchecked:";
  for (const auto& [rule, times] : report.checked)
    std::cout << "\n  " << std::left << std::setw(26) << rule << times;
  std::cout << "\n"
            << report.steps << " steps, " << report.rounds << " rounds, slowest convergence "
            << seconds(report.slowest_calm) << " s\n"
            << "log hash: " << hex(report.hash) << "\n";
}

int main_with(const std::vector<std::string_view>& words) {
  const auto arguments = parse(words);
  if (!arguments) {
    std::cerr << "simulate: " << arguments.error().text << "\n" << usage;
    return 2;
  }
  const auto length =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::ratio<3600>>(arguments->hours));
  const Plan plan = draw_plan(arguments->seed, arguments->nodes, length, arguments->faults);
  std::cout << "seed " << arguments->seed << ", " << arguments->nodes << " nodes, " << arguments->hours
            << " h, faults:";
  for (const Fault fault : plan.faults) std::cout << " " << name(fault);
  std::cout << (plan.faults.empty() ? " none" : "") << std::endl;
  const Report report = run(plan, [](const std::string& line) { std::cout << line << std::endl; });
  print(report, *arguments);
  return report.good() ? 0 : 1;
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
