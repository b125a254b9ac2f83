// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/cluster.h"

#include <algorithm>

namespace overlay::node {
namespace {

using namespace std::chrono_literals;

/// How long a founder asks its join targets for a cluster to join instead.
constexpr Duration ask_around = 10s;

std::string list(const std::vector<Prefix>& prefixes) {
  std::string out;
  for (const Prefix& prefix : prefixes) out += (out.empty() ? "" : ",") + prefix.text();
  return out;
}

struct GenesisFlag {
  std::string_view flag;
  std::string (*value)(const consensus::Genesis&);
};

constexpr GenesisFlag genesis_flags[] = {
    {"pool", [](const consensus::Genesis& g) { return list(g.pools); }},
    {"block-prefix", [](const consensus::Genesis& g) { return std::to_string(g.block_length_v4); }},
    {"block-prefix6", [](const consensus::Genesis& g) { return std::to_string(g.block_length_v6); }},
    {"vxlan-port", [](const consensus::Genesis& g) { return std::to_string(g.vxlan_port); }},
    {"vni", [](const consensus::Genesis& g) { return std::to_string(g.vni); }},
    {"encryption", [](const consensus::Genesis& g) { return std::string(name(g.encryption)); }},
    {"ipam", [](const consensus::Genesis& g) { return std::string(name(g.ipam)); }},
};

std::string describe_targets(const mesh::Dialer& dialer) {
  std::string out;
  for (const mesh::Target& target : dialer.targets()) {
    out += (out.empty() ? "" : ", ") + target.address.text();
    if (target.is_self) out += " (this host)";
    if (!target.error.empty()) out += " (" + target.error + ")";
  }
  return out;
}

/// Whether its flags ask this host to found a cluster, alone or with others.
bool founds(const Config& config) { return config.bootstrap || config.bootstrap_expect != 0; }

std::string foreign_device(const Context& context) {
  return "overlay.vx belongs to cluster " + context.config.kernel_cluster.short_hex() +
         " but this host has no state of it; restore the state directory or join a member with --join, or, "
         "if that cluster is gone, run 'overlayctl teardown' and start again";
}

}  // namespace

Status agree_with_genesis(const Config& config, const consensus::Genesis& genesis) {
  for (const GenesisFlag& check : genesis_flags) {
    const bool given = std::find(config.given.begin(), config.given.end(), check.flag) != config.given.end();
    const std::string mine = check.value(config.genesis);
    const std::string theirs = check.value(genesis);
    if (!given || mine == theirs) continue;
    return fail(Errc::conflict, "--" + std::string(check.flag) + " " + mine + " differs from the cluster's " +
                                    theirs + ", which was fixed when it was founded; leave the flag out");
  }
  return {};
}

bool Cluster::may_found() const {
  return founds(context_.config) && context_.config.kernel_cluster.is_zero();
}

void Cluster::start(Time now) {
  if (context_.chain || !may_found()) return;
  found_at_ = context_.config.join.empty() ? now : now + ask_around;
  founding_.start(now);
}

bool Cluster::has_asked_around() const {
  return has_waited_ || context_.mesh->dialer().all_targets_answered();
}

void Cluster::tick(Time now) {
  if (context_.chain || !may_found()) return;
  if (now >= found_at_) {
    found_at_ = Time::max();
    has_waited_ = true;
  }
  if (context_.config.bootstrap) {
    if (has_asked_around()) found(now);
  } else if (const auto founded = founding_.tick(has_asked_around(), now)) {
    tell_founded(*founded);
    adopt(*founded, now);
  }
}

Time Cluster::next_deadline() const {
  return context_.chain ? Time::max() : std::min(found_at_, founding_.next_deadline());
}

void Cluster::tell_founded(const wire::Record& record) {
  context_.say({Event::Level::info, "cluster", wire::cluster_of(record).short_hex(), "", "founded",
                "pool " + list(std::get<consensus::Genesis>(record.body).pools)});
}

Result<wire::Record> Cluster::make() const {
  consensus::Genesis genesis = context_.config.genesis;
  std::sort(genesis.pools.begin(), genesis.pools.end());
  genesis.voters = {context_.identity.public_key};
  genesis.nonce = context_.rng.bytes<Nonce>();
  OVERLAY_CHECK(validate(genesis));
  return wire::seal(genesis, {}, context_.identity, ClusterId{});
}

void Cluster::found(Time now) {
  has_waited_ = false;
  const auto record = make();
  if (!record) {
    context_.raise("genesis", record.error().text, now);
    return;
  }
  tell_founded(*record);
  adopt(*record, now);
}

Result<Bytes> Cluster::propose() const {
  if (context_.chain) return fail(Errc::exists, "this node is in a cluster already");
  if (!context_.config.kernel_cluster.is_zero()) return fail(Errc::conflict, foreign_device(context_));
  OVERLAY_TRY(const wire::Record record, make());
  return record.envelope;
}

Status Cluster::adopt_decided(std::string_view envelope, Time now) {
  OVERLAY_TRY(const wire::Record record, wire::open(envelope, ClusterId{}));
  const auto* genesis = std::get_if<consensus::Genesis>(&record.body);
  if (genesis == nullptr) return fail(Errc::invalid, "this record founds no cluster");
  const ClusterId cluster = wire::cluster_of(record);
  if (context_.chain && context_.chain->cluster() != cluster) {
    return fail(Errc::conflict, "this node is in cluster " + context_.chain->cluster().short_hex() +
                                    ", not " + cluster.short_hex());
  }
  if (context_.chain) return {};
  OVERLAY_CHECK(agree_with_genesis(context_.config, *genesis));
  if (record.author == context_.identity.public_key) {
    tell_founded(record);
  } else {
    context_.say({Event::Level::info, "cluster", cluster.short_hex(), "", "joined", ""});
  }
  adopt(record, now);
  return {};
}

void Cluster::hear(const wire::Record& record, Time now) {
  if (context_.chain) return;
  Status agreed = agree_with_genesis(context_.config, std::get<consensus::Genesis>(record.body));
  if (agreed) agreed = founding_.may_adopt(record);
  if (!agreed) {
    context_.raise("genesis", agreed.error().text, now);
    return;
  }
  context_.say({Event::Level::info, "cluster", wire::cluster_of(record).short_hex(), "", "joined",
                context_.config.bootstrap ? "a cluster was there already, so none was founded" : ""});
  adopt(record, now);
}

void Cluster::adopt(const wire::Record& record, Time now) {
  const auto& genesis = std::get<consensus::Genesis>(record.body);
  context_.persist(wire::RecordEntry{record.envelope});
  context_.chain.emplace(genesis, wire::cluster_of(record));
  context_.clear("genesis");
  context_.mesh->adopt(record, genesis.pools, now);
  context_.kernel_dirty = true;
}

std::string Cluster::waiting_for() const {
  if (context_.chain) return {};
  const auto alarm = context_.alarms.find("genesis");
  if (alarm != context_.alarms.end()) return "a flag to be corrected: " + alarm->second.text;
  if (founds(context_.config) && !context_.config.kernel_cluster.is_zero()) {
    return "a decision: " + foreign_device(context_);
  }
  if (std::string founders = founding_.waiting_for(); !founders.empty()) return founders;
  const std::string targets = describe_targets(context_.mesh->dialer());
  if (context_.config.bootstrap) return "an answer of " + targets + ", before founding a cluster";
  if (context_.config.kubernetes)
    return "a cluster: the one the Kubernetes API server names, or leave to found it";
  if (!targets.empty()) return "a cluster to join through " + targets;
  return "a cluster: start the first host with --bootstrap and every other with --join HOST, or tell "
         "this one by 'overlayctl connect HOST'";
}

}  // namespace overlay::node
