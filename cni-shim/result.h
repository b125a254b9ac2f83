// SPDX-License-Identifier: Apache-2.0
// The CNI result: what ADD prints and what CHECK is given back as `prevResult`.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cni-shim/cni_error.h"
#include "cni-shim/spec_version.h"
#include "overlay/addr/ip.h"
#include "overlay/addr/prefix.h"

namespace overlay::cni {

struct Attached {
  struct Interface {
    std::string name;
    std::string mac;
    std::uint32_t mtu = 0;  // bytes; 0: not said
    std::string sandbox;    // the namespace's path; empty: on the host

    friend bool operator==(const Interface&, const Interface&) = default;
  };
  struct Address {
    Prefix prefix;  // of one host
    std::optional<Ip> gateway;
    std::optional<std::size_t> interface;  // an index into `interfaces`

    friend bool operator==(const Address&, const Address&) = default;
  };
  struct Route {
    Prefix destination;
    std::optional<Ip> gateway;

    friend bool operator==(const Route&, const Route&) = default;
  };

  std::vector<Interface> interfaces;
  std::vector<Address> addresses;
  std::vector<Route> routes;

  friend bool operator==(const Attached&, const Attached&) = default;
};

/// The JSON object of that version of the specification.
boost::json::object to_json(const Attached& result, SpecVersion version);

/// The same behind what plugins before this one in the chain have made; `earlier` is a result of that
/// version.
boost::json::object to_json(const Attached& result, SpecVersion version, const boost::json::object& earlier);

/// Any version's. Addresses and routes that are no aligned prefixes are skipped: another plugin made them,
/// ours never are. Code::bad_config where the shape is wrong.
[[nodiscard]] Outcome<Attached> parse_result(const boost::json::object& object);

}  // namespace overlay::cni
