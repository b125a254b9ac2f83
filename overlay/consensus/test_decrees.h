// SPDX-License-Identifier: Apache-2.0
// Decrees with proofs for tests, without the encoding of wire: their hash is drawn from their fields.
#pragma once

#include "overlay/consensus/chain.h"

namespace overlay::consensus {

inline KeyPair key(std::uint8_t number) { return KeyPair::from_seed(SecretSeed{{number}}); }
inline NodeId node(std::uint8_t number) { return key(number).node_id(); }

inline std::vector<PublicKey> public_keys(std::initializer_list<std::uint8_t> numbers) {
  std::vector<PublicKey> out;
  for (const auto number : numbers) out.push_back(key(number).public_key);
  return out;
}

/// A cluster of the voters 1 to `voters`.
inline Chain founded(std::uint8_t voters) {
  Genesis genesis;
  genesis.pools = {Prefix::parse("10.32.0.0/12").value()};
  for (std::uint8_t i = 1; i <= voters; ++i) genesis.voters.push_back(key(i).public_key);
  return Chain(genesis, ClusterId{{7}});
}

/// The next decree of a chain: the same voters and `change`.
inline Decree next(const Chain& chain, const Change& change = {}) {
  Decree decree;
  decree.index = chain.term() + 1;
  decree.follows = chain.term();
  decree.previous = chain.hash();
  decree.voters = chain.voters();
  decree.change = change;
  return decree;
}

/// Gives the decree the hash of a value nobody else has, and signatures of `accepted`.
inline Proof prove(Decree& decree, const ClusterId& cluster, std::initializer_list<std::uint8_t> accepted,
                   const std::string& value = "value") {
  decree.hash = hash_of_value(value + std::to_string(decree.index));
  Proof proof{{1, key(*accepted.begin()).public_key}, {}};
  for (const auto by : accepted) {
    const auto statement = accept_statement(cluster, decree.index, proof.ballot, decree.hash);
    proof.accepted.push_back({key(by).public_key, key(by).sign(statement)});
  }
  return proof;
}

}  // namespace overlay::consensus
