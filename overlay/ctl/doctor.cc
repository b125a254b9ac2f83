// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/doctor.h"

#include <algorithm>
#include <ostream>

#include "overlay/control/json.h"
#include "overlay/ctl/ask.h"
#include "overlay/ctl/json_text.h"
#include "overlay/ctl/text.h"
#include "overlay/doctor/checks.h"
#include "overlay/doctor/gather.h"

namespace overlay::ctl {

namespace {

using State = doctor::Finding::State;

Outcome<doctor::Answers> ask_daemon(const Client& client) {
  doctor::Answers out;
  OVERLAY_CHECK(ask(client, "/v1/status", out.status));
  OVERLAY_CHECK(ask(client, "/v1/peers", out.peers));
  OVERLAY_CHECK(ask(client, "/v1/links", out.links));
  OVERLAY_CHECK(ask(client, "/v1/ipam", out.ipam));
  OVERLAY_CHECK(ask(client, "/v1/routes", out.routes));
  return out;
}

const char* text_of(State state) {
  switch (state) {
    case State::ok:
      return "ok";
    case State::warn:
      return "warn";
    case State::fail:
      return "fail";
  }
  return "?";
}

Tone tone_of_finding(const std::string& state) {
  if (state == text_of(State::ok)) return Tone::good;
  return state == text_of(State::warn) ? Tone::warning : Tone::bad;
}

v1::Diagnosis diagnose(const doctor::Evidence& evidence) {
  v1::Diagnosis out;
  for (const doctor::Check& check : doctor::checks()) {
    for (const doctor::Finding& finding : check.judge(evidence)) {
      auto& added = *out.add_checks();
      added.set_name(check.name);
      added.set_state(text_of(finding.state));
      added.set_text(finding.text);
      added.set_cure(finding.cure);
    }
  }
  return out;
}

std::size_t count(const v1::Diagnosis& diagnosis, State state) {
  return static_cast<std::size_t>(
      std::ranges::count(diagnosis.checks(), text_of(state), &v1::Diagnosis::Check::state));
}

/// A line a finding, with its cure below it.
std::string show(const v1::Diagnosis& diagnosis, const Look& look) {
  constexpr std::size_t name_width = 19;  // of the longest name and two spaces
  std::string out;
  for (const auto& check : diagnosis.checks()) {
    const std::string name =
        check.name() + std::string(name_width - std::min(name_width, check.name().size()), ' ');
    const std::string mark = check.state() + std::string(6 - check.state().size(), ' ');
    out += toned(mark, tone_of_finding(check.state()), look) + name + printable(check.text()) + "\n";
    if (!check.cure().empty())
      out += std::string(mark.size() + name_width, ' ') + "cure: " + printable(check.cure()) + "\n";
  }
  return out + "\n" + std::to_string(count(diagnosis, State::ok)) + " ok, " +
         std::to_string(count(diagnosis, State::warn)) + " to mind, " +
         std::to_string(count(diagnosis, State::fail)) + " at fault\n";
}

}  // namespace

Outcome<Exit> run_doctor(Run& run) {
  doctor::Evidence evidence;
  const auto answers = ask_daemon(run.client);
  if (answers) evidence.daemon = *answers;
  if (!answers) evidence.no_daemon = answers.error().text;
  doctor::gather(run.options.places, evidence);
  const auto diagnosis = diagnose(evidence);
  const bool json = run.options.format == Format::json;
  run.console.out << (json ? indented(control::to_json(diagnosis)) : show(diagnosis, run.look()));
  return count(diagnosis, State::fail) == 0 ? Exit::done : Exit::no;
}

}  // namespace overlay::ctl
