// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/kube_host.h"

#include <algorithm>

#include "overlay/daemon/clock.h"
#include "overlay/daemon/credentials.h"
#include "overlay/daemon/log.h"
#include "overlay/daemon/secrets.h"
#include "overlay/store/guarded_file.h"
#include "overlay/store/secret_file.h"
#include "overlay/wire/record.h"

namespace overlay::daemon {
namespace {

Result<kube::GenesisObject> describe(const Bytes& envelope) {
  OVERLAY_TRY(const wire::Record record, wire::open(envelope, ClusterId{}));
  const auto* genesis = std::get_if<consensus::Genesis>(&record.body);
  if (genesis == nullptr) return fail(Errc::invalid, "this record founds no cluster");
  kube::GenesisObject out{envelope, wire::cluster_of(record).hex(), ""};
  for (const Prefix& pool : genesis->pools) out.pools += (out.pools.empty() ? "" : ",") + pool.text();
  return out;
}

}  // namespace

Time KubeHost::now() const { return daemon::now(); }
WallTime KubeHost::wall_now() const { return daemon::wall_now(); }
node::View KubeHost::view() const { return driver_.node().view(now()); }

void KubeHost::tell(bool is_warning, const std::string& text) {
  log(is_warning ? spdlog::level::warn : spdlog::level::info, "kubernetes", {{"text", text}});
}

// ---- the secret ----

bool KubeHost::wants_secret() const { return !options_.insecure && options_.secret_files.empty(); }

/// A cluster that was founded without the API server keeps its secret.
Result<std::string> KubeHost::offer_secret() {
  if (const auto own = store::load_secret(own_secret(options_))) return own->text();
  OVERLAY_TRY(const auto random, store::random_bytes());
  return Secret(random).text();
}

Status KubeHost::use_secret(const std::string& text) {
  OVERLAY_TRY(const Secret secret, Secret::parse(text));
  if (secret_ == secret) return {};
  const auto kept = store::load_secret(own_secret(options_));
  std::vector<Secret> secrets{secret};
  if (kept && *kept != secret) secrets.push_back(*kept);
  OVERLAY_TRY(auto keys, transport::Keyring::make(secrets));
  if (!kept || *kept != secret) OVERLAY_CHECK(store::keep_secret(own_secret(options_), secret));
  secret_ = secret;
  take_up(std::move(keys), driver_, sessions_);
  return {};
}

// ---- the cluster ----

std::optional<kube::GenesisObject> KubeHost::genesis() const {
  const auto envelope = driver_.node().genesis();
  if (!envelope) return std::nullopt;
  const auto described = describe(*envelope);
  return described ? std::optional(*described) : std::nullopt;
}

Result<kube::GenesisObject> KubeHost::propose_genesis() {
  OVERLAY_TRY(const Bytes envelope,
              driver_.feed([](node::Node& node, Time) { return node.propose_genesis(); }));
  return describe(envelope);
}

Status KubeHost::adopt_genesis(const Bytes& record) {
  return driver_.feed([&](node::Node& node, Time now) { return node.adopt_genesis(record, now); });
}

// ---- Nodes ----

void KubeHost::call(const std::vector<Ip>& peers) {
  if (peers == peers_) return;
  peers_ = peers;
  std::vector<HostPort> targets;
  for (const Ip& address : peers) targets.push_back({address.text(), options_.listen.front().port});
  driver_.feed([&](node::Node& node, Time now) { node.call_also(targets, now); });
}

void KubeHost::see_own_node(const kube::Node& node) {
  if (node.uid == uid_ && node.pod_cidrs == pod_cidrs_) return;
  uid_ = node.uid;
  pod_cidrs_ = node.pod_cidrs;
  driver_.feed([&](node::Node& core, Time now) { core.known_as(node.uid, node.pod_cidrs, now); });
}

bool KubeHost::is_ready() const { return !driver_.stall() && view().ready(); }

// ---- departures ----

bool KubeHost::may_lead() const {
  const node::View seen = view();
  const auto votes = [&seen](const std::string& name) {
    return std::find(seen.voters.begin(), seen.voters.end(), name) != seen.voters.end();
  };
  if (!seen.cluster || votes(seen.name)) return seen.cluster.has_value();
  std::size_t before = 0;  // those that stand in rather than this node
  for (const node::PeerView& peer : seen.peers) {
    if (peer.self || !peer.reachable) continue;
    if (votes(peer.name)) return false;
    if (peer.id < seen.id) ++before;
  }
  return before < consensus::max_voters;
}

std::vector<kube::Member> KubeHost::members() const {
  std::vector<kube::Member> out;
  for (const node::PeerView& peer : view().peers) {
    if (!peer.self) out.push_back({peer.id.hex(), peer.name, peer.host_uid, peer.reachable});
  }
  return out;
}

void KubeHost::forget(const kube::Member& member, std::function<void(const Status&)> done) {
  v1::ForgetRequest request;
  request.add_names(member.id);
  api_.forget(request, [done = std::move(done)](const Result<v1::Forgotten>& forgotten) {
    done(forgotten ? Status() : Status(forgotten.error()));
  });
}

}  // namespace overlay::daemon
