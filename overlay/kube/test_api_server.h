// SPDX-License-Identifier: Apache-2.0
// For tests: an API server in this process, over TLS on loopback, with the manners that matter: versions,
// pages, watches that go on and versions too old for that, create-if-absent, refusals.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "overlay/kube/access.h"
#include "overlay/kube/asio.h"
#include "overlay/kube/http.h"

namespace overlay::kube::test {

namespace json = boost::json;

/// A certificate for 127.0.0.1 that vouches for itself, and its key, in PEM.
struct Certificate {
  std::string certificate;
  std::string key;
};
Certificate make_certificate();

/// A directory like that of a service account, gone at the end.
class Account {
 public:
  Account(const std::string& token, const std::string& ca);
  ~Account();
  void write(const std::string& file, const std::string& text) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class ApiServer {
 public:
  explicit ApiServer(asio::io_context& io);
  ~ApiServer();

  Access access() const { return {{"127.0.0.1", port_}, account.path()}; }

  void put_node(const std::string& name, const std::string& uid, const std::string& address,
                const std::vector<std::string>& taints = {});
  void delete_node(const std::string& name);
  /// As kube-controller-manager does, some time after the Node was made.
  void put_pod_cidrs(const std::string& name, const std::vector<std::string>& cidrs);
  /// A Node as it is now; null when there is none.
  const json::value* node(const std::string& name) const;
  /// As of the last GET, POST or PUT; null when there is none.
  const json::value* object(const std::string& path) const;
  /// How often it was asked, by method and how the target begins.
  std::size_t asked(const std::string& method, const std::string& target) const;

  /// Ends every connection, and new ones right away while `is_away`.
  void hang_up();
  /// Watches cannot go on from versions up to now.
  void compact();

  Certificate certificate = make_certificate();
  Account account{"token-1", certificate.certificate};
  std::string token = "token-1";  // the one it takes
  bool is_away = false;
  std::size_t page = 2;                   // Nodes of a page, whatever is asked for
  std::map<std::string, Answer> answers;  // by "METHOD PATH": instead of what would be
  std::map<std::string, json::value> objects;
  std::vector<json::value> events;

 private:
  struct Connection;
  struct Change {
    std::uint64_t version;
    std::string line;
    std::string name;
  };

  void accept();
  Awaitable<void> serve(std::shared_ptr<Connection> connection);
  Awaitable<void> watch(std::shared_ptr<Connection> connection, std::string target);
  Answer answer(const Request& request, const std::string& bearer);
  Answer list(const std::string& target) const;
  Answer create(const std::string& collection, const json::value& body);
  Answer replace(const std::string& path, const json::value& body);
  Answer patch(const std::string& path, const json::value& body);
  void changed(const std::string& type, const std::string& name);

  asio::io_context& io_;
  asio::ssl::context tls_;
  asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  std::set<std::shared_ptr<Connection>> connections_;
  std::uint64_t version_ = 100;
  std::uint64_t compacted_ = 0;
  std::map<std::string, json::value> nodes_;
  std::vector<Change> changes_;
  std::vector<std::string> log_;
};

}  // namespace overlay::kube::test
