// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/wireguard_go.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "overlay/kernel/netlink.h"
#include "overlay/kernel/uapi.h"

namespace overlay::kernel {
namespace {

/// It answers within milliseconds; one that is stuck must not hold up the daemon.
constexpr timeval patience{.tv_sec = 2, .tv_usec = 0};
/// 10,000 peers need 4 MB.
constexpr std::size_t answer_max = std::size_t{64} << 20;
constexpr const char* tun_path = "/dev/net/tun";

struct Closing {
  int fd = -1;
  ~Closing() {
    if (fd >= 0) ::close(fd);
  }
};

Error no_answer(const std::string& socket, const char* what) {
  const int error = errno;
  return with_context("wireguard-go at " + socket + ": " + what, kernel_error(error));
}

Status send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return kernel_error(errno);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

/// In a session of its own, so that it hears no signal from this process's terminal, and without this
/// process's sockets, which it would keep open.
Result<pid_t> spawn_wireguard_go(const std::string& name) {
  std::array<char*, 3> argv = {const_cast<char*>(wireguard_go_path), const_cast<char*>(name.c_str()),
                               nullptr};
  std::array<char*, 1> environment = {nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    ::posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  }
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t child = 0;
  const int error =
      ::posix_spawn(&child, wireguard_go_path, &actions, &attributes, argv.data(), environment.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return child;
  return with_context(std::string("cannot run ") + wireguard_go_path, kernel_error(error));
}

}  // namespace

Result<std::string> WireguardGo::exchange(std::string_view request) const {
  const Closing connection{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_.copy(address.sun_path, sizeof address.sun_path - 1);
  ::setsockopt(connection.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(connection.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(connection.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return no_answer(socket_, "cannot connect");
  if (auto sent = send_all(connection.fd, request); !sent) return no_answer(socket_, "cannot ask");
  std::string answer;
  std::array<char, 16384> chunk;
  while (!is_whole_answer(answer) && answer.size() < answer_max) {
    const auto size = ::recv(connection.fd, chunk.data(), chunk.size(), 0);
    if (size < 0) return no_answer(socket_, "does not answer");
    if (size == 0) break;
    answer.append(chunk.data(), static_cast<std::size_t>(size));
  }
  return answer;
}

Result<plan::WireguardState> WireguardGo::read() {
  OVERLAY_TRY(const std::string answer, exchange(uapi_get));
  return read_uapi(answer);
}

Status WireguardGo::write(const plan::WireguardChange& change) {
  OVERLAY_TRY(const std::string answer, exchange(uapi_set(change)));
  return read_uapi_errno(answer);
}

/// What is run ends when the process it has left behind has its device and its socket.
Status start_wireguard_go(const std::string& name) {
  if (::access(wireguard_go_path, X_OK) != 0) {
    return fail(Errc::unsupported,
                "this cluster is encrypted, and this host has neither the kernel's wireguard module nor " +
                    std::string(wireguard_go_path) +
                    ": load the module (modprobe wireguard) or install wireguard-go");
  }
  if (::access(tun_path, R_OK | W_OK) != 0) {
    return fail(
        Errc::unsupported,
        "this cluster is encrypted, this host's kernel has no wireguard module, and wireguard-go has no " +
            std::string(tun_path) +
            ": load the module (modprobe wireguard); or load tun, and give the device to the container "
            "where overlayd runs in one (on Kubernetes: manifests/wireguard-go)");
  }
  OVERLAY_TRY(const pid_t child, spawn_wireguard_go(name));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status == 0) return {};
  return fail(Errc::io, std::string(wireguard_go_path) + " cannot make " + name +
                            ": see that /var/run/wireguard can be written; to "
                            "see what it says run it by hand: wireguard-go -f " +
                            name);
}

}  // namespace overlay::kernel
