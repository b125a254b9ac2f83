// SPDX-License-Identifier: Apache-2.0
// A member that was taken over: it holds the cluster's secret and a key of its own, is let in like any other,
// and then says whatever may do harm. It must cost no more than its session.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "overlay/mesh/handshake.h"
#include "overlay/sim/network.h"

namespace overlay::sim {

class Hostile final : public Station {
 public:
  /// What one call is for. The first few are proof of ill will: whoever has seen one ends the session.
  enum class Lie : std::uint8_t {
    stolen_key,        // a hello under a member's key
    forged_signature,  // a record that its author did not sign
    foreign_seat,      // a block granted by somebody who holds no seat
    whole_pool,        // the same of all there is
    second_genesis,    // another cluster's beginning
    too_long,          // a frame above the limit
    absurd_epoch,      // a block of an epoch that no decree can have reached
    many_links,        // links with everybody
    contradiction,     // two contents of one version
    stale,             // what was true once
    strange_digest,    // holds what nobody has, wants what nobody has
    flipped_bit,       // a record damaged under way
    cut_short,         // the beginning of a frame
    rubbish,           // no frame at all
  };
  static constexpr std::size_t lies = 14;
  static constexpr Lie last_proof = Lie::too_long;

  Hostile(HostIndex index, EventQueue& queue, Network& network, Log& log, Verdict& verdict, Rng rng);

  /// Calls a machine, gets itself let in, and tells it the lie.
  void attack(HostIndex target, Lie lie);
  /// Calls a machine and shows it a record that somebody else signed; no lie of its own.
  void show(HostIndex target, Bytes envelope);
  /// Ends its sessions with a machine.
  void leave(HostIndex target);
  /// How many lies were told.
  std::uint64_t told() const { return told_; }

  // ---- Station ----
  bool powered() const override { return true; }
  bool listening() const override { return false; }
  bool settled() const override { return true; }
  void accept(const Endpoint&, const std::function<void(mesh::SessionId)>&) override {}
  void connected(mesh::SessionId, const Endpoint&) override {}
  void received(mesh::SessionId session, std::string_view frame) override;
  void written(mesh::SessionId, std::size_t) override {}
  void closed(mesh::SessionId session, const Error&) override { calls_.erase(session); }

 private:
  struct Call {
    HostIndex target;
    Lie lie;
    Bytes hello;        // ours
    bool told = false;  // the lie is on its way
    Bytes shown = {};   // a record instead of a lie
  };

  void hear_hello(mesh::SessionId session, Call& call, std::string_view frame, const wire::Hello& peer);
  void hear(mesh::SessionId session, const wire::Message& message);
  void tell(mesh::SessionId session);
  std::vector<Bytes> words(Lie lie);
  Bytes claim(std::uint64_t term, const Prefix& prefix);
  Bytes damaged(Bytes envelope);
  wire::DigestEntries strange_entries();
  void send(mesh::SessionId session, const wire::Message& message);

  HostIndex index_;
  EventQueue& queue_;
  Network& network_;
  Log& log_;
  Verdict& verdict_;
  Rng rng_;
  mesh::Self self_;
  mesh::SessionId last_session_ = 0;
  std::uint64_t told_ = 0;
  std::map<mesh::SessionId, Call> calls_;
  std::vector<Bytes> heard_;        // records of others
  std::vector<PublicKey> members_;  // whoever said hello
};

/// "stolen-key", …
std::string_view name(Hostile::Lie lie);

}  // namespace overlay::sim
