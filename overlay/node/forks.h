// SPDX-License-Identifier: Apache-2.0
// Forks: two well-signed records of one epoch that contradict each other, because a voter was rolled back or
// runs twice. Which of them is right nobody can know, so nobody guesses. The evidence is a record that
// spreads and stays; while it is unsettled nothing new is leased or granted there, routes stay as they are,
// and every node says so. Only a decree that assigns the prefix settles it.
#pragma once

#include "overlay/node/context.h"

namespace overlay::node {

class Forks {
 public:
  explicit Forks(Context& context) : context_(context) {}

  /// Two envelopes that this node was shown; it tells everybody.
  void report(const Bytes& one, const Bytes& other, Time now);
  /// Evidence was accepted from others.
  void apply(const wire::Record& record);
  void restore(const wire::Record& record) { keep(record); }
  /// Says what is unsettled.
  void tick(Time now);

 private:
  void keep(const wire::Record& record);
  std::string describe(const wire::ForkRecord& fork) const;

  Context& context_;
  std::set<std::string> alarms_;  // that stand
};

/// May this evidence exist? Both of its records were signed by whoever might grant there. The codes are those
/// of mesh::Mesh::Judge.
[[nodiscard]] Status judge(const Context& context, const wire::ForkRecord& fork);

}  // namespace overlay::node
