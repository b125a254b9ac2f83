// SPDX-License-Identifier: Apache-2.0
#include "overlay/wire/convert.h"

#include <algorithm>

#include "overlay/wire/decree.h"

namespace overlay::wire {
namespace {

template <class Proto>
Result<Proto> parse(std::string_view body, std::string_view what) {
  Proto out;
  if (!out.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return fail(Errc::invalid, "a " + std::string(what) + " that does not parse");
  }
  return out;
}

template <class Proto>
Bytes serialised(const Proto& proto) {
  // Protobuf is deterministic here: no maps and one writer; still, only the author's bytes are ever signed or
  // hashed.
  return proto.SerializeAsString();
}

v1::Genesis to_proto(const consensus::Genesis& genesis) {
  v1::Genesis out;
  for (const Prefix& pool : genesis.pools) *out.add_pools() = wire::to_proto(pool);
  out.set_block_length_v4(static_cast<std::uint32_t>(genesis.block_length_v4));
  out.set_block_length_v6(static_cast<std::uint32_t>(genesis.block_length_v6));
  out.set_vxlan_port(genesis.vxlan_port);
  out.set_vni(genesis.vni);
  out.set_underlay_family(static_cast<std::uint32_t>(genesis.underlay_family));
  out.set_encryption(static_cast<std::uint32_t>(genesis.encryption));
  out.set_seats(genesis.seats);
  for (const PublicKey& voter : genesis.voters) out.add_voters(voter.str());
  out.set_nonce(genesis.nonce.str());
  out.set_feature_level(genesis.feature_level);
  out.set_ipam(static_cast<std::uint32_t>(genesis.ipam));
  return out;
}

v1::Wireguard to_proto(const WireguardInfo& info) {
  v1::Wireguard out;
  out.set_public_key(info.public_key.str());
  out.set_port(info.port);
  for (const std::uint64_t secret : info.secrets) out.add_secrets(secret);
  return out;
}

v1::NodeInfo to_proto(const NodeInfo& info) {
  v1::NodeInfo out;
  out.set_name(info.name);
  out.set_zone(info.zone);
  out.set_version(info.version);
  for (const Endpoint& endpoint : info.endpoints) *out.add_endpoints() = wire::to_proto(endpoint);
  for (const Ip& address : info.underlay) out.add_underlay(Bytes(address.bytes()));
  out.set_vtep_mac(info.vtep_mac.str());
  out.set_features(info.features);
  out.set_host_uid(info.host_uid);
  for (const Ip& address : info.hosts) out.add_hosts(Bytes(address.bytes()));
  out.set_lapsed(info.lapsed);
  out.set_leaving(info.leaving);
  if (info.wireguard) *out.mutable_wireguard() = to_proto(*info.wireguard);
  return out;
}

v1::LinkSet to_proto(const LinkSet& links) {
  v1::LinkSet out;
  for (const NodeHandle peer : links.peers) out.add_peers(peer);
  return out;
}

v1::Fork to_proto(const ForkRecord& fork) {
  v1::Fork out;
  out.set_one(fork.one);
  out.set_other(fork.other);
  return out;
}

v1::Block to_proto(const ipam::BlockRecord& block) {
  v1::Block out;
  *out.mutable_prefix() = wire::to_proto(block.prefix);
  out.set_seat(block.seat);
  out.set_state(static_cast<std::uint32_t>(block.state));
  if (block.state == ipam::BlockState::owned) {
    out.set_owner(block.owner.str());
    out.set_request(block.request.str());
  }
  if (block.state == ipam::BlockState::free) out.set_release(block.release);
  return out;
}

Status read_genesis_lists(const v1::Genesis& from, consensus::Genesis& to) {
  OVERLAY_CHECK(bounded_count(from.pools_size(), 2, "pools"));
  for (const auto& pool : from.pools()) {
    OVERLAY_TRY(const Prefix prefix, wire::from_proto(pool));
    to.pools.push_back(prefix);
  }
  OVERLAY_CHECK(bounded_count(from.voters_size(), 5, "voters"));
  for (const auto& voter : from.voters()) {
    OVERLAY_TRY(const PublicKey key, PublicKey::parse(voter));
    to.voters.push_back(key);
  }
  return {};
}

Result<WireguardInfo> from_proto(const v1::Wireguard& from) {
  WireguardInfo out;
  OVERLAY_TRY(out.public_key, WireguardKey::parse(from.public_key()));
  if (from.port() == 0 || from.port() > 65535) {
    return fail(Errc::invalid, "a WireGuard port " + std::to_string(from.port()));
  }
  out.port = static_cast<std::uint16_t>(from.port());
  OVERLAY_CHECK(bounded_count(from.secrets_size(), max_secrets, "secrets"));
  out.secrets.assign(from.secrets().begin(), from.secrets().end());
  return out;
}

Result<std::vector<Ip>> addresses_from(const google::protobuf::RepeatedPtrField<std::string>& from,
                                       std::string_view what) {
  OVERLAY_CHECK(bounded_count(from.size(), max_endpoints, what));
  std::vector<Ip> out;
  for (const auto& address : from) {
    OVERLAY_TRY(const Ip value, Ip::from_bytes(address));
    out.push_back(value);
  }
  return out;
}

}  // namespace

Result<std::string> bounded_text(const std::string& text, std::size_t limit, std::string_view what) {
  if (text.size() > limit) {
    return fail(Errc::invalid, "a " + std::string(what) + " of " + std::to_string(text.size()) +
                                   " bytes, over " + std::to_string(limit));
  }
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), control)) {
    return fail(Errc::invalid, "a " + std::string(what) + " with control characters");
  }
  return text;
}

