// SPDX-License-Identifier: Apache-2.0
// For tests: a backend with fixed answers, a thread that serves it on a socket in a folder of its own, and a
// client that sends exactly the bytes it is told to.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <future>
#include <string>
#include <string_view>
#include <thread>

#include "overlay/control/backend.h"
#include "overlay/control/event_log.h"
#include "overlay/control/server.h"

namespace overlay::control::test {

struct FakeBackend : Backend {
  v1::Status status_answer;
  v1::Peers peers_answer;
  v1::Paths paths_answer;
  v1::Links links_answer;
  v1::Ipam ipam_answer;
  v1::Addresses addresses_answer;
  v1::Routes routes_answer;
  v1::Version version_answer;
  v1::Map map_answer;
  std::optional<node::LeaseAnswer> lease_answer;
  v1::Removed teardown_answer;
  v1::Forgotten forget_answer;
  v1::Extended extend_answer;
  v1::Assigned assign_answer;
  v1::Exposed expose_answer;
  v1::Targets targets_answer;
  v1::Drained drain_answer;
  std::vector<v1::Leaving> leave_answers;  // one after the other, the last one for ever
  v1::Recovered recover_answer;
  std::string backup_answer;
  std::optional<Error> failure;    // of every verb, instead of its answer
  std::vector<std::string> calls;  // the verbs, as "add NETWORK CONTAINER INTERFACE"
  LeaseReply kept_reply;           // of a lease_add, when `keep_replies`
  bool keep_replies = false;

  v1::Status status() override { return status_answer; }
  Overview overview() override { return {status_answer, links_answer}; }
  v1::Peers peers() override { return peers_answer; }
  v1::Paths paths() override { return paths_answer; }
  v1::Links links() override { return links_answer; }
  v1::Ipam ipam() override { return ipam_answer; }
  v1::Addresses addresses() override { return addresses_answer; }
  v1::Routes routes() override { return routes_answer; }
  v1::Version version() override { return version_answer; }
  paths::Figures path_figures() override { return {}; }
  mesh::Figures mesh_figures() override { return {}; }
  v1::Map map() override {
    calls.push_back("map");
    return map_answer;
  }
  void lease_add(const ipam::LeaseRequest& request, LeaseReply reply) override {
    note("add", request.key);
    if (keep_replies) {
      kept_reply = std::move(reply);
    } else {
      reply(or_failure(lease_answer));
    }
  }
  void lease_del(const ipam::LeaseKey& key, LeaseReply reply) override {
    note("del", key);
    reply(or_failure(lease_answer));
  }
  void lease_check(const ipam::LeaseKey& key, LeaseReply reply) override {
    note("check", key);
    reply(or_failure(lease_answer));
  }
  void lease_collect(const std::string& network, const std::set<ipam::LeaseKey>& valid,
                     LeaseReply reply) override {
    calls.push_back("gc " + network);
    for (const auto& key : valid) note("valid", key);
    reply(or_failure(std::optional<node::LeaseAnswer>()));
  }
  void forget(const v1::ForgetRequest& request, ForgetReply reply) override {
    std::string call = request.dry_run() ? "forget (dry)" : "forget";
    for (const auto& name : request.names()) call += " " + name;
    calls.push_back(call + (request.heir().empty() ? "" : " for " + request.heir()));
    reply(or_failure(forget_answer));
  }
  void extend(const v1::ExtendRequest& request, ExtendReply reply) override {
    calls.push_back((request.dry_run() ? "extend (dry) " : "extend ") + request.pool());
    reply(or_failure(extend_answer));
  }
  void assign(const v1::AssignRequest& request, AssignReply reply) override {
    calls.push_back((request.dry_run() ? "assign (dry) " : "assign ") + request.prefix() + " " +
                    request.owner());
    reply(or_failure(assign_answer));
  }
  void expose(const v1::ExposeRequest& request, ExposeReply reply) override {
    calls.push_back("expose " + request.address());
    reply(or_failure(expose_answer));
  }
  void hide(const v1::ExposeRequest& request, ExposeReply reply) override {
    calls.push_back("hide " + request.address());
    reply(or_failure(expose_answer));
  }
  void connect(const v1::TargetsRequest& request, TargetsReply reply) override {
    calls.push_back("connect " + request.hosts(0));
    reply(or_failure(targets_answer));
  }
  void disconnect(const v1::TargetsRequest& request, TargetsReply reply) override {
    calls.push_back("disconnect " + request.hosts(0));
    reply(or_failure(targets_answer));
  }
  void drain(bool on, DrainReply reply) override {
    calls.push_back(on ? "drain" : "undrain");
    reply(or_failure(drain_answer));
  }
  void leave(const v1::LeaveRequest& request, LeaveReply reply) override {
    calls.push_back(std::string(request.dry_run() ? "leave (dry)" : "leave") +
                    (request.force() ? " (force)" : ""));
    v1::Leaving answer = leave_answers.empty() ? v1::Leaving() : leave_answers.front();
    if (leave_answers.size() > 1) leave_answers.erase(leave_answers.begin());
    reply(or_failure(answer));
  }
  void recover(const v1::RecoverRequest& request, RecoverReply reply) override {
    calls.push_back("recover " + request.cluster());
    reply(or_failure(recover_answer));
  }
  Result<std::string> backup() override {
    calls.push_back("backup");
    return or_failure(backup_answer);
  }
  void teardown(TeardownReply reply) override {
    calls.push_back("teardown");
    reply(or_failure(teardown_answer));
  }

