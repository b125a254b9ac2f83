// SPDX-License-Identifier: Apache-2.0
// Decrees, and what voters say to each other to decide them, to and from protobuf. What is decided is bytes:
// whoever passes them on keeps fields it does not know.
#pragma once

#include "overlay/consensus/paxos.h"
#include "overlay/v1/mesh.pb.h"
#include "overlay/wire/record.h"

namespace overlay::wire {

inline constexpr std::size_t max_value_bytes = 96 * 1024;  // of a decree
inline constexpr std::uint64_t max_round = std::uint64_t{1} << 48;

// ---- values ----

/// The bytes that voters accept.
Bytes encode_value(const consensus::Decree& decree);
/// With the hash of these bytes, and valid as far as that shows without a chain.
[[nodiscard]] Result<consensus::Decree> decode_value(std::string_view value);

v1::Decree to_proto(const DecreeRecord& record);
[[nodiscard]] Result<DecreeRecord> decode_decree(std::string_view body);

v1::Change to_proto(const consensus::Change& change);
[[nodiscard]] Result<consensus::Change> from_proto(const v1::Change& change);

// ---- messages of Paxos ----

v1::Prepare to_proto(const consensus::Prepare& message);
v1::Promise to_proto(const consensus::Promise& message);
v1::Accept to_proto(const consensus::Accept& message);
v1::Accepted to_proto(const consensus::Accepted& message);
v1::Nack to_proto(const consensus::Nack& message);
[[nodiscard]] Result<consensus::Prepare> from_proto(const v1::Prepare& message);
[[nodiscard]] Result<consensus::Promise> from_proto(const v1::Promise& message);
[[nodiscard]] Result<consensus::Accept> from_proto(const v1::Accept& message);
[[nodiscard]] Result<consensus::Accepted> from_proto(const v1::Accepted& message);
[[nodiscard]] Result<consensus::Nack> from_proto(const v1::Nack& message);

}  // namespace overlay::wire
