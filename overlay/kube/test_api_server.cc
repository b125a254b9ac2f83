// SPDX-License-Identifier: Apache-2.0
#include "overlay/kube/test_api_server.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fstream>

#include "overlay/kube/json.h"

namespace overlay::kube::test {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

std::string to_base64(const std::string& bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  out.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                                      reinterpret_cast<const unsigned char*>(bytes.data()),
                                                      static_cast<int>(bytes.size()))));
  return out;
}

std::string take(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string out(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return out;
}

std::string query(const std::string& target, const std::string& key) {
  const std::size_t at = target.find(key + "=");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + key.size() + 1;
  return target.substr(begin, target.find('&', begin) - begin);
}

std::string only_name(const std::string& target) {
  const std::string selector = query(target, "fieldSelector");
  const std::string prefix = "metadata.name%3D";
  return selector.starts_with(prefix) ? selector.substr(prefix.size()) : "";
}

Answer status(unsigned code, const std::string& message) {
  return {code, json::serialize(json::object{{"kind", "Status"}, {"code", code}, {"message", message}})};
}

std::string path_of(const std::string& target) { return target.substr(0, target.find('?')); }

}  // namespace

Certificate make_certificate() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* x509 = X509_new();
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
  X509_set_pubkey(x509, key);
  X509_NAME* name = X509_get_subject_name(x509);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1,
                             0);
  X509_set_issuer_name(x509, name);
  for (const auto& [id, value] : {std::pair(NID_subject_alt_name, "IP:127.0.0.1"),
                                  std::pair(NID_basic_constraints, "critical,CA:TRUE")}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(x509, key, EVP_sha256());
  BIO* certificate = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate, x509);
  BIO* secret = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(secret, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(x509);
  EVP_PKEY_free(key);
  return {take(certificate), take(secret)};
}

Account::Account(const std::string& token, const std::string& ca) {
  std::string name = (std::filesystem::temp_directory_path() / "overlay-account-XXXXXX").string();
  path_ = ::mkdtemp(name.data());
  write("token", token);
  write("ca.crt", ca);
  write("namespace", "overlay-system");
}

Account::~Account() { std::filesystem::remove_all(path_); }

void Account::write(const std::string& file, const std::string& text) const {
  std::ofstream(path_ / file) << text;
}

// ---- connections ----

struct ApiServer::Connection {
  explicit Connection(tcp::socket socket, asio::ssl::context& tls)
      : stream(std::move(socket), tls), news(stream.get_executor()) {}

  void close() {
    error_code ignored;
    stream.next_layer().close(ignored);
    open = false;
    news.cancel();
  }

  asio::ssl::stream<tcp::socket> stream;
  beast::flat_buffer buffer;
  asio::steady_timer news;  // cancelled when there is something to tell a watcher
  bool open = true;
};

ApiServer::ApiServer(asio::io_context& io)
    : io_(io),
      tls_(asio::ssl::context::tls_server),
      acceptor_(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
  tls_.use_certificate(asio::buffer(certificate.certificate), asio::ssl::context::pem);
  tls_.use_private_key(asio::buffer(certificate.key), asio::ssl::context::pem);
  port_ = acceptor_.local_endpoint().port();
  accept();
}

ApiServer::~ApiServer() = default;

void ApiServer::accept() {
  acceptor_.async_accept([this](error_code error, tcp::socket socket) {
    if (error) return;
    accept();
    if (is_away) return;
    auto connection = std::make_shared<Connection>(std::move(socket), tls_);
    connections_.insert(connection);
    spawn(io_.get_executor(), serve(connection));
  });
}

void ApiServer::hang_up() {
  for (const auto& connection : std::exchange(connections_, {})) connection->close();
}

