// SPDX-License-Identifier: Apache-2.0
// Which records may exist: what a well-signed record must satisfy before a node believes it.
#pragma once

#include "overlay/node/context.h"

namespace overlay::node {

/// A pure function of the record and the decrees; the errors are those of mesh::Mesh::Judge.
[[nodiscard]] Status judge(const Context& context, const wire::Record& record);

/// In the space of which seat `prefix` lies; none when it is larger than one's, or in no pool.
std::optional<std::uint32_t> seat_of(const Context& context, const Prefix& prefix);

/// A decree that `block` was made under gives exactly its prefix to its owner.
bool is_assigned(const Context& context, const ipam::BlockRecord& block);

/// Who gave up what by the release in a block record; Errc::invalid when it is no release of this prefix.
[[nodiscard]] Result<wire::Statement> read_release(const Context& context, const ipam::BlockRecord& block);

}  // namespace overlay::node
