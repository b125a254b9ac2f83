// SPDX-License-Identifier: Apache-2.0
// What is asked of the API server, and what it answers.
#pragma once

#include <string>

#include "overlay/base/result.h"

namespace overlay::kube {

struct Request {
  std::string method = "GET";
  std::string target;  // path and query
  std::string body = {};
  std::string content_type = "application/json";
};

struct Answer {
  unsigned status = 0;
  std::string body;

  bool ok() const { return status >= 200 && status < 300; }
};

/// HTTP statuses that mean something of their own here.
inline constexpr unsigned not_found = 404;
inline constexpr unsigned conflict = 409;       // it is there already, or has changed since it was read
inline constexpr unsigned unprocessable = 422;  // a patch's test failed: it has changed since it was read
inline constexpr unsigned gone = 410;           // the resource version is too old: list again

/// Why a request was not carried out, in the API server's words, and the cure where there is one.
Error explain(const Request& request, const Answer& answer);

}  // namespace overlay::kube
