// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/credentials.h"

#include <fcntl.h>
#include <openssl/crypto.h>

#include "overlay/daemon/log.h"
#include "overlay/daemon/secrets.h"
#include "overlay/store/guarded_file.h"

namespace overlay::daemon {
namespace {

using transport::Certificates;
using transport::Pem;

Result<Pem> read_pem(const std::string& flag, const std::filesystem::path& path, bool guarded) {
  auto file = store::File::open(path, O_RDONLY | O_NONBLOCK);
  if (!file) return with_context(flag, file.error());
  if (const Status closed = store::check_guarded(*file); guarded && !closed) {
    return with_context(flag, closed.error());
  }
  auto text = file->read_all();
  if (!text) return with_context(flag, text.error());
  return Pem{flag + " " + path.string(), *std::move(text)};
}

Result<Certificates> load_certificates(const Options& options) {
  OVERLAY_TRY(const Pem authorities, read_pem("--tls-ca", options.tls_ca, false));
  OVERLAY_TRY(const Pem chain, read_pem("--tls-cert", options.tls_cert, false));
  OVERLAY_TRY(Pem key, read_pem("--tls-key", options.tls_key, true));
  auto out = Certificates::parse(authorities, chain, key);
  OPENSSL_cleanse(key.text.data(), key.text.size());
  return out;
}

}  // namespace

Result<std::optional<transport::Credentials>> load_credentials(const Options& options) {
  if (!options.tls_cert.empty()) {
    OVERLAY_TRY(auto certificates, load_certificates(options));
    return std::optional<transport::Credentials>(std::move(certificates));
  }
  OVERLAY_TRY(auto keys, load_keys(options));
  if (!keys) return std::optional<transport::Credentials>();
  return std::optional<transport::Credentials>(*std::move(keys));
}

Status check_node(const Options& options, const transport::Credentials& credentials, const NodeId& node) {
  const auto* const certificates = std::get_if<Certificates>(&credentials);
  if (certificates == nullptr || certificates->node() == node) return {};
  const auto& named = certificates->node();
  return fail(Errc::invalid, "--tls-cert " + options.tls_cert.string() + ": it is of " +
                                 (named ? "the node " + named->hex() : "no node") + " and this node is " +
                                 node.hex() + "; have it issued with the subject alternative name URI:" +
                                 transport::certificate_uri(node));
}

std::vector<plan::PairRoot> pair_roots(const std::optional<transport::Credentials>& credentials) {
  std::vector<plan::PairRoot> out;
  const auto* keys = credentials ? std::get_if<transport::Keyring>(&*credentials) : nullptr;
  for (std::size_t i = 0; keys != nullptr && i < keys->size(); ++i) {
    const transport::Keyring::Key& key = keys->at(i);
    out.push_back({std::stoull(key.id, nullptr, 16), key.pair_root});
  }
  return out;
}

void tell(const transport::Credentials& credentials) {
  if (const auto* keys = std::get_if<transport::Keyring>(&credentials)) {
    return log(spdlog::level::info, "security", {{"keys", keys->ids()}});
  }
  log(spdlog::level::info, "security", {{"certificate", std::get<Certificates>(credentials).text()}});
}

void take_up(const transport::Credentials& credentials, Driver& driver, MeshSessions& sessions) {
  tell(credentials);
  driver.feed([&](node::Node& node, Time now) { node.secrets_changed(pair_roots(credentials), now); });
  sessions.set_credentials(credentials);
}

}  // namespace overlay::daemon
