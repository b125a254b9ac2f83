// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/secrets.h"

#include "overlay/daemon/past.h"
#include "overlay/store/guarded_file.h"
#include "overlay/store/secret_file.h"

namespace overlay::daemon {
namespace {

constexpr std::string_view cure =
    "copy the secret of a host of the cluster and name the copy with --secret-file FILE";

bool is_there(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
}

bool has_own_secret(const Options& options) { return is_there(own_secret(options)); }

Result<std::vector<Secret>> load_given(const std::vector<std::filesystem::path>& files) {
  std::vector<Secret> out;
  for (const auto& file : files) {
    auto secret = store::load_secret(file);
    if (!secret) return fail(secret.error().code, "--secret-file " + secret.error().text);
    out.push_back(*std::move(secret));
  }
  return out;
}

/// A host that only waits to be told what to do talks to nobody, as does one that has yet to read the secret
/// from the Kubernetes API server: a secret of nobody else's keeps it so.
Result<Secret> secret_of_nobody() {
  OVERLAY_TRY(const auto random, store::random_bytes());
  return Secret(random);
}

Result<Secret> load_own(const Options& options) {
  if (has_own_secret(options)) return store::load_secret(own_secret(options));
  if (makes_secret(options)) return store::make_secret(own_secret(options));
  if (options.kubernetes) return secret_of_nobody();
  if (!options.join.empty()) {
    return fail(Errc::invalid, "--join: this host has no cluster secret; " + std::string(cure) +
                                   ", or give --insecure if the cluster has none");
  }
  if (was_in_cluster(options.state_dir)) {
    return fail(Errc::invalid, "--state-dir " + options.state_dir.string() +
                                   ": this host is in a cluster and has no secret of it; " +
                                   std::string(cure) + ", or give --insecure if the cluster has none");
  }
  return secret_of_nobody();
}

}  // namespace

std::filesystem::path own_secret(const Options& options) { return options.state_dir / "secret"; }

bool makes_secret(const Options& options) {
  return options.bootstrap && !options.insecure && options.tls_cert.empty() && options.secret_files.empty() &&
         !has_own_secret(options) && !was_in_cluster(options.state_dir);
}

Result<std::optional<transport::Keyring>> load_keys(const Options& options) {
  if (options.insecure) return std::nullopt;
  OVERLAY_TRY(auto secrets, load_given(options.secret_files));
  if (secrets.empty()) {
    OVERLAY_TRY(auto own, load_own(options));
    secrets.push_back(std::move(own));
  }
  auto keys = transport::Keyring::make(secrets);
  if (!keys) return with_context("--secret-file", keys.error());
  return std::optional(*std::move(keys));
}

std::string joining_line(const Options& options, const std::optional<Ip>& underlay) {
  if (options.insecure || !options.tls_cert.empty() || !options.bootstrap || !options.secret_files.empty())
    return {};
  const std::string host = underlay ? underlay->text() : options.name;
  const std::uint16_t port = options.listen.front().port;
  const std::string target = port == mesh_port ? host : HostPort{host, port}.text();
  return "to join another host, copy " + own_secret(options).string() + " there and run: overlayd --join " +
         target + " --secret-file FILE";
}

}  // namespace overlay::daemon
