// SPDX-License-Identifier: Apache-2.0
// The voters as this node sees them now: who is reachable, who could be one. Pure functions of the context.
#pragma once

#include "overlay/consensus/voters.h"
#include "overlay/node/context.h"

namespace overlay::node {

/// A path of links leads to `node`, or it is this one.
bool is_here(const Context& context, const NodeId& node);
/// The voters that are here and may vote, by position.
std::vector<NodeId> voters_here(const Context& context);
/// A majority of the voters is.
bool majority_is_here(const Context& context);
/// Through whom wishes go, so that two rarely propose at once: of the voters that are here the lowest id.
std::optional<NodeId> lowest_voter(const Context& context);
/// This decree of the chain has other voters than the one it follows.
bool seats_others(const Context& context, const consensus::Decree& decree);
/// The last decree up to `index` that did; 0: genesis.
std::uint64_t seated_since(const Context& context, std::uint64_t index);
std::uint64_t seated_since(const Context& context);
/// Its disk was behind what others remember of it: its vote would be worth nothing.
bool is_lapsed(const Context& context, const NodeId& node);
/// It was told to leave the cluster, and may be removed while it lives.
bool is_leaving(const Context& context, const NodeId& node);
/// The nodes of the cluster that are known, and voters of which nothing more is.
std::vector<consensus::Member> members(const Context& context, Time now);

/// The highest feature level that every member that is here knows.
std::uint32_t common_feature_level(const Context& context);

/// "h1, h2 and h3"
std::string names_of(const Context& context, const std::vector<NodeId>& nodes);
std::vector<NodeId> ids_of(const std::vector<PublicKey>& keys);

}  // namespace overlay::node
