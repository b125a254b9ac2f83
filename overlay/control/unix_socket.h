// SPDX-License-Identifier: Apache-2.0
// A listening unix socket as a file: made with its permissions, taken over only from the dead, removed at the
// end.
#pragma once

#include <sys/types.h>

#include <string>

#include "overlay/base/result.h"

namespace overlay::control {

/// A bound, listening, non-blocking socket and the file that names it.
struct UnixListener {
  int socket = -1;  // the caller's to close
  dev_t device = 0;
  ino_t inode = 0;  // tells our file from a later one of the same name
};

/// See Server::listen for the errors.
[[nodiscard]] Result<UnixListener> listen_unix(const std::string& path, const std::string& group);

/// Removes `path` when it still is the file that listen_unix made.
void remove_unix(const std::string& path, const UnixListener& listener);

/// The user at the other end of a connected unix socket; Errc::io when the kernel does not say.
[[nodiscard]] Result<uid_t> peer_user(int socket);

}  // namespace overlay::control
