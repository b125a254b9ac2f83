// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/peer_book.h"

#include <algorithm>

#include "overlay/plan/desired.h"

namespace overlay::plan {
namespace {

using Verb = Operation::Verb;

/// Whether it starts from what the kernel holds; not when what it adds, changes or removes is somebody
/// else's.
bool fits(const Operation& operation, const Objects& made) {
  if (operation.verb == Verb::add) return !made.know(operation.object);
  return made.hold(operation.before.value_or(operation.object));
}

/// Where it is among the peers, which are sorted by index; their end when it is new, or was never there.
std::vector<Peer>::iterator place_of(std::vector<Peer>& peers, const PeerChange& change) {
  if (!change.peer) return std::ranges::find(peers, change.id, &Peer::id);
  const auto at = std::ranges::lower_bound(peers, change.peer->index, {}, &Peer::index);
  return at != peers.end() && at->id == change.id ? at : peers.end();
}

/// Then what is wanted of the relay's WireGuard peer is not to be told from this one alone.
bool is_relayed(const Peer& peer) { return peer.way.relay != 0; }

void insert_peer(std::vector<Peer>& peers, const Peer& peer) {
  peers.insert(std::ranges::upper_bound(peers, peer.index, {}, &Peer::index), peer);
}

}  // namespace

std::optional<std::vector<Operation>> PeerBook::change(const std::vector<PeerChange>& changes,
                                                       const Objects& made) {
  if (!base_) return std::nullopt;
  std::vector<Peer>& peers = base_->peers;
  std::vector<Peer> before;
  std::vector<Peer> after;
  for (const PeerChange& change : changes) {
    const auto known = place_of(peers, change);
    if (known != peers.end()) before.push_back(*known);
    if (change.peer) after.push_back(*change.peer);
    if (known != peers.end() && change.peer) {
      *known = *change.peer;
    } else if (known != peers.end()) {
      peers.erase(known);
    } else if (change.peer) {
      insert_peer(peers, *change.peer);
    }
  }
  if (base_->encryption &&
      (std::ranges::any_of(before, is_relayed) || std::ranges::any_of(after, is_relayed))) {
    forget();
    return std::nullopt;
  }
  auto out = diff(desired_of_peers(*base_, after), desired_of_peers(*base_, before), base_->keep_unknown);
  if (std::ranges::all_of(out, [&made](const Operation& operation) { return fits(operation, made); })) {
    return out;
  }
  forget();
  return std::nullopt;
}

}  // namespace overlay::plan
