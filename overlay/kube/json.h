// SPDX-License-Identifier: Apache-2.0
// Reading of JSON that others wrote: whatever is not there or of another type reads as nothing.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "overlay/base/result.h"

namespace overlay::kube {

namespace json = boost::json;

/// Errc::invalid for what is no JSON, or nested deeper than any Kubernetes object.
[[nodiscard]] Result<json::value> parse_json(std::string_view text);

/// The value at a path like "/metadata/name"; nullptr when there is none.
const json::value* find(const json::value& value, std::string_view pointer);
/// Empty for what is no string.
std::string text_at(const json::value& value, std::string_view pointer);
std::int64_t number_at(const json::value& value, std::string_view pointer);
/// Nothing for what is no list.
const json::array& list_at(const json::value& value, std::string_view pointer);

}  // namespace overlay::kube