Status bounded_count(int count, std::size_t limit, std::string_view what) {
  if (static_cast<std::size_t>(count) <= limit) return {};
  return fail(Errc::invalid,
              std::to_string(count) + " " + std::string(what) + ", over " + std::to_string(limit));
}

Result<Family> family_from(std::uint32_t number) {
  if (number == 4) return Family::v4;
  if (number == 6) return Family::v6;
  return fail(Errc::invalid, "address family " + std::to_string(number));
}

v1::Endpoint to_proto(const Endpoint& endpoint) {
  v1::Endpoint out;
  out.set_address(Bytes(endpoint.address.bytes()));
  out.set_port(endpoint.port);
  return out;
}

Result<Endpoint> from_proto(const v1::Endpoint& endpoint) {
  OVERLAY_TRY(const Ip address, Ip::from_bytes(endpoint.address()));
  if (endpoint.port() == 0 || endpoint.port() > 65535) {
    return fail(Errc::invalid, "an endpoint with port " + std::to_string(endpoint.port()));
  }
  return Endpoint{address, static_cast<std::uint16_t>(endpoint.port())};
}

v1::Prefix to_proto(const Prefix& prefix) {
  v1::Prefix out;
  out.set_address(Bytes(prefix.address().bytes()));
  out.set_length(static_cast<std::uint32_t>(prefix.length()));
  return out;
}

Result<Prefix> from_proto(const v1::Prefix& prefix) {
  OVERLAY_TRY(const Ip address, Ip::from_bytes(prefix.address()));
  if (prefix.length() > 128)
    return fail(Errc::invalid, "a prefix of length " + std::to_string(prefix.length()));
  return Prefix::make(address, static_cast<int>(prefix.length()));
}

Bytes encode_body(const RecordBody& body) {
  return std::visit([](const auto& value) { return serialised(to_proto(value)); }, body);
}

