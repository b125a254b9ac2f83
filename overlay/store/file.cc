// SPDX-License-Identifier: Apache-2.0
#include "overlay/store/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace overlay::store {
namespace {

/// What errno means, lower case: "no space left on device".
std::string reason(int error) {
  std::string text = std::generic_category().message(error);
  text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
  return text;
}

[[noreturn]] void abort_for(const std::filesystem::path& path, int error) {
  std::fprintf(stderr, "%s: cannot be made durable: %s; stopping, for nothing could be promised any more\n",
               path.c_str(), reason(error).c_str());
  std::abort();
}

}  // namespace

Error os_failure(const std::filesystem::path& path, std::string_view what, int error) {
  const std::string text = path.string() + ": " + std::string(what) + ": " + reason(error);
  // EFBIG is the limit of RLIMIT_FSIZE: a quota by another name.
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return full ? fail(Errc::exhausted, text + "; free some space there") : fail(Errc::io, text);
}

Result<File> File::open(const std::filesystem::path& path, int flags, unsigned mode) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (descriptor < 0) return os_failure(path, "cannot be opened", errno);
  return File(descriptor, path);
}

File::File(File&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<Bytes> File::read_all() const {
  Bytes out;
  std::array<char, 65536> chunk;
  for (;;) {
    const ssize_t got = ::read(descriptor_, chunk.data(), chunk.size());
    if (got == 0) return out;
    if (got > 0) out.append(chunk.data(), static_cast<std::size_t>(got));
    if (got < 0 && errno != EINTR) return os_failure(path_, "cannot be read", errno);
  }
}

Status File::write_all(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t put = ::write(descriptor_, bytes.data(), bytes.size());
    if (put >= 0) bytes.remove_prefix(static_cast<std::size_t>(put));
    if (put < 0 && errno != EINTR) return os_failure(path_, "cannot be written", errno);
  }
  return {};
}

void File::truncate_or_abort(std::size_t size) const {
  const auto offset = static_cast<off_t>(size);
  if (::ftruncate(descriptor_, offset) != 0 || ::lseek(descriptor_, offset, SEEK_SET) < 0)
    abort_for(path_, errno);
}

void File::sync_or_abort() const {
  if (::fdatasync(descriptor_) != 0) abort_for(path_, errno);
}

void sync_directory_or_abort(const std::filesystem::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0 || ::fsync(descriptor) != 0) abort_for(directory, errno);
  ::close(descriptor);
}

Result<File> replace_file(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::path next = path;
  next += ".new";
  OVERLAY_TRY(File file, File::open(next, O_RDWR | O_CREAT | O_TRUNC));
  if (const Status written = file.write_all(bytes); !written) {
    ::unlink(next.c_str());
    return written.error();
  }
  file.sync_or_abort();
  if (::rename(next.c_str(), path.c_str()) != 0) return os_failure(path, "cannot be replaced", errno);
  sync_directory_or_abort(path.parent_path());
  file.path_ = path;
  return file;
}

}  // namespace overlay::store
