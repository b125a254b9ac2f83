// SPDX-License-Identifier: Apache-2.0
// Domain values <-> protobuf, shared by messages, records and the log. Every limit on remote data is here.
#pragma once

#include "overlay/v1/mesh.pb.h"
#include "overlay/wire/record.h"

namespace overlay::wire {

inline constexpr std::size_t max_text = 255;       // names, versions, bytes
inline constexpr std::size_t max_sentence = 1024;  // refusals, bytes
inline constexpr std::size_t max_endpoints = 8;
inline constexpr std::size_t max_secrets = 8;
inline constexpr std::size_t max_links = 4096;
inline constexpr std::size_t max_contacts = 16;
inline constexpr std::size_t max_records = 1024;  // in one frame
inline constexpr std::size_t max_own_blocks = 4096;
inline constexpr std::size_t max_digest_entries = 4096;
inline constexpr std::size_t max_hops = 32;
inline constexpr std::size_t max_asked = 64;  // nodes in one question

/// Printable UTF-8-agnostic text of bounded length: no control characters, so that it can be logged as it is.
[[nodiscard]] Result<std::string> bounded_text(const std::string& text, std::size_t limit,
                                               std::string_view what);
/// A repeated field of at most `limit` items.
[[nodiscard]] Status bounded_count(int count, std::size_t limit, std::string_view what);
[[nodiscard]] Result<Family> family_from(std::uint32_t number);

v1::Endpoint to_proto(const Endpoint& endpoint);
[[nodiscard]] Result<Endpoint> from_proto(const v1::Endpoint& endpoint);
v1::Prefix to_proto(const Prefix& prefix);
[[nodiscard]] Result<Prefix> from_proto(const v1::Prefix& prefix);

Bytes encode_body(const RecordBody& body);
[[nodiscard]] Result<consensus::Genesis> decode_genesis(std::string_view body);
[[nodiscard]] Result<NodeInfo> decode_node_info(std::string_view body);
[[nodiscard]] Result<LinkSet> decode_link_set(std::string_view body);
/// `version` becomes the record's epoch.
[[nodiscard]] Result<ipam::BlockRecord> decode_block(std::string_view body, RecordVersion version);

}  // namespace overlay::wire
