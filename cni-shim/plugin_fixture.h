// SPDX-License-Identifier: Apache-2.0
// For tests: a host and its pods as network namespaces that nobody else sees, and the real plugin run in them
// as a runtime does it, with environment and stdin.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cni-shim/fake_daemon.h"
#include "cni-shim/file_descriptor.h"
#include "cni-shim/pod_link.h"
#include "overlay/kernel/netlink.h"

namespace overlay::cni {

/// A network namespace without a name: it lives as long as this object and what is in it.
class Namespace {
 public:
  Namespace();
  /// What CNI_NETNS takes; valid while this object lives.
  std::string path() const;
  /// Runs `work` with the calling thread inside.
  void enter(const std::function<void()>& work) const;
  kernel::Socket open_socket() const;
  /// Sets /proc/sys/net/`key`.
  void sysctl(const std::string& key, const std::string& value) const;

 private:
  FileDescriptor fd_;
};

/// One run of the plugin.
struct Call {
  std::string command;
  std::string netns = {};  // empty: not set
  std::string version = "1.0.0";
  std::string container = "c1";
  std::string interface = "eth0";
  boost::json::object more = {};          // added to the configuration
  std::optional<std::string> input = {};  // instead of the configuration
};

struct Ran {
  int exit_code = -1;
  std::string out;

  bool ok() const { return exit_code == 0; }
  boost::json::object json() const;
  /// Of the error on stdout; -1 when there is none.
  int code() const;
  std::string msg() const;
};

/// `arguments` after the program's name, `environment` as NAME=value.
Ran run_program(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                const std::string& input);

/// Each case: the test's thread sits in a fresh host namespace with the bridge overlay0, a fake overlayd
/// serves on a socket in a fresh directory.
class PluginTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  Ran run(const Call& call) const;
  Attachment attachment(const Call& call) const { return {"overlay", call.container, call.interface}; }
  std::string socket() const { return (directory_ / "overlayd.sock").string(); }
  std::filesystem::path queue_file(const Attachment& attachment) const;
  kernel::Socket& host() { return *host_socket_; }
  std::optional<Link> host_link(const std::string& name);
  static std::optional<Link> pod_link(const Namespace& pod, const std::string& name = "eth0");
  void remove_bridge();

  std::filesystem::path directory_;
  std::unique_ptr<FakeDaemon> daemon_;
  std::unique_ptr<Namespace> host_;

 private:
  FileDescriptor origin_;
  std::optional<kernel::Socket> host_socket_;
};

}  // namespace overlay::cni
