// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/cni_install.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <sstream>
#include <vector>

#include "overlay/daemon/log.h"

namespace overlay::daemon {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// Beside this program as in the build tree, or where `cmake --install` puts it. All that were tried when
/// none is there.
Result<std::filesystem::path> find_shim() {
  std::error_code error;
  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  std::string tried;
  for (const auto& path : {here / "cni-shim", here / "../libexec/cni-shim"}) {
    if (::access(path.c_str(), X_OK) == 0) return path;
    tried += (tried.empty() ? "" : " nor ") + path.lexically_normal().string();
  }
  return fail(Errc::not_found, "the CNI plugin is not installed: there is no " + tried +
                                   "; put cni-shim there, or leave --cni-bin-dir and --cni-conf-dir empty");
}

struct Child {
  pid_t pid;
  int output;  // reading end of its stdout and stderr
};

Result<Child> spawn(const std::vector<std::string>& arguments) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(Errc::io, std::string("pipe: ") + std::strerror(errno));
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  Child child{.pid = 0, .output = ends[0]};
  const int error = ::posix_spawn(&child.pid, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (error == 0) return child;
  ::close(ends[0]);
  return fail(Errc::io, arguments[0] + " cannot be run: " + std::strerror(error));
}

/// Reads what the child says until it has closed its output, which it does by ending; so waiting for it does
/// not block. Lives by its pending read.
class Follower : public std::enable_shared_from_this<Follower> {
 public:
  Follower(asio::io_context& io, const Child& child) : output_(io, child.output), pid_(child.pid) {}

  void read() {
    output_.async_read_some(asio::buffer(chunk_),
                            [self = shared_from_this()](error_code error, std::size_t size) {
                              self->text_.append(self->chunk_.data(), size);
                              error ? self->report() : self->read();
                            });
  }

 private:
  void report() const {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    const auto level = status == 0 ? spdlog::level::info : spdlog::level::warn;
    std::istringstream lines(text_);
    for (std::string line; std::getline(lines, line);) log(level, "cni", {{"text", line}});
  }

  asio::posix::stream_descriptor output_;
  pid_t pid_;
  std::array<char, 4096> chunk_;
  std::string text_;
};

}  // namespace

void install_cni_plugin(asio::io_context& io, const Options& options, const std::filesystem::path& socket) {
  if (options.cni_bin_dir.empty()) return;
  const auto shim = find_shim();
  if (!shim) return log(spdlog::level::warn, "cni", {{"text", shim.error().text}});
  const std::vector<std::string> arguments = {shim->string(),   "install",
                                              "--cni-bin-dir",  options.cni_bin_dir.string(),
                                              "--cni-conf-dir", options.cni_conf_dir.string(),
                                              "--socket",       socket.string()};
  const auto child = spawn(arguments);
  if (!child) return log(spdlog::level::warn, "cni", {{"text", child.error().text}});
  std::make_shared<Follower>(io, *child)->read();
}

}  // namespace overlay::daemon
