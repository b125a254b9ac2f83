// SPDX-License-Identifier: Apache-2.0
#include "overlay/kube/http.h"

#include "overlay/kube/json.h"

namespace overlay::kube {
namespace {

constexpr std::size_t quoted_max = 300;

/// The message of a Status object; of anything else, how it begins.
std::string message_of(const Answer& answer) {
  const auto object = parse_json(answer.body);
  std::string text = object ? text_at(*object, "/message") : answer.body;
  if (text.empty()) text = answer.body;
  if (text.size() > quoted_max) text = text.substr(0, quoted_max) + "...";
  return text;
}

Errc code_of(unsigned status) {
  switch (status) {
    case 401:
    case 403:
      return Errc::refused;
    case not_found:
      return Errc::not_found;
    case conflict:
      return Errc::conflict;
    case 400:
    case 422:
      return Errc::invalid;
    default:
      return Errc::unavailable;
  }
}

std::string cure_of(unsigned status) {
  if (status == 401) return "; the token of --kube-account is not of this API server, or has expired";
  if (status == 403) return "; apply the ClusterRole and Roles of manifests/overlay.yaml";
  return {};
}

}  // namespace

Error explain(const Request& request, const Answer& answer) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  return fail(code_of(answer.status), "the Kubernetes API server answered " + request.method + " " + path +
                                          " with " + std::to_string(answer.status) + ": " +
                                          message_of(answer) + cure_of(answer.status));
}

}  // namespace overlay::kube
