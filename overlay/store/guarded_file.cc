// SPDX-License-Identifier: Apache-2.0
#include "overlay/store/guarded_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace overlay::store {
namespace {

std::string octal(unsigned mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", mode & 07777U);
  return text.data();
}

Status write_new(const std::filesystem::path& path, std::string_view text) {
  OVERLAY_TRY(const File file, File::open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
  OVERLAY_CHECK(file.write_all(text));
  file.sync_or_abort();
  return {};
}

/// Written under another name and then given this one; a link never replaces a file.
Status place(const std::filesystem::path& next, const std::filesystem::path& path, std::string_view text,
             bool replace) {
  ::unlink(next.c_str());
  Status done = write_new(next, text);
  const auto name = replace ? ::rename : ::link;
  if (done && name(next.c_str(), path.c_str()) != 0) done = os_failure(path, "cannot be made", errno);
  ::unlink(next.c_str());
  if (done) sync_directory_or_abort(path.parent_path());
  return done;
}

}  // namespace

Status check_guarded(const File& file) {
  struct stat info {};
  if (::fstat(file.descriptor(), &info) != 0) return os_failure(file.path(), "cannot be examined", errno);
  if (!S_ISREG(info.st_mode)) {
    return fail(Errc::invalid, file.path().string() + ": is no regular file; name the file with the secret");
  }
  if (info.st_uid != ::geteuid() && info.st_uid != 0) {
    return fail(Errc::invalid, file.path().string() + ": belongs to uid " + std::to_string(info.st_uid) +
                                   ", not to " + std::to_string(::geteuid()) +
                                   " who runs overlayd; chown it if it is this host's");
  }
  if ((info.st_mode & 0077) != 0) {
    return fail(Errc::invalid, file.path().string() + ": has mode " + octal(info.st_mode) +
                                   ", so others may have read the secret; chmod it to 0600 if nobody has");
  }
  return {};
}

Status create_guarded(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::path next = path;
  next += ".new";
  return place(next, path, text, false);
}

Status keep_guarded(const std::filesystem::path& given, std::string_view text, bool replace) {
  std::error_code ignored;  // absolute() fails only where there is no working directory
  const std::filesystem::path path = std::filesystem::absolute(given, ignored);
  return place(path.parent_path() / ("." + path.filename().string() + ".new"), path, text, replace);
}

Result<std::array<std::uint8_t, 32>> random_bytes() {
  std::array<std::uint8_t, 32> out{};
  // Up to 256 bytes come whole or not at all (getrandom(2)).
  if (::getrandom(out.data(), out.size(), 0) != static_cast<ssize_t>(out.size())) {
    return os_failure("getrandom", "no random numbers for a secret", errno);
  }
  return out;
}

}  // namespace overlay::store
