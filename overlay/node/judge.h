// SPDX-License-Identifier: Apache-2.0
// Which records may exist: what a well-signed record must satisfy before a node believes it.
#pragma once

#include "overlay/node/context.h"

namespace overlay::node {

/// A pure function of the record and the decrees; the errors are those of mesh::Mesh::Judge.
[[nodiscard]] Status judge(const Context& context, const wire::Record& record);

/// Whether `prefix` lies in the space of this seat.
bool in_seat(const Context& context, const Prefix& prefix, std::uint32_t seat);

/// Who gave up what by the release in a block record; Errc::invalid when it is no release of this prefix.
[[nodiscard]] Result<wire::Statement> read_release(const Context& context, const ipam::BlockRecord& block);

}  // namespace overlay::node
