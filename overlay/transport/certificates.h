// SPDX-License-Identifier: Apache-2.0
// What a host shows and trusts where the cluster has certificates instead of a secret (RFC 5280). A
// certificate is of one node, which a URI of its subject alternative name tells: "overlay:node:ID".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/bytes.h"
#include "overlay/base/result.h"

// OpenSSL's.
struct evp_pkey_st;
struct ssl_ctx_st;
struct x509_st;
struct x509_store_st;

namespace overlay::transport {

/// A PEM file (RFC 7468) that was read.
struct Pem {
  std::string name;  // for people: "--tls-cert /etc/overlay/tls.crt"
  Bytes text;
};

/// Immutable; copies share what it holds.
class Certificates {
 public:
  /// `authorities`: those that vouch for hosts; `chain`: this host's certificate, then what is between it and
  /// them; `key`: of the first. Errc::invalid names the file, what is wrong and the cure; so it does for a
  /// certificate that the authorities do not vouch for now.
  [[nodiscard]] static Result<Certificates> parse(const Pem& authorities, const Pem& chain, const Pem& key);

  /// Whose certificate it is; none: of no node, or of several.
  const std::optional<NodeId>& node() const { return node_; }
  /// When it should be replaced at the latest, seconds since the epoch: before the last quarter of its time,
  /// and seven days before it ends at most.
  std::int64_t renew_by() const { return renew_by_; }
  /// "CN = h1, until 2027-01-31T12:00:00Z".
  std::string text() const;

  /// Has handshakes of `context` show it, and want of the peer what the authorities vouch for.
  void configure(ssl_ctx_st* context) const;

 private:
  Certificates() = default;

  std::shared_ptr<x509_store_st> authorities_;
  std::vector<std::shared_ptr<x509_st>> chain_;  // never empty
  std::shared_ptr<evp_pkey_st> key_;
  std::optional<NodeId> node_;
  std::int64_t expires_ = 0;  // seconds since the epoch, the first of the chain
  std::int64_t renew_by_ = 0;
};

/// What the URI begins with that names a node.
inline constexpr std::string_view certificate_scheme = "overlay:node:";
/// "overlay:node:ID".
std::string certificate_uri(const NodeId& node);
/// The node a certificate is of; none or several: nothing.
std::optional<NodeId> node_of(x509_st* certificate);
/// "CN = h1", for people.
std::string subject_of(x509_st* certificate);

}  // namespace overlay::transport
