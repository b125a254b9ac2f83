// SPDX-License-Identifier: Apache-2.0
#include "overlay/store/state_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace overlay::store {
namespace {

constexpr std::string_view cure = "; run overlayd as root, or name another directory with --state-dir";

Error with_cure(Error error) { return fail(error.code, std::move(error.text) + std::string(cure)); }

/// Makes `path` and its parents where they are missing; only the last is ours to close to others.
Status make_directory(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (!error && ::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) error = {errno, std::generic_category()};
  if (!error && !std::filesystem::is_directory(path, error))
    error = std::make_error_code(std::errc::not_a_directory);
  if (error) return os_failure(path, "cannot be the state directory", error.value());
  return {};
}

/// Whose pid the lock file tells, for people; "unknown" when its holder had no time to write it.
std::string holder(const File& lock) {
  const auto text = lock.read_all();
  if (!text || text->empty()) return "unknown";
  return text->substr(0, text->find('\n'));
}

}  // namespace

Result<StateDir> StateDir::open(const std::filesystem::path& given) {
  std::error_code ignored;  // absolute() fails only where there is no working directory
  const std::filesystem::path absolute = std::filesystem::absolute(given, ignored).lexically_normal();
  const std::filesystem::path path = absolute.has_filename() ? absolute : absolute.parent_path();
  if (const Status made = make_directory(path); !made) return with_cure(made.error());
  auto lock = File::open(path / "lock", O_RDWR | O_CREAT);
  if (!lock) return with_cure(lock.error());
  if (::flock(lock->descriptor(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return with_cure(os_failure(lock->path(), "cannot be locked", errno));
    return fail(Errc::conflict, path.string() + ": in use by another overlayd (pid " + holder(*lock) +
                                    "); stop that one, or give this one a --state-dir of its own");
  }
  lock->truncate_or_abort(0);
  if (const Status written = lock->write_all(std::to_string(::getpid()) + "\n"); !written)
    return written.error();
  return StateDir(path, *std::move(lock));
}

}  // namespace overlay::store
