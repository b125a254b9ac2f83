// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/teardown.h"

#include <unistd.h>

#include <filesystem>
#include <ostream>

#include "overlay/control/json.h"
#include "overlay/control/objects.h"
#include "overlay/ctl/json_text.h"
#include "overlay/ctl/text.h"
#include "overlay/kernel/kernel.h"
#include "overlay/kernel/reverse_path.h"

namespace overlay::ctl {

namespace {

/// The objects are found by their marks.
Result<v1::Removed> remove_marked(const std::filesystem::path& run_dir) {
  OVERLAY_TRY(auto kernel, kernel::Kernel::open());
  OVERLAY_TRY(const auto before, kernel.observe(plan::Intent{}));
  OVERLAY_CHECK(kernel.teardown());
  OVERLAY_CHECK(kernel::restore_reverse_path(run_dir / kernel::reverse_path_note));
  OVERLAY_TRY(const auto after, kernel.observe(plan::Intent{}));
  return control::to_removed(before, after);
}

Outcome<v1::Removed> remove_without_daemon(const Stop& no_daemon, const std::filesystem::path& run_dir) {
  if (::geteuid() != 0) {
    return Stop(Exit::unreachable, no_daemon.text + "; without it the objects can be removed by root alone");
  }
  auto removed = remove_marked(run_dir);
  if (!removed) return Stop(Exit::no, removed.error().text);
  return std::move(*removed);
}

Outcome<v1::Removed> remove(const Client& client, const std::filesystem::path& run_dir) {
  const auto json = client.post("/v1/teardown");
  if (!json) {
    if (json.error().exit == Exit::unreachable) return remove_without_daemon(json.error(), run_dir);
    return json.error();
  }
  const auto removed = control::from_json<v1::Removed>(*json);
  if (!removed) return Stop{Exit::unreachable, removed.error().text};
  return *removed;
}

}  // namespace

Outcome<Exit> run_teardown(Run& run) {
  OVERLAY_TRY(const auto removed,
              remove(run.client, std::filesystem::path(run.client.socket()).parent_path()));
  auto& out = run.console.out;
  if (run.options.format == Format::json) {
    out << indented(control::to_json(removed));
    return Exit::done;
  }
  for (const auto& object : removed.objects()) out << "removed " << printable(object) << "\n";
  if (removed.objects().empty()) out << "nothing of the overlay was here\n";
  return Exit::done;
}

}  // namespace overlay::ctl
