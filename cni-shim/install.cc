// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/install.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <optional>
#include <sstream>

#include "cni-shim/conflist.h"
#include "cni-shim/file_descriptor.h"
#include "overlay/kernel/netlink.h"

namespace overlay::cni {
namespace {

namespace fs = std::filesystem;

constexpr const char* plugin_name = "overlay";

std::string cure(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "run it as root";
    case EROFS:
      return "choose a writable directory with --cni-bin-dir or --cni-conf-dir";
    case ENOSPC:
    case EDQUOT:
      return "free some space there";
    case ENOTDIR:
    case EEXIST:
    case EISDIR:
      return "something else has that name, move it away";
    default:
      return "check the path";
  }
}

Error cannot(const std::string& verb, const fs::path& path, int error) {
  return fail(Errc::io, "cannot " + verb + " " + path.string() + ": " + kernel::kernel_error(error).text +
                            "; " + cure(error));
}

/// Nothing when it cannot be read, so that it reads as different.
std::optional<std::string> content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  if (!in || !(out << in.rdbuf())) return std::nullopt;
  return std::move(out).str();
}

bool has_mode(const fs::path& path, mode_t mode) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 && (found.st_mode & 07777) == mode;
}

/// Calls write(2) until all is out or it fails.
bool write_all(const FileDescriptor& file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Status write_durably(const fs::path& path, std::string_view content, mode_t mode) {
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!file) return cannot("create", path, errno);
  if (!write_all(file, content) || ::fchmod(file.get(), mode) != 0 || ::fsync(file.get()) != 0) {
    return cannot("write", path, errno);
  }
  return {};
}

Status sync_directory(const fs::path& path) {
  const FileDescriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return cannot("sync", path, errno);
  return {};
}

/// The file whole or not at all, also after a power cut.
Status replace_file(const fs::path& path, std::string_view content, mode_t mode) {
  const fs::path directory = path.parent_path();
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return cannot("create", directory, error.value());
  const fs::path temporary =
      directory / ("." + path.filename().string() + "." + std::to_string(::getpid()) + ".tmp");
  Status written = write_durably(temporary, content, mode);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = cannot("replace", path, errno);
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  return sync_directory(directory);
}

Result<std::string> place(const fs::path& path, std::string_view content, mode_t mode) {
  if (has_mode(path, mode) && content_of(path) == content) return path.string() + " is up to date";
  OVERLAY_CHECK(replace_file(path, content, mode));
  return "wrote " + path.string();
}

Result<std::string> remove_file(const fs::path& path) {
  if (::unlink(path.c_str()) == 0) return "removed " + path.string();
  if (errno == ENOENT || errno == ENOTDIR) return path.string() + " is not there";
  return cannot("remove", path, errno);
}

/// What runtimes read before ours, sorted.
std::vector<fs::path> rivals_in(const fs::path& conf_dir) {
  std::vector<fs::path> out;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(conf_dir, ignored)) {
    const fs::path name = entry.path().filename();
    const std::string suffix = name.extension();
    const bool is_read = suffix == ".conflist" || suffix == ".conf" || suffix == ".json";
    if (is_read && name.string() < conflist_name) out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Companions companions_in(const fs::path& bin_dir) {
  const auto installed = [&bin_dir](const char* name) {
    return ::access((bin_dir / name).c_str(), X_OK) == 0;
  };
  return {installed("portmap"), installed("bandwidth")};
}

}  // namespace

Result<InstallOptions> parse_install_options(const std::vector<std::string>& arguments) {
  InstallOptions out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const std::size_t equals = argument.find('=');
    const std::string flag = argument.substr(0, equals);
    const bool known = flag == "--cni-bin-dir" || flag == "--cni-conf-dir" || flag == "--socket";
    if (!known) return fail(Errc::invalid, "'" + argument + "' is not an option; see 'cni-shim --help'");
    if (equals == std::string::npos && i + 1 == arguments.size()) {
      return fail(Errc::invalid, flag + " needs a value");
    }
    const std::string value = equals == std::string::npos ? arguments[++i] : argument.substr(equals + 1);
    if (!value.starts_with('/'))
      return fail(Errc::invalid, flag + " is '" + value + "', not an absolute path");
    if (flag == "--cni-bin-dir") out.bin_dir = value;
    if (flag == "--cni-conf-dir") out.conf_dir = value;
    if (flag == "--socket") out.socket = value;
  }
  return out;
}

Result<Report> install(const InstallOptions& options, const fs::path& self) {
  const auto program = content_of(self);
  if (!program)
    return fail(Errc::io, "cannot read this program from " + self.string() + "; is /proc mounted");
  Report report(2);
  OVERLAY_TRY(report[0], place(options.bin_dir / plugin_name, *program, 0755));
  OVERLAY_TRY(report[1], place(options.conf_dir / conflist_name,
                               conflist(companions_in(options.bin_dir), options.socket), 0644));
  for (const fs::path& rival : rivals_in(options.conf_dir)) {
    report.push_back(
        rival.string() + " sorts before " + std::string(conflist_name) +
        ": runtimes that take the first use that network; remove it to have them use the overlay");
  }
  return report;
}

Result<Report> uninstall(const InstallOptions& options) {
  Report report(2);
  OVERLAY_TRY(report[0], remove_file(options.conf_dir / conflist_name));
  OVERLAY_TRY(report[1], remove_file(options.bin_dir / plugin_name));
  return report;
}

}  // namespace overlay::cni
