// SPDX-License-Identifier: Apache-2.0
// For tests: overlayd's side of the local socket, as small as it can be and with moods.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cni-shim/attachment.h"

namespace overlay::cni {

/// Leases 10.32.1.N and fd00:32::N (N counts up from 1, a key keeps its own) to whoever asks, on a thread of
/// its own.
class FakeDaemon {
 public:
  enum class Mood {
    serves,
    waits,      // "unavailable" to everything, not ready
    is_full,    // "exhausted" to ADD
    hangs_up,   // closes after the request is carried out, without an answer
    is_silent,  // carries nothing out, never answers
  };

  explicit FakeDaemon(std::string socket);
  ~FakeDaemon();

  void set(Mood mood);
  std::size_t leases() const;
  bool has_lease(const Attachment& attachment) const;
  /// Drops a lease behind the plugin's back.
  void forget(const Attachment& attachment);

  static constexpr const char* gateway_mac = "02:00:00:00:01:01";
  static constexpr std::uint32_t mtu = 1450;

 private:
  struct Reply {
    unsigned int status = 200;
    std::string body = "{}";
  };
  using Local = boost::asio::local::stream_protocol;

  void accept();
  void serve(Local::socket stream);
  Reply handle(const std::string& target, const std::string& body);
  Reply lease_of(const Attachment& attachment, bool without_ipv6) const;

  std::string path_;
  boost::asio::io_context context_{1};
  Local::acceptor acceptor_;
  std::vector<Local::socket> held_;  // unanswered
  mutable std::mutex mutex_;         // of what follows
  Mood mood_ = Mood::serves;
  unsigned int next_ = 1;
  std::map<Attachment, unsigned int> leases_;
  std::thread thread_;
};

}  // namespace overlay::cni
