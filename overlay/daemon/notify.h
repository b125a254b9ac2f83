// SPDX-License-Identifier: Apache-2.0
// Tells the service manager how we are, in the words of sd_notify(3).
#pragma once

#include <string_view>

namespace overlay::daemon {

/// "READY=1", "STATUS=text", …; nothing happens without $NOTIFY_SOCKET. A manager that does not listen is not
/// our trouble.
void notify_manager(std::string_view assignments);

}  // namespace overlay::daemon