 private:
  template <class T>
  Result<T> or_failure(const T& answer) const {
    if (failure) return *failure;
    return answer;
  }
  void note(const std::string& verb, const ipam::LeaseKey& key) {
    calls.push_back(verb + " " + key.network + " " + key.container + " " + key.interface);
  }
};

/// A folder that is removed with everything in it.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "overlay.XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// An event loop on a thread of its own; everything on it is touched through run() only.
class LoopThread {
 public:
  LoopThread() : thread_([this] { io.run(); }) {}
  ~LoopThread() {
    work_.reset();
    thread_.join();
  }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  /// Runs `f` on the loop and waits for its result.
  template <class F>
  auto run(F f) {
    std::packaged_task<decltype(f())()> task(std::move(f));
    auto result = task.get_future();
    boost::asio::post(io, [&task] { task(); });
    return result.get();
  }

  boost::asio::io_context io;

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io.get_executor()};
  std::thread thread_;
};

/// A served fake.
class TestServer {
 public:
  explicit TestServer(HttpLimits limits = {}) {
    const ServerOptions options{socket(), "overlay", limits};
    loop_.run([&] {
      auto listening = Server::listen(loop_.io, options, backend, events);
      EXPECT_TRUE(listening) << (listening ? "" : listening.error().text);
      if (listening) server_ = std::move(*listening);
    });
  }
  ~TestServer() { stop(); }

  void stop() {
    loop_.run([&] { server_.reset(); });
  }
  std::string socket() const { return folder_.file("overlayd.sock"); }
  const TempFolder& folder() const { return folder_; }
  template <class F>
  auto run(F f) {
    return loop_.run(std::move(f));
  }

  FakeBackend backend;  // set up before the first request, or in run()
  EventLog events;      // likewise

 private:
  TempFolder folder_;
  std::unique_ptr<Server> server_;
  LoopThread loop_;
};

/// One connection, blocking, with a deadline of 5 s on every receive.
class RawClient {
 public:
  explicit RawClient(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  /// IPv4 loopback.
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  ~RawClient() { ::close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }
  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the server has closed; what it said is still to be read
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// Everything up to the server's close.
  std::string receive_all() const { return receive_until(""); }
  /// Up to and with `mark`; less when the server closes or the deadline passes before.
  std::string receive_until(std::string_view mark) const {
    std::string got;
    char byte = 0;
    while (::recv(fd_, &byte, 1, 0) == 1) {
      got += byte;
      if (!mark.empty() && got.ends_with(mark)) break;
    }
    return got;
  }

 private:
  void connect(const sockaddr* address, socklen_t size) {
    const timeval deadline{5, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    connected_ = ::connect(fd_, address, size) == 0;
  }

  int fd_;
  bool connected_ = false;
};

/// Runs `f` as another user, without groups. The system calls, unlike the library's functions, change this
/// thread alone.
template <class F>
void as_nobody(F f) {
  std::thread([&f] {
    const bool changed = ::syscall(SYS_setgroups, 0, nullptr) == 0 &&
                         ::syscall(SYS_setresgid, 65534, 65534, 65534) == 0 &&
                         ::syscall(SYS_setresuid, 65534, 65534, 65534) == 0;
    ASSERT_TRUE(changed) << std::strerror(errno);
    f();
  }).join();
}

/// The whole answer, head and body, to one request on a connection of its own.
inline std::string ask(const std::string& socket, const std::string& method, const std::string& target,
                       const std::string& body = "") {
  const RawClient client(socket);
  client.send(method + " " + target + " HTTP/1.1\r\nHost: overlay\r\nConnection: close\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  return client.receive_all();
}

}  // namespace overlay::control::test
