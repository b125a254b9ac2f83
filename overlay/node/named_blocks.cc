// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/named_blocks.h"

#include "overlay/node/judge.h"

namespace overlay::node {

std::optional<Prefix> named_block(const Context& context, Family family) {
  if (!context.names_blocks()) return std::nullopt;
  const auto found = context.named.find(family);
  return found == context.named.end() ? std::nullopt : std::optional(found->second);
}

Status check_is_block(const Context& context, const Prefix& prefix) {
  const int length = context.chain->genesis().block_length(prefix.family());
  if (prefix.length() != length) {
    return fail(Errc::invalid, "the podCIDR " + prefix.text() + " is no /" + std::to_string(length) +
                                   ", as the blocks of this cluster are: set kube-controller-manager's "
                                   "--node-cidr-mask-size, or found the cluster with another --block-prefix");
  }
  if (seat_of(context, prefix)) return {};
  return fail(Errc::invalid, "the podCIDR " + prefix.text() +
                                 " is in no pool of this cluster: 'overlayctl ipam extend' adds the "
                                 "--cluster-cidr of kube-controller-manager");
}

std::string waits_for_name(const Context& context, Family family) {
  if (!context.names_blocks()) return {};
  if (!context.config.kubernetes) {
    return "--kubernetes: the address blocks of this cluster are the podCIDRs of Kubernetes Nodes";
  }
  const auto named = named_block(context, family);
  if (!named) {
    return "an " + std::string(name(family)) +
           " podCIDR of this host's Node: kube-controller-manager gives it one with --allocate-node-cidrs";
  }
  const Status fits = check_is_block(context, *named);
  return fits ? "" : "a podCIDR that fits: " + fits.error().text;
}

Status check_is_free(const Context& context, const ipam::BlockMap& claims, const NodeId& owner,
                     const Prefix& block) {
  for (const ipam::BlockRecord& held : claims.overlapping(block)) {
    if (context.is_forked(held.prefix)) {
      return fail(Errc::conflict, block.text() + " has contradicting owners: see 'overlayctl ipam assign'");
    }
    if (held.state != ipam::BlockState::owned) continue;
    const auto holder = context.chain->successor(held.owner);
    if (!holder || *holder == owner) continue;
    const bool reached = *holder == context.id || context.mesh->reaches(*holder);
    return fail(Errc::conflict, block.text() + " is still owned by " + context.mesh->name_of(*holder) +
                                    (reached ? ", which gives it back when its last pod is gone"
                                             : ", which cannot be reached and has not been forgotten yet"));
  }
  return {};
}

}  // namespace overlay::node
