// SPDX-License-Identifier: Apache-2.0
// Each answer of the local API as a table. Pure; rows keep the order of the answer, which is sorted.
#pragma once

#include <string>

#include "overlay/ctl/table.h"
#include "overlay/v1/control.pb.h"

namespace overlay::ctl {

std::string show(const v1::Peers& peers, const Look& look);
std::string show(const v1::Paths& paths, const Look& look);
std::string show(const v1::Links& links, const Look& look);
/// `self` is this node's name: only its own blocks have a known number of leased addresses.
std::string show(const v1::Ipam& ipam, const std::string& self, const Look& look);
std::string show(const v1::Addresses& addresses, const Look& look);
/// With `only_differing`, what is as desired is left out.
std::string show(const v1::Routes& routes, bool only_differing, const Look& look);
/// One line, ended by a newline: time, level, kind, subject, old -> new, text.
std::string show(const v1::Event& event, const Look& look);
std::string show(const v1::Version& daemon);

bool differs(const v1::Routes::Object& object);

}  // namespace overlay::ctl
