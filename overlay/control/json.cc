// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/json.h"

#include <google/protobuf/util/json_util.h>

#include <cstdlib>
#include <iostream>

namespace overlay::control {

namespace json = google::protobuf::util;

std::string to_json(const google::protobuf::Message& message) {
  json::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string out;
  // The only failures are a time outside the years 1 to 9999 and text that is not UTF-8: a bug where it was
  // put in.
  const auto status = json::MessageToJsonString(message, &out, options);
  if (status.ok()) return out;
  std::cerr << "bug: " << message.GetTypeName() << " has no JSON: " << status.ToString() << '\n';
  std::abort();
}

Status parse_json(std::string_view text, google::protobuf::Message& message) {
  json::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = json::JsonStringToMessage({text.data(), text.size()}, &message, options);
  if (status.ok()) return {};
  message.Clear();
  return fail(Errc::invalid, "not the JSON of a " + message.GetDescriptor()->name() + ": " +
                                 std::string(status.message().data(), status.message().size()));
}

}  // namespace overlay::control
