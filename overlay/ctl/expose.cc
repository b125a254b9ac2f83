// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/expose.h"

#include <ostream>

#include "overlay/ctl/json_text.h"
#include "overlay/ctl/post.h"

namespace overlay::ctl {

namespace {

/// `done` begins the sentence that the addresses end; `none` is there for no address.
Outcome<Exit> change_exposure(const Run& run, const std::string& path, const std::string& done,
                              const std::string& none) {
  v1::ExposeRequest request;
  request.set_address(run.options.address);
  OVERLAY_TRY(const auto answer, post<v1::Exposed>(run, path, request));
  const bool json = run.options.format == Format::json;
  run.console.out << (json                         ? indented(control::to_json(answer))
                      : answer.addresses().empty() ? none + "\n"
                                                   : done + listed(answer.addresses()) + "\n");
  return Exit::done;
}

}  // namespace

Outcome<Exit> run_expose(Run& run) {
  return change_exposure(run, "/v1/expose", "this host is exposed as ", "this host is not exposed");
}

Outcome<Exit> run_hide(Run& run) {
  return change_exposure(run, "/v1/hide", "this host is no longer exposed as ", "this host was not exposed");
}

}  // namespace overlay::ctl