Awaitable<void> ApiServer::serve(std::shared_ptr<Connection> connection) {
  auto [refused] = co_await connection->stream.async_handshake(asio::ssl::stream_base::server, as_value);
  while (!refused && connection->open) {
    http::request<http::string_body> message;
    auto [error, bytes] =
        co_await http::async_read(connection->stream, connection->buffer, message, as_value);
    if (error) break;
    Request request;
    request.method = std::string(message.method_string());
    request.target = std::string(message.target());
    request.body = message.body();
    log_.push_back(request.method + " " + request.target);
    const std::string bearer(message[http::field::authorization]);
    Answer reply = answer(request, bearer);
    if (reply.ok() && request.target.find("watch=true") != std::string::npos) {
      co_await watch(connection, request.target);
      break;
    }
    http::response<http::string_body> response(http::int_to_status(reply.status), 11);
    response.body() = reply.body;
    response.prepare_payload();
    auto [failed, written] = co_await http::async_write(connection->stream, response, as_value);
    if (failed) break;
  }
  connections_.erase(connection);
}

Awaitable<void> ApiServer::watch(std::shared_ptr<Connection> connection, std::string target) {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  auto [failed, sent] = co_await asio::async_write(connection->stream, asio::buffer(head), as_value);
  std::uint64_t from = std::stoull(query(target, "resourceVersion"));
  const std::string name = only_name(target);
  const bool is_old = from < compacted_;
  while (!failed && connection->open) {
    std::string lines;
    if (is_old)
      lines = R"({"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}})"
              "\n";
    for (const Change& change : changes_) {
      if (!is_old && change.version > from && (name.empty() || name == change.name))
        lines += change.line + "\n";
    }
    from = version_;
    if (!lines.empty()) {
      std::array<char, 32> size{};
      std::snprintf(size.data(), size.size(), "%zx\r\n", lines.size());
      const std::string chunk = size.data() + lines + "\r\n" + (is_old ? "0\r\n\r\n" : "");
      auto [broken, bytes] = co_await asio::async_write(connection->stream, asio::buffer(chunk), as_value);
      if (broken || is_old) break;
    }
    if (from != version_) continue;
    connection->news.expires_at(asio::steady_timer::time_point::max());
    co_await connection->news.async_wait(as_value);
  }
}

// ---- what it holds ----

void ApiServer::changed(const std::string& type, const std::string& name) {
  json::value& node = nodes_[name];
  node.as_object()["metadata"].as_object()["resourceVersion"] = std::to_string(++version_);
  changes_.push_back({version_, json::serialize(json::object{{"type", type}, {"object", node}}), name});
  for (const auto& connection : connections_) connection->news.cancel();
}

void ApiServer::put_node(const std::string& name, const std::string& uid, const std::string& address,
                         const std::vector<std::string>& taints) {
  json::array taint_list;
  for (const auto& key : taints) taint_list.push_back(json::object{{"key", key}, {"effect", "NoExecute"}});
  const json::object place{{"type", "InternalIP"}, {"address", address}};
  json::array addresses;
  addresses.push_back(place);
  nodes_[name] = json::object{{"metadata", json::object{{"name", name}, {"uid", uid}}},
                              {"spec", json::object{{"taints", std::move(taint_list)}}},
                              {"status", json::object{{"addresses", std::move(addresses)}}}};
  changed("ADDED", name);
}

void ApiServer::put_pod_cidrs(const std::string& name, const std::vector<std::string>& cidrs) {
  nodes_.at(name).at("spec").as_object()["podCIDRs"] = json::array(cidrs.begin(), cidrs.end());
  changed("MODIFIED", name);
}

void ApiServer::delete_node(const std::string& name) {
  changed("DELETED", name);
  nodes_.erase(name);
}

void ApiServer::compact() { compacted_ = version_ + 1, changes_.clear(), ++version_; }

const json::value* ApiServer::node(const std::string& name) const {
  const auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : &found->second;
}

const json::value* ApiServer::object(const std::string& path) const {
  const auto found = objects.find(path);
  return found == objects.end() ? nullptr : &found->second;
}

