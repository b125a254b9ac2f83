// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/checksum_keeper.h"

#include <sys/socket.h>
#include <boost/asio/buffer.hpp>

#include "overlay/daemon/log.h"
#include "overlay/transport/asio.h"

namespace overlay::daemon {
namespace {

using boost::asio::ip::udp;
using boost::system::error_code;

/// Nobody listens there on UDP, so a host answers what arrives whole with "port unreachable", and nothing
/// else with anything. At most one a second, which the kernel's own limit for such answers leaves room for.
constexpr std::uint16_t closed_port = mesh_port;
constexpr auto answer_time = std::chrono::milliseconds(1200);
constexpr std::size_t half = 16;

constexpr const char* alarm_text =
    "packets whose checksums are left to the network card arrive with wrong ones: overlay.vx sums up itself "
    "now, "
    "at some cost; update the card's driver or the hypervisor, or give --checksum-offload off to expect this";

}  // namespace

void ChecksumKeeper::need(const plan::Intent& intent) {
  if (underlay_ != intent.underlay.address) {
    underlay_ = intent.underlay.address;
    decide(false);
    decided_ = false;
  }
  if (running_ || intent.peers.empty()) return;
  const plan::Peer& peer = intent.peers[rng_.below(intent.peers.size())];
  if (!peer.blocks.empty()) peer_ = peer.blocks.front().address();
}

void ChecksumKeeper::programmed() {
  if (mode_ != ChecksumOffload::automatic || decided_ || running_ || !peer_) return;
  running_ = true;
  test_ = {};
  round();
}

void ChecksumKeeper::round() {
  left_below_ = send(false);
  summed_ = send(true);
  timer_.expires_after(answer_time);
  timer_.async_wait([this](const error_code& error) {
    if (!error) end_round();
  });
}

/// What is sent in pieces (MSG_MORE) the kernel sums up itself, whatever the device can do (ip_output.c).
std::shared_ptr<ChecksumKeeper::Datagram> ChecksumKeeper::send(bool summed_by_kernel) {
  const auto out = std::make_shared<Datagram>(io_);
  const std::array<char, 2 * half> bytes{};
  error_code error;
  const auto address = transport::to_asio(Endpoint{*peer_, closed_port}).address();
  out->socket.connect(udp::endpoint(address, closed_port), error);
  if (error) return out;
  if (summed_by_kernel) out->socket.send(boost::asio::buffer(bytes, half), MSG_MORE, error);
  out->socket.send(boost::asio::buffer(bytes, summed_by_kernel ? half : 2 * half), 0, error);
  out->socket.async_receive(boost::asio::buffer(&out->unused, 1),
                            [out](const error_code& answer, std::size_t) {
                              out->answered = answer == boost::asio::error::connection_refused;
                            });
  return out;
}

void ChecksumKeeper::end_round() {
  test_.note(summed_->answered, left_below_->answered);
  for (Datagram* datagram : {summed_.get(), left_below_.get()}) {
    error_code ignored;
    datagram->socket.close(ignored);  // ends the wait for an answer, which keeps the datagram
  }
  using Verdict = plan::ChecksumTest::Verdict;
  if (test_.verdict() == Verdict::undecided) return round();
  running_ = false;  // where nobody answered, another peer is tried after the next pass
  left_below_.reset();
  summed_.reset();
  if (test_.verdict() == Verdict::nobody) return;
  const bool bad = test_.verdict() == Verdict::bad;
  log(bad ? spdlog::level::warn : spdlog::level::info, "checksum",
      {{"peer", peer_->text()}, {"text", bad ? alarm_text : "those left to the network card survive"}});
  decide(bad);
}

void ChecksumKeeper::decide(bool bad) {
  decided_ = true;
  alarms_.set("checksum-offload", bad ? alarm_text : "");
  if (std::exchange(bad_, bad) != bad) changed_();
}

}  // namespace overlay::daemon
