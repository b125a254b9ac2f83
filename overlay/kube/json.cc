// SPDX-License-Identifier: Apache-2.0
#include "overlay/kube/json.h"

namespace overlay::kube {

Result<json::value> parse_json(std::string_view text) {
  boost::system::error_code error;
  json::value out = json::parse(json::string_view(text.data(), text.size()), error);
  if (!error) return out;
  return fail(Errc::invalid, "the API server's answer is no JSON: " + error.message());
}

const json::value* find(const json::value& value, std::string_view pointer) {
  boost::system::error_code missing;
  return value.find_pointer(json::string_view(pointer.data(), pointer.size()), missing);
}

std::string text_at(const json::value& value, std::string_view pointer) {
  const json::value* found = find(value, pointer);
  return found != nullptr && found->is_string() ? std::string(std::string_view(found->as_string())) : "";
}

std::int64_t number_at(const json::value& value, std::string_view pointer) {
  const json::value* found = find(value, pointer);
  return found != nullptr && found->is_int64() ? found->as_int64() : 0;
}

const json::array& list_at(const json::value& value, std::string_view pointer) {
  static const json::array none;
  const json::value* found = find(value, pointer);
  return found != nullptr && found->is_array() ? found->as_array() : none;
}

}  // namespace overlay::kube
