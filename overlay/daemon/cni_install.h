// SPDX-License-Identifier: Apache-2.0
// Puts the CNI plugin where container runtimes look for it, by running our own `cni-shim install`.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "overlay/daemon/options.h"

namespace overlay::daemon {

/// Runs it on the side and logs what it says. Nothing happens when the directories of `options` are empty.
void install_cni_plugin(boost::asio::io_context& io, const Options& options,
                        const std::filesystem::path& socket);

}  // namespace overlay::daemon
