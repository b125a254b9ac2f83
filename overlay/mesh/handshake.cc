// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/handshake.h"

#include <algorithm>

namespace overlay::mesh {
namespace {

std::string range(std::uint32_t low, std::uint32_t high) {
  return std::to_string(low) + (low == high ? "" : ".." + std::to_string(high));
}

std::string list(const std::vector<Prefix>& prefixes) {
  std::string out;
  for (const Prefix& prefix : prefixes) out += (out.empty() ? "" : ", ") + prefix.text();
  return out;
}

Status judge_protocol(const Self& self, const wire::Hello& peer) {
  if (peer.protocol_max >= wire::protocol_min && peer.protocol_min <= wire::protocol_max) return {};
  return fail(Errc::refused, "no common protocol: " + self.name + " (overlayd " + self.version + ") speaks " +
                                 range(wire::protocol_min, wire::protocol_max) + ", " + peer.name +
                                 " (overlayd " + peer.version + ") speaks " +
                                 range(peer.protocol_min, peer.protocol_max) + "; upgrade the older one");
}

Status judge_pools(const Self& self, const wire::Hello& peer) {
  if (self.pools.empty() || peer.pools.empty() || self.pools == peer.pools) return {};
  return fail(Errc::refused, "pools differ: " + self.name + " has " + list(self.pools) + ", " + peer.name +
                                 " has " + list(peer.pools) + "; start the one that joins without --pool");
}

Bytes proof_text(bool dialler, const Transcript& seen) {
  Bytes out = dialler ? "overlay session v1 dialler" : "overlay session v1 acceptor";
  out += sha256(seen.dialler_hello).view();
  out += sha256(seen.acceptor_hello).view();
  out += sha256(seen.binding).view();
  return out;
}

}  // namespace

wire::Hello make_hello(const Self& self, const Nonce& nonce) {
  wire::Hello out;
  out.cluster = self.cluster;
  out.public_key = self.identity.public_key;
  out.incarnation = self.incarnation;
  out.nonce = nonce;
  out.name = self.name;
  out.version = self.version;
  out.pools = self.pools;
  return out;
}

std::string other_cluster(std::string_view my_name, const ClusterId& mine, std::string_view their_name,
                          const ClusterId& theirs) {
  return "different clusters: " + std::string(my_name) + " is in " + mine.short_hex() + ", " +
         std::string(their_name) + " is in " + theirs.short_hex() +
         "; to move a host, stop it, remove its state directory and start it with " + "--join alone";
}

Status judge_hello(const Self& self, const wire::Hello& peer, bool nonce_is_ours) {
  OVERLAY_CHECK(judge_protocol(self, peer));
  if (nonce_is_ours) return fail(Errc::exists, self.name + " called itself");
  if (peer.public_key == self.identity.public_key) {
    return fail(Errc::conflict, self.name + " and " + peer.name + " have the same identity " +
                                    self.id.short_hex() +
                                    "; one is a copy of the other: remove the state directory of the copy");
  }
  if (!self.cluster.is_zero() && !peer.cluster.is_zero() && self.cluster != peer.cluster) {
    return fail(Errc::refused, other_cluster(self.name, self.cluster, peer.name, peer.cluster));
  }
  return judge_pools(self, peer);
}

Status judge_certificate(const wire::Hello& peer, const Channel& channel) {
  const auto id = hash_id<NodeId>(peer.public_key.view());
  if (!channel.certified || *channel.certified == id) return {};
  return fail(Errc::refused, peer.name + " is the node " + id.hex() +
                                 " and shows a certificate of the node " + channel.certified->hex() +
                                 "; give each host the certificate of its own node");
}

wire::Proof make_proof(const KeyPair& identity, bool dialler, const Transcript& seen) {
  return {identity.sign(proof_text(dialler, seen))};
}

Status judge_proof(const wire::Proof& proof, const PublicKey& peer, bool peer_is_dialler,
                   const Transcript& seen) {
  if (verify(peer, proof_text(peer_is_dialler, seen), proof.signature)) return {};
  return fail(Errc::refused,
              "the peer does not hold the key its hello names, or somebody stands between the two");
}

}  // namespace overlay::mesh
