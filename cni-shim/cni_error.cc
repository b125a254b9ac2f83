// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/cni_error.h"

#include <boost/json.hpp>

namespace overlay::cni {
namespace {

Code code_of(Errc kind) {
  switch (kind) {
    case Errc::unavailable:
      return Code::try_again;
    case Errc::exhausted:
      return Code::exhausted;
    case Errc::refused:
      return Code::refused;
    case Errc::conflict:
      return Code::taken;
    case Errc::exists:
      return Code::exists;
    case Errc::io:
    case Errc::corrupt:
      return Code::io;
    case Errc::invalid:
    case Errc::not_found:
    case Errc::unsupported:
      break;
  }
  return Code::failed;
}

}  // namespace

CniError::CniError(const Error& error) : CniError(code_of(error.code), error.text) {}

std::string to_json(const CniError& error, std::string_view spec_version) {
  boost::json::object out;
  out["cniVersion"] = spec_version;
  out["code"] = static_cast<std::uint32_t>(error.code);
  out["msg"] = error.msg;
  if (!error.details.empty()) out["details"] = error.details;
  return boost::json::serialize(out);
}

}  // namespace overlay::cni
