// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/unix_socket.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

namespace overlay::control {

namespace {

/// Closes on the way out unless released.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

Error os_error(const std::string& what) { return fail(Errc::io, what + ": " + std::strerror(errno)); }

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(Errc::invalid, "socket path " + path + " has " + std::to_string(path.size()) +
                                   " bytes and a socket's may have " +
                                   std::to_string(sizeof address.sun_path - 1) +
                                   ": give a shorter --run-dir");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Result<int> new_socket() {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return os_error("no unix socket can be made");
  return fd;
}

std::string who(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  const int got = ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size);
  if (got != 0 || credentials.pid <= 0) return "another program";
  return "process " + std::to_string(credentials.pid);
}

/// Fails unless nothing, or the socket of a dead program, is at `path`.
Status check_free(const std::string& path, const sockaddr_un& address) {
  struct stat file {};
  if (::lstat(path.c_str(), &file) != 0) {
    if (errno == ENOENT) return {};
    return os_error(path + " cannot be looked at");
  }
  if (!S_ISSOCK(file.st_mode)) {
    return fail(Errc::invalid, path + " is a file but no socket: remove it or give another --run-dir");
  }
  OVERLAY_TRY(const int fd, new_socket());
  const Descriptor probe(fd);
  const int connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (connected == 0 || errno == EAGAIN) {  // EAGAIN: it lives, its queue is full
    return fail(Errc::conflict,
                path + " is served by " + who(fd) + " already: stop it or give another --run-dir");
  }
  if (errno == ECONNREFUSED || errno == ENOENT) return {};
  return os_error(path + " cannot be tried");
}

std::optional<gid_t> group_id(const std::string& name) {
  std::array<char, 4096> space{};
  group entry{};
  group* found = nullptr;
  if (::getgrnam_r(name.c_str(), &entry, space.data(), space.size(), &found) != 0 || found == nullptr)
    return {};
  return entry.gr_gid;
}

Status give_permissions(const std::string& path, const std::string& group) {
  const auto gid = group_id(group);
  // An unprivileged daemon that is no member cannot give it away; the socket then is its own user's.
  if (gid && ::chown(path.c_str(), static_cast<uid_t>(-1), *gid) != 0 && errno != EPERM) {
    return os_error(path + " cannot be given to group " + group);
  }
  if (::chmod(path.c_str(), 0660) != 0) return os_error(path + " cannot be made mode 0660");
  return {};
}

/// Binds and listens at `path`, then gives it its permissions.
Result<UnixListener> bind_at(const std::string& path, const std::string& group) {
  OVERLAY_TRY(const auto address, address_of(path));
  OVERLAY_TRY(const int fd, new_socket());
  Descriptor socket(fd);
  ::unlink(path.c_str());
  // Between bind and chmod nobody but this user gets in.
  const auto mask = ::umask(0177);
  const int bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int bind_errno = errno;
  ::umask(mask);
  errno = bind_errno;
  if (bound != 0) return os_error("no socket can be made at " + path + " (see --run-dir)");
  OVERLAY_CHECK(give_permissions(path, group));
  struct stat file {};
  if (::listen(fd, SOMAXCONN) != 0 || ::stat(path.c_str(), &file) != 0) {
    return os_error(path + " cannot be listened at");
  }
  return UnixListener{socket.release(), file.st_dev, file.st_ino};
}

}  // namespace

Result<UnixListener> listen_unix(const std::string& path, const std::string& group) {
  OVERLAY_TRY(const auto address, address_of(path));
  OVERLAY_CHECK(check_free(path, address));
  // Made beside and renamed over: at `path` there is always either nothing, the old one or the finished new
  // one.
  const std::string beside = path + ".new";
  auto listener = bind_at(beside, group);
  if (listener && std::rename(beside.c_str(), path.c_str()) != 0) {
    ::close(listener->socket);
    listener = os_error(beside + " cannot be renamed to " + path);
  }
  if (!listener) ::unlink(beside.c_str());
  return listener;
}

void remove_unix(const std::string& path, const UnixListener& listener) {
  struct stat file {};
  if (::lstat(path.c_str(), &file) != 0) return;
  if (file.st_dev == listener.device && file.st_ino == listener.inode) ::unlink(path.c_str());
}

Result<uid_t> peer_user(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return os_error("the caller's user is not known");
  }
  return credentials.uid;
}

}  // namespace overlay::control
