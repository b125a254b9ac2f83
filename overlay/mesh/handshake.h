// SPDX-License-Identifier: Apache-2.0
// The handshake of a session: both sides say hello at once, judge the other's, then prove that they hold the
// key their hello names. Pure functions; the session table drives them.
//
//   dialler                     acceptor
//      | ------- Hello ----------> |
//      | <------ Hello ----------- |     a hello that does not fit is answered by Refusal: the end
//      | ------- Proof ----------> |
//      | <------ Proof ----------- |     covers both hellos, the role and the connection: no replay, no
//                                        reflection, nobody in the middle
#pragma once

#include <string>

#include "overlay/base/crypto.h"
#include "overlay/mesh/effects.h"
#include "overlay/wire/message.h"

namespace overlay::mesh {

/// Who this node is to its peers.
struct Self {
  KeyPair identity;
  NodeId id;
  std::string name;
  std::string version;
  std::uint64_t incarnation = 0;
  ClusterId cluster;          // zero: none yet
  std::vector<Prefix> pools;  // of the cluster, or asked for by hand; empty: any
};

wire::Hello make_hello(const Self& self, const Nonce& nonce);

/// Why the two cannot be peers: a sentence that reads right in both logs, or success. `nonce_is_ours`: the
/// peer's nonce is one we sent, so we called ourselves (Errc::exists); the same key with another nonce is a
/// copy of us.
[[nodiscard]] Status judge_hello(const Self& self, const wire::Hello& peer, bool nonce_is_ours);

/// Whether the peer is the node that its certificate is of.
[[nodiscard]] Status judge_certificate(const wire::Hello& peer, const Channel& channel);

/// Two different clusters, in one sentence for both logs.
std::string other_cluster(std::string_view my_name, const ClusterId& mine, std::string_view their_name,
                          const ClusterId& theirs);

/// What a proof is about. Both sides must have seen the same.
struct Transcript {
  std::string_view dialler_hello;  // the frames as they travelled
  std::string_view acceptor_hello;
  std::string_view binding;  // of the secured connection they travelled on; empty on a plain one
};

wire::Proof make_proof(const KeyPair& identity, bool dialler, const Transcript& seen);
[[nodiscard]] Status judge_proof(const wire::Proof& proof, const PublicKey& peer, bool peer_is_dialler,
                                 const Transcript& seen);

}  // namespace overlay::mesh
