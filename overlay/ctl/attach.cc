// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/attach.h"

#include <algorithm>
#include <boost/json.hpp>
#include <ostream>

#include "cni-shim/commands.h"
#include "overlay/ctl/json_text.h"
#include "overlay/ctl/text.h"

namespace overlay::ctl {

namespace {

/// Of its own, so that no runtime's clean-up takes our attachments for leftovers of its own.
constexpr const char* own_network = "overlayctl";

std::string path_of(const std::string& netns) {
  return netns.find('/') == std::string::npos ? "/run/netns/" + netns : netns;
}

/// A container's id as CNI wants it, the same for the same namespace.
std::string container_of(const std::string& path) {
  std::string out = path.substr(std::min(path.find_first_not_of('/'), path.size()));
  std::ranges::replace_if(
      out, [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_'; }, '.');
  return out;
}

Outcome<std::string> call_plugin(const Run& run, cni::Command command) {
  const auto path = path_of(run.options.netns);
  const cni::Environment environment{command, container_of(path), path, run.options.ifname, {}};
  const boost::json::object config{
      {"cniVersion", "1.1.0"}, {"name", own_network}, {"type", "overlay"}, {"socket", run.client.socket()}};
  const auto answer = cni::run(environment, boost::json::serialize(config));
  if (answer) return *answer;
  const auto& error = answer.error();
  return Stop{Exit::no, error.details.empty() ? error.msg : error.msg + ": " + error.details};
}

/// "10.32.0.5, fd32::5": the addresses of a CNI result.
std::string addresses_of(const std::string& result) {
  std::string out;
  const auto parsed = boost::json::parse(result);
  for (const auto& ip : parsed.at("ips").as_array()) {
    const std::string address(ip.at("address").as_string());
    out += (out.empty() ? "" : ", ") + address.substr(0, address.find('/'));
  }
  return out;
}

}  // namespace

Outcome<Exit> run_attach(Run& run) {
  OVERLAY_TRY(const auto result, call_plugin(run, cni::Command::add));
  const bool whole = run.options.format == Format::json;
  run.console.out << (whole ? indented(result)
                            : printable(run.options.ifname) + " of " + printable(path_of(run.options.netns)) +
                                  " has " + addresses_of(result) + "\n");
  return Exit::done;
}

Outcome<Exit> run_detach(Run& run) {
  OVERLAY_CHECK(call_plugin(run, cni::Command::del));
  return Exit::done;
}

}  // namespace overlay::ctl
