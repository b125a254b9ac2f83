// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/electorate.h"

#include <algorithm>

namespace overlay::node {
namespace {

consensus::Member member(const Context& context, const PublicKey& key, const NodeId& id,
                         const std::string& zone, Time now) {
  const Time since =
      id == context.id ? context.started : context.mesh->reach_changed(id).value_or(context.started);
  return {key, zone, is_here(context, id), now - since, is_lapsed(context, id), is_leaving(context, id)};
}

}  // namespace

bool is_here(const Context& context, const NodeId& node) {
  return node == context.id || context.mesh->reaches(node);
}

bool seats_others(const Context& context, const consensus::Decree& decree) {
  return decree.voters != context.chain->voters(decree.follows);
}

std::uint64_t seated_since(const Context& context, std::uint64_t index) {
  const auto& decrees = context.chain->decrees();
  for (auto decree = decrees.rbegin(); decree != decrees.rend(); ++decree) {
    if (decree->index <= index && seats_others(context, *decree)) return decree->index;
  }
  return 0;
}

std::uint64_t seated_since(const Context& context) { return seated_since(context, context.chain->term()); }

bool is_lapsed(const Context& context, const NodeId& node) {
  if (node == context.id) return context.lapsed;
  const wire::NodeInfo* info = context.mesh->info(node);
  return info != nullptr && info->lapsed;
}

bool is_leaving(const Context& context, const NodeId& node) {
  if (node == context.id) return context.departure.leaving;
  const wire::NodeInfo* info = context.mesh->info(node);
  return info != nullptr && info->leaving;
}

std::vector<NodeId> ids_of(const std::vector<PublicKey>& keys) {
  std::vector<NodeId> out;
  for (const PublicKey& key : keys) out.push_back(hash_id<NodeId>(key.view()));
  return out;
}

std::vector<NodeId> voters_here(const Context& context) {
  std::vector<NodeId> out = ids_of(context.chain->voters());
  std::erase_if(out,
                [&](const NodeId& voter) { return !is_here(context, voter) || is_lapsed(context, voter); });
  return out;
}

bool majority_is_here(const Context& context) {
  return voters_here(context).size() >= consensus::majority_of(context.chain->voters().size());
}

std::optional<NodeId> lowest_voter(const Context& context) {
  const auto here = voters_here(context);
  if (here.empty()) return std::nullopt;
  return *std::min_element(here.begin(), here.end());
}

std::vector<consensus::Member> members(const Context& context, Time now) {
  std::vector<consensus::Member> out = {
      member(context, context.identity.public_key, context.id, context.config.zone, now)};
  context.mesh->records().each(wire::RecordKind::node, [&](const wire::Record& record) {
    const NodeId id = wire::node_of(record.key);  // the hash of its author's key
    if (id == context.id) return;
    out.push_back(member(context, record.author, id, std::get<wire::NodeInfo>(record.body).zone, now));
  });
  for (const PublicKey& voter : context.chain->voters()) {
    const auto id = hash_id<NodeId>(voter.view());
    if (id != context.id && context.mesh->info(id) == nullptr)
      out.push_back(member(context, voter, id, "", now));
  }
  return out;
}

std::uint32_t common_feature_level(const Context& context) {
  std::uint32_t level = consensus::newest_feature_level;
  const mesh::Reach& reach = context.mesh->reach();
  for (mesh::Reach::Index i = 0; i < reach.size(); ++i) {
    if (!reach.reaches(i) || reach.id(i) == context.id) continue;
    const wire::NodeInfo* info = context.mesh->info(reach.id(i));
    level = std::min(level, info == nullptr ? 0 : info->features);
  }
  return level;
}

std::string names_of(const Context& context, const std::vector<NodeId>& nodes) {
  std::string out;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (i > 0) out += i + 1 == nodes.size() ? " and " : ", ";
    out += context.mesh->name_of(nodes[i]);
  }
  return out;
}

}  // namespace overlay::node