std::size_t ApiServer::asked(const std::string& method, const std::string& target) const {
  return static_cast<std::size_t>(std::count_if(log_.begin(), log_.end(), [&](const std::string& line) {
    return line.starts_with(method + " " + target);
  }));
}

// ---- what it answers ----

Answer ApiServer::answer(const Request& request, const std::string& bearer) {
  const std::string path = path_of(request.target);
  if (bearer != "Bearer " + token) return status(401, "Unauthorized");
  if (const auto made_up = answers.find(request.method + " " + path); made_up != answers.end())
    return made_up->second;
  if (path == "/api/v1/nodes") return list(request.target);
  const json::value body = request.body.empty() ? json::value() : parse_json(request.body).value();
  if (request.method == "POST") return create(path, body);
  if (request.method == "PUT") return replace(path, body);
  if (request.method == "PATCH") return patch(path, body);
  const json::value* found = object(path);
  return found == nullptr ? status(404, path + " not found") : Answer{200, json::serialize(*found)};
}

Answer ApiServer::list(const std::string& target) const {
  const std::string after = query(target, "continue");
  const std::string name = only_name(target);
  json::array items;
  std::string next;
  for (const auto& [key, node] : nodes_) {
    if (key <= after || (!name.empty() && key != name)) continue;
    if (items.size() == page) next = items.back().at("metadata").at("name").as_string().c_str();
    if (!next.empty()) break;
    items.push_back(node);
  }
  const json::object metadata{{"resourceVersion", std::to_string(version_)}, {"continue", next}};
  return {200, json::serialize(json::object{{"metadata", metadata}, {"items", std::move(items)}})};
}

Answer ApiServer::create(const std::string& collection, const json::value& body) {
  if (collection.ends_with("/events")) {
    events.push_back(body);
    return {201, "{}"};
  }
  const std::string path = collection + "/" + text_at(body, "/metadata/name");
  if (objects.contains(path)) return status(409, path + " already exists");
  json::value made = body;
  made.as_object()["metadata"].as_object()["resourceVersion"] = std::to_string(++version_);
  if (const json::value* plain = find(body, "/stringData")) {
    json::object data;
    for (const auto& [key, value] : plain->as_object()) data[key] = to_base64(value.as_string().c_str());
    made.as_object()["data"] = std::move(data);
  }
  objects[path] = made;
  return {201, json::serialize(made)};
}

Answer ApiServer::replace(const std::string& path, const json::value& body) {
  const json::value* there = object(path);
  if (there == nullptr) return status(404, path + " not found");
  if (text_at(*there, "/metadata/resourceVersion") != text_at(body, "/metadata/resourceVersion"))
    return status(409, "the object has been modified");
  json::value made = body;
  made.as_object()["metadata"].as_object()["resourceVersion"] = std::to_string(++version_);
  objects[path] = made;
  return {200, json::serialize(made)};
}

/// A Node's conditions, or the test and removal of one of its taints.
Answer ApiServer::patch(const std::string& path, const json::value& body) {
  const std::string prefix = "/api/v1/nodes/";
  const bool is_status = path.ends_with("/status");
  const std::string name = path.substr(
      prefix.size(), path.size() - prefix.size() - (is_status ? std::string("/status").size() : 0));
  if (!nodes_.contains(name)) return status(404, name + " not found");
  json::object& node = nodes_[name].as_object();
  if (is_status) {
    node["status"].as_object()["conditions"] = body.at("status").at("conditions");
  } else {
    const std::size_t index =
        std::stoul(text_at(body, "/1/path").substr(std::string("/spec/taints/").size()));
    json::array& taints = node["spec"].as_object()["taints"].as_array();
    if (index >= taints.size() || taints[index].at("key") != body.at(0).at("value"))
      return status(422, "testing path failed");
    taints.erase(taints.begin() + static_cast<std::ptrdiff_t>(index));
  }
  changed("MODIFIED", name);
  return {200, json::serialize(nodes_[name])};
}

}  // namespace overlay::kube::test
