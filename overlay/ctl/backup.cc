// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/backup.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <ostream>

#include "overlay/control/view.h"
#include "overlay/ctl/json_text.h"
#include "overlay/ctl/post.h"
#include "overlay/ctl/version.h"
#include "overlay/store/backup.h"
#include "overlay/store/guarded_file.h"

namespace overlay::ctl {

namespace {

constexpr const char* standard_stream = "-";

Stop refused(const Error& error) { return {Exit::no, error.text}; }

WallTime clock_time() { return std::chrono::floor<WallTime::duration>(std::chrono::system_clock::now()); }

v1::Backup to_message(const store::Backup& backup, const Options& options) {
  v1::Backup out;
  out.set_file(options.file);
  out.set_name(backup.name);
  out.set_id(backup.node.hex());
  out.set_cluster(backup.cluster.hex());
  *out.mutable_taken() = control::to_timestamp(backup.made.taken);
  out.set_version(backup.made.version);
  for (const Prefix& block : backup.blocks) out.add_blocks(block.text());
  out.set_addresses(static_cast<std::uint32_t>(backup.leases));
  out.set_secret(backup.made.secret.has_value());
  return out;
}

/// "h2 (0a1b2c3d of cluster 4e5f6a7b): blocks 10.32.1.0/24; addresses leased: 3"
std::string summary(const v1::Backup& backup) {
  const std::string name = backup.name().empty() ? "the node" : printable(backup.name());
  const std::string blocks = backup.blocks().empty() ? "no blocks" : "blocks " + listed(backup.blocks());
  return name + " (" + backup.id().substr(0, 8) + " of cluster " + backup.cluster().substr(0, 8) +
         "): " + blocks + "; addresses leased: " + std::to_string(backup.addresses());
}

// ---- backup ----

/// What overlayd would answer, where none runs.
Outcome<Bytes> read_state(const std::filesystem::path& directory, const Stop& no_daemon) {
  std::error_code error;
  if (!std::filesystem::exists(directory / "identity", error)) {
    return Stop{no_daemon.exit,
                no_daemon.text + "; and there is no state to be read in " + directory.string()};
  }
  const auto locked = store::StateDir::open(directory);
  if (!locked) return Stop{no_daemon.exit, no_daemon.text + "; " + locked.error().text};
  const auto backup = store::back_up(*locked, clock_time(), std::string(version));
  if (!backup) return refused(backup.error());
  return store::backup_bytes(backup->made, backup->entries);
}

Outcome<Bytes> take(const Run& run) {
  auto answer = run.client.get("/v1/backup");
  if (answer || answer.error().exit != Exit::unreachable) return answer;
  return read_state(run.options.places.state_dir, answer.error());
}

Status check_target(const Options& options) {
  std::error_code error;
  if (options.force || options.file == standard_stream || !std::filesystem::exists(options.file, error))
    return {};
  return fail(Errc::exists, options.file + ": is there already; give another name, or --force to replace it");
}

// ---- restore ----

/// Whoever could read it has this host's key.
void warn_if_open(const store::File& file, std::ostream& err) {
  struct stat info {};
  if (::fstat(file.descriptor(), &info) != 0 || !S_ISREG(info.st_mode) || (info.st_mode & 0077) == 0) return;
  err << file.path().string() << ": others may read it, and it holds the key of a host: chmod it to 0600\n";
}

std::string cure_for(Errc code) {
  if (code == Errc::unsupported)
    return "; nothing was restored: install an overlay as new as the one that made it";
  return "; nothing was restored: take another copy of it, or an older backup";
}

Outcome<store::Backup> read_backup(const Run& run) {
  const auto& name = run.options.file;
  const auto file = store::File::open(name == standard_stream ? "/dev/stdin" : name, O_RDONLY);
  if (!file) return refused(file.error());
  warn_if_open(*file, run.console.err);
  const auto bytes = file->read_all();
  if (!bytes) return refused(bytes.error());
  auto backup = store::parse_backup(*bytes);
  if (backup) return std::move(*backup);
  const Error& error = backup.error();
  return Stop{Exit::no, file->path().string() + ": cannot be restored: " + error.text + cure_for(error.code)};
}

Outcome<void> check_no_daemon(const Client& client) {
  const auto answer = client.get("/v1/version");
  if (!answer && answer.error().exit == Exit::unreachable) return {};
  return Stop{Exit::no, "overlayd runs on this host (" + client.socket() +
                            " answers): stop it first, with 'systemctl stop overlayd'"};
}

std::string what_follows(const v1::Backup& backup) {
  const std::string secret =
      backup.secret() ? ""
                      : "the cluster's secret is not part of it: put it where overlayd looks for it; then ";
  return secret +
         "start overlayd: it asks the voters what has changed since. Where it was removed meanwhile, or "
         "still lives "
         "elsewhere, it takes a new identity instead, and says so\n";
}

}  // namespace

Outcome<Exit> run_backup(Run& run) {
  const Options& options = run.options;
  if (const Status free = check_target(options); !free) return refused(free.error());
  OVERLAY_TRY(const Bytes bytes, take(run));
  const auto backup = store::parse_backup(bytes);
  if (!backup) return Stop{Exit::unreachable, "overlayd's answer cannot be read: " + backup.error().text};
  if (options.file == standard_stream) {
    run.console.out << bytes << std::flush;
    return Exit::done;
  }
  if (const Status kept = store::keep_guarded(options.file, bytes, options.force); !kept)
    return refused(kept.error());
  const auto message = to_message(*backup, options);
  run.console.out << (options.format == Format::json
                          ? indented(control::to_json(message))
                          : printable(options.file) + " has " + summary(message) +
                                "; it holds this host's key: guard it as the host\n");
  return Exit::done;
}

Outcome<Exit> run_restore(Run& run) {
  const Options& options = run.options;
  OVERLAY_TRY(const auto backup, read_backup(run));
  OVERLAY_CHECK(check_no_daemon(run.client));
  const auto directory = store::StateDir::open(options.places.state_dir);
  if (!directory) return refused(directory.error());
  if (const Status restored = store::restore(*directory, backup); !restored) return refused(restored.error());
  auto message = to_message(backup, options);
  message.set_state_dir(directory->path().string());
  run.console.out << (options.format == Format::json
                          ? indented(control::to_json(message))
                          : message.state_dir() + " has " + summary(message) + ", as of " +
                                timestamp(backup.made.taken) + "\n" + what_follows(message));
  return Exit::done;
}

}  // namespace overlay::ctl
