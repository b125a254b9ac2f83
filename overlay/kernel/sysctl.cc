// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/sysctl.h"

#include <fcntl.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <filesystem>

#include "overlay/kernel/netlink.h"

namespace overlay::kernel {
namespace {

constexpr const char* own_root = "/proc/sys/";
/// A container's own is read-only; there it may be given the host's (manifests/base/daemonset.yaml).
constexpr const char* host_root = "/host/proc/sys/";

/// A descriptor below /proc/sys that closes itself.
class File {
 public:
  File(const std::string& path, int flags) : fd_(::open((own_root + path).c_str(), flags | O_CLOEXEC)) {
    if (fd_ >= 0 || errno != EROFS) return;
    fd_ = ::open((host_root + path).c_str(), flags | O_CLOEXEC);
    if (fd_ < 0) errno = EROFS;
  }
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

Error failed(const std::string& what, const std::string& path) {
  return with_context("cannot " + what + " /proc/sys/" + path, kernel_error(errno));
}

}  // namespace

Result<std::string> read_sysctl(const std::string& path) {
  const File file(path, O_RDONLY);
  if (file.fd() < 0) return failed("read", path);
  std::array<char, 256> buffer;
  const ssize_t size = ::read(file.fd(), buffer.data(), buffer.size());
  if (size < 0) return failed("read", path);
  std::string out(buffer.data(), static_cast<std::size_t>(size));
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

Status write_sysctl(const std::string& path, const std::string& value) {
  const File file(path, O_WRONLY);
  if (file.fd() < 0) return failed("write", path);
  if (::write(file.fd(), value.data(), value.size()) != static_cast<ssize_t>(value.size())) {
    return failed("write", path);
  }
  return {};
}

Status keep_router_advertisements() {
  std::error_code failure;
  for (const auto& device : std::filesystem::directory_iterator("/proc/sys/net/ipv6/conf", failure)) {
    const std::string name = device.path().filename().string();
    if (name == "all" || name == "default") continue;
    const std::string path = "net/ipv6/conf/" + name + "/accept_ra";
    const auto value = read_sysctl(path);
    if (value && *value == "1") OVERLAY_CHECK(write_sysctl(path, "2"));
  }
  if (failure) return fail(Errc::io, "cannot list /proc/sys/net/ipv6/conf: " + failure.message());
  return {};
}

bool has_ipv6() { return ::access("/proc/sys/net/ipv6/conf/all", F_OK) == 0; }

}  // namespace overlay::kernel
