// SPDX-License-Identifier: Apache-2.0
#include "overlay/base/result.h"

#include <stdexcept>

namespace overlay {

std::string_view name(Errc code) {
  switch (code) {
    case Errc::invalid:
      return "invalid";
    case Errc::not_found:
      return "not found";
    case Errc::exists:
      return "exists";
    case Errc::conflict:
      return "conflict";
    case Errc::refused:
      return "refused";
    case Errc::unavailable:
      return "unavailable";
    case Errc::exhausted:
      return "exhausted";
    case Errc::io:
      return "i/o";
    case Errc::corrupt:
      return "corrupt";
    case Errc::unsupported:
      return "unsupported";
  }
  return "unknown";
}

void throw_exception_from_error(const Error& error, const boost::source_location& /*where*/) {
  throw std::logic_error("value() of a failed result: " + error.text);
}

Error with_context(std::string_view context, Error error) {
  error.text = std::string(context) + ": " + error.text;
  return error;
}

}  // namespace overlay
