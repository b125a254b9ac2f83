// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/notify.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <string>

namespace overlay::daemon {
namespace {

/// A service manager's end, bound to `name` ('@' for an abstract one).
class Manager {
 public:
  explicit Manager(const std::string& name) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    name.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), length), 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Manager() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(socket_);
  }

  std::string heard() const {
    std::array<char, 256> text;
    const ssize_t size = ::recv(socket_, text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? "nothing" : std::string(text.data(), static_cast<std::size_t>(size));
  }

 private:
  int socket_;
};

TEST(NotifyManager, SaysItOnASocketFile) {
  const std::string path = testing::TempDir() + "overlayd-notify-" + std::to_string(::getpid());
  const Manager manager(path);
  notify_manager("READY=1");
  EXPECT_EQ(manager.heard(), "READY=1");
  ::unlink(path.c_str());
}

TEST(NotifyManager, SaysItOnAnAbstractSocket) {
  const Manager manager("@overlayd-notify-" + std::to_string(::getpid()));
  notify_manager("STATUS=waiting for a cluster");
  EXPECT_EQ(manager.heard(), "STATUS=waiting for a cluster");
}

TEST(NotifyManager, IsSilentWithoutAManager) {
  const Manager manager("@overlayd-notify-" + std::to_string(::getpid()));
  ::unsetenv("NOTIFY_SOCKET");
  notify_manager("READY=1");
  EXPECT_EQ(manager.heard(), "nothing");
}

}  // namespace
}  // namespace overlay::daemon
