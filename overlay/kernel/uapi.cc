// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/uapi.h"

#include <charconv>
#include <cstdlib>
#include <optional>

#include "overlay/kernel/netlink.h"

namespace overlay::kernel {
namespace {

std::string line(std::string_view key, std::string_view value) {
  return std::string(key) + "=" + std::string(value) + "\n";
}

std::string lines(const plan::WireguardUpdate& update) {
  std::string out = line("public_key", update.public_key.hex());
  if (update.remove) return out + line("remove", "true");
  if (update.preshared) out += line("preshared_key", update.preshared->hex());
  if (update.endpoint) out += line("endpoint", update.endpoint->text());
  if (update.keepalive) out += line("persistent_keepalive_interval", std::to_string(*update.keepalive));
  if (update.replace_allowed) out += line("replace_allowed_ips", "true");
  for (const Prefix& prefix : update.allowed) out += line("allowed_ip", prefix.text());
  return out;
}

struct Line {
  std::string_view key;
  std::string_view value;
};

/// The next one, taken off `rest`; nothing at the end and for what is no line.
std::optional<Line> take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::size_t sign = rest.find('=');
  if (end == std::string_view::npos || sign >= end) return std::nullopt;
  const Line out{rest.substr(0, sign), rest.substr(sign + 1, end - sign - 1)};
  rest.remove_prefix(end + 1);
  return out;
}

template <class T>
Status read_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error == std::errc() && end == text.data() + text.size()) return {};
  return fail(Errc::invalid, "'" + std::string(text) + "' is no number");
}

Status read_key(std::string_view text, WireguardKey& out) {
  OVERLAY_TRY(out, WireguardKey::from_hex_text(text));
  return {};
}

Status read_peer_line(const Line& line, plan::WireguardState::Seen& seen) {
  plan::WireguardPeer& peer = seen.peer;
  if (line.key == "preshared_key") return read_key(line.value, peer.preshared);
  if (line.key == "persistent_keepalive_interval") return read_number(line.value, peer.keepalive);
  if (line.key == "last_handshake_time_sec") return read_number(line.value, seen.handshake);
  if (line.key == "endpoint") {
    const auto endpoint =
        Endpoint::parse(line.value);  // fails for one with a zone: somewhere else than wanted
    if (endpoint) peer.endpoint = *endpoint;
  } else if (line.key == "allowed_ip") {
    OVERLAY_TRY(const Prefix prefix, Prefix::parse(line.value));
    peer.allowed.push_back(prefix);
  }
  return {};
}

Status read_line(const Line& line, plan::WireguardState& out) {
  if (line.key == "public_key") return read_key(line.value, out.peers.emplace_back().peer.public_key);
  if (!out.peers.empty()) return read_peer_line(line, out.peers.back());
  if (line.key == "private_key") return read_key(line.value, out.secret);
  if (line.key == "listen_port") return read_number(line.value, out.port);
  return {};
}

Status status_of(std::string_view number) {
  std::int16_t error = 0;
  OVERLAY_CHECK(read_number(number, error));
  if (error == 0) return {};
  return kernel_error(std::abs(error), "wireguard-go refuses");
}

}  // namespace

std::string uapi_set(const plan::WireguardChange& change) {
  std::string out = line("set", "1");
  if (change.secret) out += line("private_key", change.secret->hex());
  if (change.port) out += line("listen_port", std::to_string(*change.port));
  for (const plan::WireguardUpdate& update : change.peers) out += lines(update);
  return out + "\n";
}

bool is_whole_answer(std::string_view answer) { return answer.ends_with("\n\n"); }

Result<plan::WireguardState> read_uapi(std::string_view answer) {
  plan::WireguardState out;
  while (const auto line = take_line(answer)) {
    if (line->key == "errno") {
      OVERLAY_CHECK(status_of(line->value));
      return out;
    }
    if (auto read = read_line(*line, out); !read) {
      return with_context("wireguard-go says " + std::string(line->key), read.error());
    }
  }
  return fail(Errc::invalid, "wireguard-go's answer breaks off");
}

Status read_uapi_errno(std::string_view answer) {
  OVERLAY_CHECK(read_uapi(answer));
  return {};
}

}  // namespace overlay::kernel
