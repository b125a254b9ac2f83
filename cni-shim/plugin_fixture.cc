// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/plugin_fixture.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>

#include "cni-shim/attachment.h"

namespace overlay::cni {
namespace {

FileDescriptor current_namespace() {
  return FileDescriptor(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

void move_into(const FileDescriptor& netns) { ASSERT_EQ(::setns(netns.get(), CLONE_NEWNET), 0) << errno; }

std::pair<FileDescriptor, FileDescriptor> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

std::string read_all(const FileDescriptor& from) {
  std::string out;
  std::array<char, 4096> chunk;
  ssize_t got = 0;
  while ((got = ::read(from.get(), chunk.data(), chunk.size())) > 0) {
    out.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return out;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

void make_bridge(kernel::Socket& host) {
  ifinfomsg up{};
  up.ifi_flags = IFF_UP;
  up.ifi_change = IFF_UP;
  kernel::Message bridge(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, up);
  bridge.string(IFLA_IFNAME, "overlay0").mac(IFLA_ADDRESS, *parse_mac(FakeDaemon::gateway_mac));
  bridge.begin(IFLA_LINKINFO).string(IFLA_INFO_KIND, "bridge").end();
  const Status made = host.request(bridge);
  ASSERT_TRUE(made) << made.error().text;
}

}  // namespace

// ---- Namespace ----

Namespace::Namespace() {
  const FileDescriptor origin = current_namespace();
  EXPECT_EQ(::unshare(CLONE_NEWNET), 0) << errno;
  fd_ = current_namespace();
  move_into(origin);
}

std::string Namespace::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd_.get());
}

void Namespace::enter(const std::function<void()>& work) const {
  const FileDescriptor origin = current_namespace();
  move_into(fd_);
  work();
  move_into(origin);
}

kernel::Socket Namespace::open_socket() const {
  std::optional<kernel::Socket> out;
  enter([&out] { out = kernel::Socket::open(NETLINK_ROUTE).value(); });
  return std::move(*out);
}

void Namespace::sysctl(const std::string& key, const std::string& value) const {
  enter([&] {
    std::ofstream out("/proc/sys/net/" + key);
    out << value << std::flush;
    EXPECT_TRUE(out) << key;
  });
}

// ---- running the plugin ----

boost::json::object Ran::json() const {
  boost::system::error_code error;
  const auto value = boost::json::parse(out, error);
  EXPECT_FALSE(error) << out;
  return value.is_object() ? value.as_object() : boost::json::object();
}

int Ran::code() const {
  const auto object = json();
  const auto* code = object.if_contains("code");
  return code == nullptr ? -1 : code->to_number<int>();
}

std::string Ran::msg() const {
  const auto object = json();
  const auto* msg = object.if_contains("msg");
  return msg == nullptr ? std::string() : std::string(std::string_view(msg->as_string()));
}

Ran run_program(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                const std::string& input) {
  auto [input_read, input_write] = make_pipe();
  auto [output_read, output_write] = make_pipe();
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input_read.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output_write.get(), STDOUT_FILENO);
  std::vector<std::string> command{CNI_SHIM_BINARY};
  command.insert(command.end(), arguments.begin(), arguments.end());
  pid_t pid = -1;
  const int spawned = ::posix_spawn(&pid, CNI_SHIM_BINARY, &actions, nullptr, pointers(command).data(),
                                    pointers(environment).data());
  ::posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(spawned, 0);
  // All inputs here fit the pipe: no blocking on a plugin that does not read, and our end keeps it unbroken.
  EXPECT_EQ(::write(input_write.get(), input.data(), input.size()), static_cast<ssize_t>(input.size()));
  input_read = FileDescriptor();
  input_write = FileDescriptor();
  output_write = FileDescriptor();
  Ran out;
  out.out = read_all(output_read);
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  if (WIFEXITED(status)) out.exit_code = WEXITSTATUS(status);
  return out;
}

// ---- PluginTest ----

void PluginTest::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "making network namespaces needs root";
  std::string pattern = ::testing::TempDir() + "cni-plugin-XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr) << pattern;
  directory_ = pattern;
  origin_ = current_namespace();
  host_ = std::make_unique<Namespace>();
  move_into(FileDescriptor(::open(host_->path().c_str(), O_RDONLY | O_CLOEXEC)));
  host_socket_ = kernel::Socket::open(NETLINK_ROUTE).value();
  make_bridge(*host_socket_);
  daemon_ = std::make_unique<FakeDaemon>(socket());
}

void PluginTest::TearDown() {
  daemon_.reset();
  if (origin_) move_into(origin_);
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

Ran PluginTest::run(const Call& call) const {
  boost::json::object conf{
      {"cniVersion", call.version}, {"name", "overlay"}, {"type", "overlay"}, {"socket", socket()}};
  for (const auto& [key, value] : call.more) conf[key] = value;
  std::vector<std::string> environment{"CNI_COMMAND=" + call.command, "CNI_CONTAINERID=" + call.container,
                                       "CNI_IFNAME=" + call.interface, "CNI_PATH=/opt/cni/bin"};
  if (!call.netns.empty()) environment.push_back("CNI_NETNS=" + call.netns);
  return run_program({}, environment, call.input.value_or(boost::json::serialize(conf)));
}

std::filesystem::path PluginTest::queue_file(const Attachment& attachment) const {
  return directory_ / "del-queue" / (digest(attachment) + ".json");
}

std::optional<Link> PluginTest::host_link(const std::string& name) { return find_link(host(), name).value(); }

std::optional<Link> PluginTest::pod_link(const Namespace& pod, const std::string& name) {
  kernel::Socket socket = pod.open_socket();
  return find_link(socket, name).value();
}

void PluginTest::remove_bridge() {
  const Status removed = remove_link(host(), "overlay0");
  ASSERT_TRUE(removed) << removed.error().text;
}

}  // namespace overlay::cni
