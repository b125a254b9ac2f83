// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/targets.h"

#include <algorithm>

namespace overlay::node {
namespace {

bool has(const std::vector<HostPort>& hosts, const HostPort& host) {
  return std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

void add(std::vector<HostPort>& hosts, const HostPort& host) {
  if (!has(hosts, host)) hosts.push_back(host);
}

std::string list_of(const std::vector<HostPort>& hosts) {
  std::string out;
  for (const HostPort& host : hosts) out += (out.empty() ? "" : ", ") + host.text();
  return out.empty() ? "none" : out;
}

}  // namespace

void Targets::connect(CallId call, const std::vector<HostPort>& hosts) {
  wire::TargetsEntry entry = context_.targets;
  for (const HostPort& host : hosts) {
    if (!has(context_.config.join, host)) add(entry.hosts, host);
  }
  put(std::move(entry));
  context_.answer(call, {});
}

void Targets::disconnect(CallId call, const std::vector<HostPort>& hosts) {
  wire::TargetsEntry entry = context_.targets;
  for (const HostPort& host : hosts) {
    if (const Status may = may_drop(host); !may) return context_.answer(call, may);
    std::erase(entry.hosts, host);
  }
  put(std::move(entry));
  context_.answer(call, {});
}

Status Targets::may_drop(const HostPort& host) const {
  if (has(context_.targets.hosts, host)) return {};
  if (has(context_.config.join, host)) {
    return fail(Errc::refused, host.text() +
                                   " is a --join target of overlayd's command line: take it away there, "
                                   "and start overlayd again");
  }
  if (has(discovered_, host)) {
    return fail(Errc::refused,
                host.text() + " is the address of a Kubernetes Node: it is called while that is there");
  }
  return fail(Errc::not_found, host.text() + " is no join target; there are: " + list_of(all()));
}

void Targets::discover(std::vector<HostPort> hosts) {
  discovered_ = std::move(hosts);
  context_.mesh->retarget(all());
}

std::vector<HostPort> Targets::all() const {
  std::vector<HostPort> out = context_.config.join;
  for (const HostPort& host : context_.targets.hosts) add(out, host);
  for (const HostPort& host : discovered_) add(out, host);
  return out;
}

/// Each that comes or goes.
void Targets::tell_changes(const wire::TargetsEntry& entry) {
  const auto tell_missing = [this](const auto& hosts, const auto& others, const char* from, const char* to) {
    for (const HostPort& host : hosts) {
      if (has(others, host)) continue;
      context_.say({Event::Level::info, "target", host.text(), from, to, "as an operator said"});
    }
  };
  tell_missing(entry.hosts, context_.targets.hosts, "", "called");
  tell_missing(context_.targets.hosts, entry.hosts, "called", "dropped");
}

void Targets::put(wire::TargetsEntry entry) {
  if (entry == context_.targets) return;
  tell_changes(entry);
  context_.targets = std::move(entry);
  context_.persist(context_.targets);
  context_.mesh->retarget(all());
}

}  // namespace overlay::node
