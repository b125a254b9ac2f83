// SPDX-License-Identifier: Apache-2.0
// Whether the checksums of packets inside VXLAN survive their way. Network cards and hypervisors exist that
// are given packets to sum up and send them with wrong sums, which the far end drops without a word, as TCP
// that hangs while pings pass. The test: two datagrams to a peer, one summed up by the kernel before it is
// sent, one left to whatever is below; whoever arrives whole is answered. Pure.
#pragma once

#include <cstdint>

namespace overlay::plan {

class ChecksumTest {
 public:
  /// So many rounds that only the kernel's own sums survived are no accident.
  static constexpr int rounds_needed = 3;
  /// After so many nobody answers there: another peer may.
  static constexpr int rounds_max = 6;

  enum class Verdict : std::uint8_t { undecided, good, bad, nobody };

  /// One round: which of the two was answered.
  void note(bool summed_by_kernel, bool left_below);
  Verdict verdict() const { return verdict_; }

 private:
  Verdict verdict_ = Verdict::undecided;
  int rounds_ = 0;
  int only_kernel_ = 0;
};

}  // namespace overlay::plan
