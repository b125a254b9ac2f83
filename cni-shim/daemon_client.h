// SPDX-License-Identifier: Apache-2.0
// One HTTP exchange with overlayd on its unix socket (overlay/control serves it), each within a deadline.
#pragma once

#include <chrono>
#include <functional>
#include <set>
#include <string>

#include "cni-shim/attachment.h"
#include "cni-shim/daemon_answer.h"
#include "overlay/base/result.h"

namespace overlay::cni {

/// Errors of all calls: what overlayd answered, or Errc::unavailable when it was not reached (nothing has
/// happened), or Errc::io when its answer was not had (it may have happened). Each names the socket.
class DaemonClient {
 public:
  explicit DaemonClient(std::string socket) : socket_(std::move(socket)) {}

  /// What there is to do while overlayd works; done only when it was reached.
  using Meanwhile = std::function<void()>;
  /// Leases addresses, or finds those leased before; within 30 s.
  [[nodiscard]] Result<Lease> add(const Attachment& attachment, const Wishes& wishes,
                                  const Meanwhile& meanwhile) const;
  /// What is leased; Errc::not_found when nothing is; within 10 s.
  [[nodiscard]] Result<Lease> check(const Attachment& attachment) const;
  /// Frees it; fine when nothing is leased; within 10 s.
  [[nodiscard]] Status del(const Attachment& attachment) const;
  /// All that holds a lease, of any network; within 10 s.
  [[nodiscard]] Result<std::set<Attachment>> attachments() const;
  /// Frees what `network` leases to others than `valid`; within 10 s.
  [[nodiscard]] Status collect(const std::string& network, const std::set<Attachment>& valid) const;
  /// Within 1 s.
  [[nodiscard]] Result<Readiness> readiness() const;

 private:
  enum class Method { get, post };
  [[nodiscard]] Result<std::string> exchange(Method method, const std::string& target,
                                             const std::string& body, std::chrono::seconds deadline,
                                             const Meanwhile& meanwhile = {}) const;

  std::string socket_;
};

}  // namespace overlay::cni