Result<consensus::Genesis> decode_genesis(std::string_view body) {
  OVERLAY_TRY(const auto from, parse<v1::Genesis>(body, "genesis"));
  consensus::Genesis out;
  OVERLAY_CHECK(read_genesis_lists(from, out));
  if (from.block_length_v4() > 32 || from.block_length_v6() > 128 || from.vxlan_port() > 65535) {
    return fail(Errc::invalid, "a genesis with numbers out of range");
  }
  out.block_length_v4 = static_cast<int>(from.block_length_v4());
  out.block_length_v6 = static_cast<int>(from.block_length_v6());
  out.vxlan_port = static_cast<std::uint16_t>(from.vxlan_port());
  out.vni = from.vni();
  OVERLAY_TRY(out.underlay_family, family_from(from.underlay_family()));
  if (from.encryption() != 1 && from.encryption() != 2) {
    return fail(Errc::unsupported, "a genesis with encryption " + std::to_string(from.encryption()) +
                                       ", which this version does not know; upgrade this node");
  }
  out.encryption = static_cast<consensus::Encryption>(from.encryption());
  out.seats = from.seats();
  OVERLAY_TRY(out.nonce, Nonce::parse(from.nonce()));
  out.feature_level = from.feature_level();
  if (from.ipam() > 1) {
    return fail(Errc::unsupported, "a genesis with ipam " + std::to_string(from.ipam()) +
                                       ", which this version does not know; upgrade this node");
  }
  out.ipam = static_cast<consensus::Ipam>(from.ipam());
  OVERLAY_CHECK(validate(out));
  return out;
}

Result<NodeInfo> decode_node_info(std::string_view body) {
  OVERLAY_TRY(const auto from, parse<v1::NodeInfo>(body, "node record"));
  NodeInfo out;
  OVERLAY_TRY(out.name, bounded_text(from.name(), max_text, "name"));
  OVERLAY_TRY(out.zone, bounded_text(from.zone(), max_text, "zone"));
  OVERLAY_TRY(out.version, bounded_text(from.version(), max_text, "version"));
  OVERLAY_CHECK(bounded_count(from.endpoints_size(), max_endpoints, "endpoints"));
  for (const auto& endpoint : from.endpoints()) {
    OVERLAY_TRY(const Endpoint value, from_proto(endpoint));
    out.endpoints.push_back(value);
  }
  OVERLAY_TRY(out.underlay, addresses_from(from.underlay(), "underlay addresses"));
  OVERLAY_TRY(out.vtep_mac, Mac::parse(from.vtep_mac()));
  out.features = from.features();
  OVERLAY_TRY(out.host_uid, bounded_text(from.host_uid(), max_text, "host uid"));
  OVERLAY_TRY(out.hosts, addresses_from(from.hosts(), "host addresses"));
  out.lapsed = from.lapsed();
  out.leaving = from.leaving();
  if (from.has_wireguard()) {
    OVERLAY_TRY(out.wireguard, from_proto(from.wireguard()));
  }
  return out;
}

Result<LinkSet> decode_link_set(std::string_view body) {
  OVERLAY_TRY(const auto from, parse<v1::LinkSet>(body, "links record"));
  OVERLAY_CHECK(bounded_count(from.peers_size(), max_links, "links"));
  LinkSet out{{from.peers().begin(), from.peers().end()}};
  if (!std::is_sorted(out.peers.begin(), out.peers.end()))
    return fail(Errc::invalid, "links that are not sorted");
  return out;
}

Result<ipam::BlockRecord> decode_block(std::string_view body, RecordVersion version) {
  OVERLAY_TRY(const auto from, parse<v1::Block>(body, "block record"));
  ipam::BlockRecord out;
  OVERLAY_TRY(out.prefix, wire::from_proto(from.prefix()));
  out.epoch = {version.major, version.minor};
  out.seat = from.seat();
  if (from.state() < 1 || from.state() > 3) {
    return fail(Errc::invalid, "a block in state " + std::to_string(from.state()));
  }
  out.state = static_cast<ipam::BlockState>(from.state());
  if (out.state == ipam::BlockState::owned) {
    OVERLAY_TRY(out.owner, NodeId::parse(from.owner()));
    OVERLAY_TRY(out.request, RequestId::parse(from.request()));
  }
  if (out.state == ipam::BlockState::free) out.release = from.release();
  return out;
}

}  // namespace overlay::wire
