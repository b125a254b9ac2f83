// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/context.h"

#include <algorithm>
#include <set>

#include "overlay/plan/desired.h"

namespace overlay::node {

Context::Context(Config given, const KeyPair& keys, Rng seed, Time now)
    : config(std::move(given)),
      identity(keys),
      id(keys.node_id()),
      rng(seed),
      encryption{wireguard_secret(keys.seed), config.wireguard_port},
      wireguard(wireguard_public(encryption.secret)),
      started(now) {}

void Context::persist(const wire::LogEntry& entry, bool urgent) {
  out.persist.push_back({wire::encode_entry(entry), urgent});
}

void Context::raise(const std::string& name, const std::string& text, Time now) {
  const auto [alarm, added] = alarms.try_emplace(name, Alarm{text, now});
  if (!added && alarm->second.text == text) return;
  alarm->second.text = text;
  say({Event::Level::error, "alarm", name, "", "raised", text});
}

void Context::clear(const std::string& name) {
  if (alarms.erase(name) != 0) say({Event::Level::info, "alarm", name, "raised", "cleared", ""});
}

bool Context::tell(const NodeId& to, const wire::StatementBody& body) {
  if (to == id) {
    said_to_self.push_back({id, body, {}});
    return true;
  }
  return mesh->router().send(to, wire::sign_statement(body, to, identity, chain->cluster()), mesh->reach());
}

void Context::answer(const Heard& question, const wire::StatementBody& body) {
  if (question.from == id) {
    said_to_self.push_back({id, body, {}});
    return;
  }
  mesh->router().reply(question.via, question.from,
                       wire::sign_statement(body, question.from, identity, chain->cluster()), mesh->reach());
}

void Context::answer(CallId call, const Status& status) {
  Result<std::optional<LeaseAnswer>> result = std::optional<LeaseAnswer>();
  if (!status) result = status.error();
  out.effects.push_back(Answer{call, std::move(result)});
}

std::vector<Heard> Context::take_heard() {
  std::vector<Heard> heard = std::exchange(said_to_self, {});
  for (wire::Routed& message : mesh->router().take_deliveries()) {
    if (!chain) continue;
    auto statement = wire::open_statement(message.statement, id, chain->cluster());
    if (statement) heard.push_back({statement->from(), std::move(statement->body), std::move(message)});
  }
  return heard;
}

/// Its blocks may be an heir's, this node's own among them; and of an owner that is not known all is in
/// doubt.
void Context::replan(const NodeId& node) {
  const auto heir = chain ? chain->successor(node) : std::nullopt;
  if (heir && *heir != id && mesh->info(*heir) != nullptr) {
    replanned.insert(*heir);
  } else {
    kernel_dirty = true;
  }
}

bool Context::is_seated() const { return chain && chain->is_voter(identity.public_key); }

std::vector<ipam::Space> Context::spaces() const {
  std::vector<ipam::Space> all;
  if (!chain) return all;
  const consensus::Genesis& genesis = chain->genesis();
  for (const Prefix& pool : chain->pools()) {
    all.push_back({pool, genesis.block_length(pool.family()), genesis.seats});
  }
  return all;
}

std::vector<ipam::Space> Context::spaces(Family family) const {
  auto all = spaces();
  std::erase_if(all, [&](const ipam::Space& space) { return space.pool.family() != family; });
  return all;
}

ipam::Supply Context::supply() const {
  ipam::Supply all;
  if (!chain) return all;
  for (const Prefix& pool : chain->pools()) all.families.push_back(pool.family());
  all.families.erase(std::unique(all.families.begin(), all.families.end()), all.families.end());
  all.blocks = blocks_of(id);
  all.grows = !names_blocks();
  std::erase_if(all.blocks, [&](const Prefix& block) {
    return returning.contains(block) || doubtful.contains(block) || is_forked(block);
  });
  return all;
}

void Context::doubt_blocks(Time now) {
  if (strangers.empty()) {
    doubtful.clear();
    return clear("rolled-back");
  }
  const auto own = blocks_of(id);
  doubtful.insert(own.begin(), own.end());
  if (doubtful.empty()) return;
  const auto list = [](const auto& all, const auto& text) {
    std::string joined;
    for (const auto& each : all) joined += (joined.empty() ? "" : ", ") + text(each);
    return joined;
  };
  raise("rolled-back",
        "pods run on " + config.name + " that its state does not know (" +
            list(strangers, [](const std::string& name) { return name; }) +
            "): it was rolled back, and they are cut off; start them anew, for until they are gone no "
            "address of " +
            list(doubtful, [](const Prefix& block) { return block.text(); }) + " is given out",
        now);
}

bool Context::is_mine(const ipam::BlockRecord& block) const {
  return block.state == ipam::BlockState::owned && chain->successor(block.owner) == id;
}

/// The evidence stays for ever; it matters while a record of its epoch is in force.
bool Context::is_forked(const Prefix& prefix) const {
  return std::any_of(forks.begin(), forks.end(), [&](const auto& entry) {
    const wire::ForkRecord& fork = entry.second;
    if (!fork.prefix().overlaps(prefix)) return false;
    const auto held = blocks.overlapping(fork.prefix());
    return std::any_of(held.begin(), held.end(), [&](const ipam::BlockRecord& block) {
      return block.epoch == fork.first.epoch && block.prefix.overlaps(prefix);
    });
  });
}

std::vector<Prefix> Context::blocks_of(const NodeId& node, const ipam::BlockMap& map) const {
  std::vector<Prefix> all;
  if (!chain || chain->removed(node)) return all;
  const auto add = [&](const NodeId& owner) {
    for (const ipam::BlockRecord& block : map.owned_by(owner)) all.push_back(block.prefix);
  };
  add(node);
  for (const auto& [removed, removal] : chain->all_removed()) {
    if (removal.heir && chain->successor(removed) == node) add(removed);
  }
  std::sort(all.begin(), all.end());
  return all;
}

std::uint32_t Context::mtu() const {
  if (config.mtu != 0) return config.mtu;
  return underlay ? plan::overlay_mtu(underlay->mtu, underlay->address.family(), encrypts()) : 0;
}

std::optional<plan::PeerKey> Context::key_of(const wire::NodeInfo& peer) const {
  if (!peer.wireguard) return std::nullopt;
  const auto preshared =
      plan::preshared_key(wireguard, config.pair_roots, peer.wireguard->public_key, peer.wireguard->secrets);
  if (!preshared) return std::nullopt;
  return plan::PeerKey{peer.wireguard->public_key, *preshared, peer.wireguard->port};
}

/// Counted anew only when peers were removed, or read from the log, since the last time.
std::uint32_t Context::take_peer_index() {
  if (taken_count != peer_index.size() || taken_indices.empty()) {
    taken_indices.assign(1, true);  // 0 names nobody
    for (const auto& [node, index] : peer_index) {
      if (index >= taken_indices.size()) taken_indices.resize(index + std::size_t{1});
      taken_indices[index] = true;
    }
    lowest_index = 1;
  }
  while (lowest_index < taken_indices.size() && taken_indices[lowest_index]) ++lowest_index;
  if (lowest_index == taken_indices.size()) taken_indices.push_back(false);
  taken_indices[lowest_index] = true;
  taken_count = peer_index.size() + 1;
  return lowest_index;
}

/// The route to such a block, which an earlier life programmed, cannot be told from a leftover until the
/// owner's record, which was lost in a crash or is still to come, is back.
void Context::look_for_owner(const ipam::BlockRecord& block) {
  const auto owner = chain->successor(block.owner);
  const bool lacks =
      block.state == ipam::BlockState::owned && owner && *owner != id && mesh->info(*owner) == nullptr;
  lacks ? void(ownerless.insert(block.prefix)) : void(ownerless.erase(block.prefix));
}

void Context::look_for_owners() {
  ownerless.clear();
  for (const auto& [prefix, block] : blocks.all()) look_for_owner(block);
}

void Context::drop_block_records(const std::vector<ipam::BlockRecord>& displaced) {
  for (const ipam::BlockRecord& record : displaced) {
    if (blocks.find(record.prefix) != nullptr) continue;
    mesh->erase(wire::block_key(record.prefix));
    ownerless.erase(record.prefix);
  }
}

}  // namespace overlay::node
