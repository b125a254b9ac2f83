// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/attachment.h"

#include <boost/json.hpp>

namespace overlay::cni {

std::string to_json(const Attachment& attachment) { return to_json(attachment, Wishes()); }

std::string to_json(const Attachment& attachment, const Wishes& wishes) {
  boost::json::object out{{"network", attachment.network},
                          {"container", attachment.container},
                          {"interface", attachment.interface}};
  boost::json::array addresses;
  for (const Ip& address : wishes.addresses) addresses.emplace_back(address.text());
  if (!addresses.empty()) out["addresses"] = std::move(addresses);
  if (wishes.mac) out["mac"] = text(*wishes.mac);
  if (wishes.without_ipv6) out["without_ipv6"] = true;
  if (!wishes.masquerade) out["without_masquerade"] = true;
  return boost::json::serialize(out);
}

std::string to_json(const std::string& network, const std::set<Attachment>& valid) {
  boost::json::array list;
  for (const Attachment& one : valid) {
    list.push_back(boost::json::object{{"container", one.container}, {"interface", one.interface}});
  }
  return boost::json::serialize(boost::json::object{{"network", network}, {"valid", std::move(list)}});
}

}  // namespace overlay::cni
