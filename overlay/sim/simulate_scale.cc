// SPDX-License-Identifier: Apache-2.0
// simulate-scale: how the core does with as many nodes as are given; one line of a Markdown table each.
#include <sys/resource.h>  // layers: what the run itself costs

#include <charconv>
#include <chrono>
#include <cmath>
#include <iostream>  // layers: this file is the program, the library beside it prints nothing

#include "overlay/sim/scale.h"

namespace overlay::sim {
namespace {

constexpr std::string_view usage = "usage: simulate-scale [--seed S] --nodes N[,N…]\n";

struct Arguments {
  std::uint64_t seed = 1;
  std::vector<std::size_t> nodes;
};

template <class Number>
bool read(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse(int argc, char** argv, Arguments& out) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    std::string_view value = argv[i + 1];
    if (flag == "--seed") {
      if (!read(value, out.seed)) return false;
      continue;
    }
    if (flag != "--nodes") return false;
    while (!value.empty()) {
      const auto comma = std::min(value.find(','), value.size());
      std::size_t nodes = 0;
      if (!read(value.substr(0, comma), nodes) || nodes < 2 || nodes > 10'000) return false;
      out.nodes.push_back(nodes);
      value.remove_prefix(std::min(comma + 1, value.size()));
    }
  }
  return argc % 2 == 1 && !out.nodes.empty();
}

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec);
}

/// The most memory so far, GiB.
double peak_memory() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_maxrss) / (1024 * 1024);
}

int run(const Arguments& arguments) {
  bool good = true;
  std::cout << scale_head() << " processor, s | run, s | memory, GiB |\n" << std::flush;
  for (const std::size_t nodes : arguments.nodes) {
    const auto begin = std::chrono::steady_clock::now();  // layers: what the run itself costs
    const double before = cpu_seconds();
    const auto figures =
        run_scale(arguments.seed, nodes, [](const std::string& line) { std::cerr << line << std::endl; });
    const auto end = std::chrono::steady_clock::now();  // layers: what the run itself costs
    const std::chrono::duration<double> wall = end - begin;
    std::cout << scale_row(figures) << " " << static_cast<int>(cpu_seconds() - before) << " | "
              << static_cast<int>(wall.count()) << " | " << std::round(peak_memory() * 100) / 100 << " |"
              << std::endl;
    good = good && figures.broken.empty();
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace overlay::sim

int main(int argc, char** argv) {
  overlay::sim::Arguments arguments;
  if (overlay::sim::parse(argc, argv, arguments)) return overlay::sim::run(arguments);
  std::cerr << overlay::sim::usage;
  return 2;
}
