// SPDX-License-Identifier: Apache-2.0
// Operations of the plan as netlink requests. Pure.
#pragma once

#include "overlay/kernel/devices.h"
#include "overlay/kernel/netlink.h"
#include "overlay/plan/diff.h"

namespace overlay::kernel {

/// Makes the device, down and without alias: neither can be given at creation.
Message encode_new_link(const plan::Link& link);
/// Marks it as ours and brings it up.
Message encode_mark_and_up(const plan::Link& link);
/// Of the device with this index. Changes only what differs: setting the same MAC again would flush its
/// neighbours.
Message encode_link_change(int index, const plan::Link& link, const plan::Link& before);
/// By index, so that another device of that name is safe.
Message encode_link_removal(int index);

/// Addresses, FDB entries, neighbours, nexthops and routes; nothing for other objects, which are not one
/// message. Nexthops and routes are added exclusively: what is there and not ours is refused by the kernel,
/// not replaced.
std::optional<Message> encode(const plan::Operation& operation, const Indices& indices);

}  // namespace overlay::kernel
