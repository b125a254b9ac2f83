// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>

namespace overlay::daemon {
namespace {

constexpr std::size_t max_name_bytes = 253;  // of a host name (RFC 1035)
constexpr std::uint16_t https_port = 443;
constexpr std::uint32_t min_mtu_v4 = 576;   // RFC 791: what every host must take
constexpr std::uint32_t min_mtu_v6 = 1280;  // RFC 8200

/// Every flag as it was written; what is not given has its default.
struct Raw {
  std::string name;
  std::string zone;
  bool bootstrap = false;
  bool kubernetes = false;
  std::string kube_api;
  std::string kube_account = "/var/run/secrets/kubernetes.io/serviceaccount";
  std::string forget_after = "300";
  std::string bootstrap_expect;
  std::vector<std::string> join;
  std::vector<std::string> pool = {"10.32.0.0/12"};
  std::string block_prefix = "24";
  std::string block_prefix6 = "64";
  std::string ipam = "pool";
  std::vector<std::string> listen = {"0.0.0.0:6783", "[::]:6783"};
  std::string underlay_address;
  std::string vxlan_port = "4789";
  std::string vni;
  std::string encryption = "none";
  std::string wireguard_port = "51820";
  std::vector<std::string> no_masquerade;
  bool open_forward = false;
  std::string checksum_offload = "auto";
  std::string reap_after = "300";
  std::string cni_bin_dir = "/opt/cni/bin";
  std::string cni_conf_dir = "/etc/cni/net.d";
  std::string mtu = "auto";
  std::string direct_routes = "auto";
  std::vector<std::string> secret_file;
  std::string tls_ca;
  std::string tls_cert;
  std::string tls_key;
  bool insecure = false;
  bool offline_start = true;
  std::string state_dir = "/var/lib/overlay";
  std::string run_dir = "/run/overlay";
  std::string metrics = "127.0.0.1:6782";
  std::string map = "local";
  std::string log_level = "info";
};

/// "--block-prefix" -> "OVERLAY_BLOCK_PREFIX".
std::string environment_name(std::string_view flag) {
  std::string out = "OVERLAY";
  for (const char c : flag.substr(1)) {
    out.push_back(c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  }
  return out;
}

/// Declares the flags on a CLI11 app; each is a key of the file and a variable too.
class Flags {
 public:
  explicit Flags(CLI::App& app) : app_(app) {}

  void text(const std::string& flag, std::string& value, const std::string& type, const std::string& help) {
    auto* option = app_.add_option(flag, value, help)->envname(environment_name(flag))->option_text(type);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    if (!value.empty()) option->option_text(type + " [" + value + "]");
  }
  void list(const std::string& flag, std::vector<std::string>& values, const std::string& type,
            const std::string& help) {
    auto* option = app_.add_option(flag, values, help)->envname(environment_name(flag));
    option->allow_extra_args(false)->delimiter(',');
    option->option_text(values.empty() ? type + " ..." : type + " ... [" + CLI::detail::join(values) + "]");
  }
  void yes(const std::string& flag, bool& value, const std::string& help) {
    app_.add_flag(flag, value, help)->envname(environment_name(flag));
  }

 private:
  CLI::App& app_;
};

void declare(CLI::App& app, Raw& raw) {
  Flags flags(app);
  // CLI11 reads the file before the environment, so the variable that names the file is looked at here.
  const char* const config = std::getenv("OVERLAY_CONFIG");
  app.set_config("--config", config != nullptr ? config : "", "TOML file; its keys are the flags below",
                 config != nullptr)
      ->option_text("FILE");
  flags.text("--name", raw.name, "NAME", "of this host; default: its host name");
  flags.yes("--bootstrap", raw.bootstrap, "found the cluster if this host has no state yet");
  flags.text("--bootstrap-expect", raw.bootstrap_expect, "N",
             "found it together: the founders are the first N of the --join list, which is the same on all");
  flags.list("--join", raw.join, "HOST[:PORT]", "a host of the cluster to join");
  flags.yes("--kubernetes", raw.kubernetes, "peers, cluster, secret and removals from the API server");
  flags.text("--kube-api", raw.kube_api, "HOST[:PORT]",
             "the API server; default: what a pod's KUBERNETES_SERVICE_HOST and _PORT say");
  flags.text("--kube-account", raw.kube_account, "DIR",
             "with the files token and ca.crt of a service account");
  flags.text("--forget-after", raw.forget_after, "SECONDS",
             "with --kubernetes: remove the member whose Node is deleted that long");
  flags.list("--pool", raw.pool, "CIDR", "founding: pod addresses, at most one IPv4 and one IPv6 pool");
  flags.text("--block-prefix", raw.block_prefix, "N", "founding: length of a host's IPv4 blocks");
  flags.text("--block-prefix6", raw.block_prefix6, "N", "founding: length of a host's IPv6 blocks");
  flags.text("--ipam", raw.ipam, "pool|kubernetes",
             "founding: who chooses a host's blocks: the voters, or Kubernetes, as the podCIDRs of its Node");
  flags.list("--listen", raw.listen, "ADDR:PORT", "where other hosts reach this one, TCP");
  flags.text("--underlay-address", raw.underlay_address, "IP",
             "default: source address of the default route");
  flags.text("--zone", raw.zone, "NAME", "where this host stands, for people and for choosing peers");
  flags.text("--vxlan-port", raw.vxlan_port, "N", "founding: UDP port of VXLAN");
  flags.text("--vni", raw.vni, "N", "founding: VXLAN network identifier; default: from the cluster id");
  flags.text("--encryption", raw.encryption, "none|wireguard",
             "founding: whether packets between hosts are encrypted, by WireGuard");
  flags.text("--wireguard-port", raw.wireguard_port, "N", "UDP port of encrypted packets to this host");
  flags.list("--no-masquerade", raw.no_masquerade, "CIDR", "destinations that see pod addresses unchanged");
  flags.yes("--open-forward", raw.open_forward, "let pods' packets through another firewall's FORWARD chain");
  flags.text("--checksum-offload", raw.checksum_offload, "auto|on|off",
             "who sums up what is in VXLAN; auto: the network card where a test shows that it can");
  flags.text("--reap-after", raw.reap_after, "SECONDS",
             "free the address of a pod whose interface is gone that long without a DEL");
  flags.text("--cni-bin-dir", raw.cni_bin_dir, "DIR", "where the CNI plugin is installed; empty: nowhere");
  flags.text("--cni-conf-dir", raw.cni_conf_dir, "DIR", "where its configuration is written; empty: nowhere");
  flags.text("--mtu", raw.mtu, "auto|N", "of pods; auto: what the underlay leaves");
  flags.text("--direct-routes", raw.direct_routes, "auto|off",
             "auto: without VXLAN to hosts of the same subnet, where that works");
  flags.list("--secret-file", raw.secret_file, "FILE",
             "the cluster's secret; the first is ours, all are accepted; default: STATE_DIR/secret");
  flags.text("--tls-ca", raw.tls_ca, "FILE", "PEM: who issues the hosts' certificates; instead of a secret");
  flags.text("--tls-cert", raw.tls_cert, "FILE", "PEM: this host's certificate, with URI:overlay:node:ID");
  flags.text("--tls-key", raw.tls_key, "FILE", "PEM: the certificate's key");
  flags.yes("--insecure", raw.insecure, "no secret: the mesh is neither encrypted nor closed to strangers");
  flags.yes(
      "--offline-start", raw.offline_start,
      "a restart goes on in its own blocks after 60 s without a majority of the voters; on unless =false");
  flags.text("--state-dir", raw.state_dir, "DIR", "identity and state");
  flags.text("--run-dir", raw.run_dir, "DIR", "control socket, and what tells one boot from another");
  flags.text("--metrics", raw.metrics, "ADDR:PORT",
             "/metrics, /healthz, /readyz and the map /ui; empty: nowhere");
  flags.text("--map", raw.map, "local|all|off", "show the map to callers on this host, to all, or to nobody");
  flags.text("--log-level", raw.log_level, "LEVEL", "debug, info, warning or error");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.set_version_flag("--version", "overlayd " OVERLAY_VERSION);
}

Error wrong(const std::string& flag, const std::string& value, const std::string& cure) {
  return fail(Errc::invalid, flag + " '" + value + "': give " + cure);
}

template <class T>
Result<T> number(const std::string& flag, const std::string& text, T low, T high) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= low && value <= high) return value;
  return wrong(flag, text, "a number from " + std::to_string(low) + " to " + std::to_string(high));
}

/// Each of `texts` through `parse`, which returns a Result; the error names the flag.
template <class Parse>
auto each(const std::string& flag, const std::vector<std::string>& texts, Parse parse)
    -> Result<std::vector<typename decltype(parse(std::string()))::value_type>> {
  std::vector<typename decltype(parse(std::string()))::value_type> out;
  for (const std::string& text : texts) {
    auto value = parse(text);
    if (!value) return with_context(flag, value.error());
    out.push_back(*std::move(value));
  }
  return out;
}

Result<std::string> parse_name(const std::string& flag, const std::string& text) {
  const bool graphic =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isgraph(c) != 0; });
  if (graphic && text.size() <= max_name_bytes) return text;
  return wrong(flag, text,
               "at most " + std::to_string(max_name_bytes) + " printable characters without spaces");
}

std::string host_name() {
  std::array<char, max_name_bytes + 2> text{};
  if (::gethostname(text.data(), text.size() - 1) != 0 || text.front() == '\0') return "localhost";
  return text.data();
}

Result<consensus::Genesis> parse_genesis(const Raw& raw) {
  consensus::Genesis genesis;
  OVERLAY_TRY(genesis.pools, each("--pool", raw.pool, Prefix::parse));
  std::sort(genesis.pools.begin(), genesis.pools.end());
  OVERLAY_TRY(genesis.block_length_v4, number<int>("--block-prefix", raw.block_prefix, 0, 32));
  OVERLAY_TRY(genesis.block_length_v6, number<int>("--block-prefix6", raw.block_prefix6, 0, 128));
  OVERLAY_TRY(genesis.vxlan_port, number<std::uint16_t>("--vxlan-port", raw.vxlan_port, 1, 65535));
  if (!raw.vni.empty()) {
    OVERLAY_TRY(genesis.vni, number<std::uint32_t>("--vni", raw.vni, 1, 0xffffff));
  }
  if (raw.ipam != "pool" && raw.ipam != "kubernetes") return wrong("--ipam", raw.ipam, "pool or kubernetes");
  if (raw.encryption != "none" && raw.encryption != "wireguard")
    return wrong("--encryption", raw.encryption, "none or wireguard");
  genesis.encryption =
      raw.encryption == "none" ? consensus::Encryption::none : consensus::Encryption::wireguard;
  genesis.ipam = raw.ipam == "pool" ? consensus::Ipam::pool : consensus::Ipam::kubernetes;
  // Founded by one voter it must hold; who that is the node knows.
  consensus::Genesis founded = genesis;
  founded.voters = {PublicKey{}};
  OVERLAY_CHECK(consensus::validate(founded));
  return genesis;
}

Result<bool> parse_direct_routes(const std::string& text) {
  if (text == "auto" || text == "off") return text == "auto";
  return fail(Errc::invalid, "--direct-routes: '" + text + "' is neither auto nor off; give one of them");
}

Result<std::uint32_t> parse_mtu(const Raw& raw, const consensus::Genesis& genesis) {
  if (raw.mtu == "auto") return 0;
  OVERLAY_TRY(const auto mtu, number<std::uint32_t>("--mtu", raw.mtu, min_mtu_v4, 65535));
  const auto v6 = std::find_if(genesis.pools.begin(), genesis.pools.end(),
                               [](const Prefix& pool) { return pool.family() == Family::v6; });
  if (v6 == genesis.pools.end() || mtu >= min_mtu_v6) return mtu;
  return fail(Errc::invalid, "--mtu " + raw.mtu + " is too small for the IPv6 --pool " + v6->text() +
                                 ": give " + std::to_string(min_mtu_v6) + " or more");
}

Result<spdlog::level::level_enum> parse_log_level(const std::string& text) {
  if (text == "debug") return spdlog::level::debug;
  if (text == "info") return spdlog::level::info;
  if (text == "warning") return spdlog::level::warn;
  if (text == "error") return spdlog::level::err;
  return wrong("--log-level", text, "debug, info, warning or error");
}

Result<ChecksumOffload> parse_checksum_offload(const std::string& text) {
  if (text == "auto") return ChecksumOffload::automatic;
  if (text == "on") return ChecksumOffload::on;
  if (text == "off") return ChecksumOffload::off;
  return wrong("--checksum-offload", text, "auto, on or off");
}

Result<control::MapFor> parse_map(const std::string& text) {
  if (text == "local") return control::MapFor::local;
  if (text == "all") return control::MapFor::all;
  if (text == "off") return control::MapFor::nobody;
  return wrong("--map", text, "local, all or off");
}

Result<std::filesystem::path> parse_directory(const std::string& flag, const std::string& text) {
  if (text.starts_with('/')) return text;
  return wrong(flag, text, "an absolute path");
}

/// The same, where an empty text means that there is none.
Result<std::filesystem::path> parse_optional_directory(const std::string& flag, const std::string& text) {
  if (text.empty()) return std::filesystem::path();
  return parse_directory(flag, text);
}

Status parse_addresses(const Raw& raw, Options& options) {
  const auto host_port = [](const std::string& text) { return HostPort::parse(text, mesh_port); };
  OVERLAY_TRY(options.join, each("--join", raw.join, host_port));
  OVERLAY_TRY(options.listen, each("--listen", raw.listen, Endpoint::parse));
  OVERLAY_TRY(options.no_masquerade, each("--no-masquerade", raw.no_masquerade, Prefix::parse));
  if (!raw.underlay_address.empty()) {
    OVERLAY_TRY(const auto addresses, each("--underlay-address", {raw.underlay_address}, Ip::parse));
    options.underlay_address = addresses.front();
  }
  if (!raw.metrics.empty()) {
    OVERLAY_TRY(const auto endpoints, each("--metrics", {raw.metrics}, Endpoint::parse));
    options.metrics = endpoints.front();
  }
  OVERLAY_TRY(options.map, parse_map(raw.map));
  return {};
}

Status parse_founding(const Raw& raw, Options& options) {
  options.bootstrap = raw.bootstrap;
  if (raw.bootstrap_expect.empty()) return {};
  OVERLAY_TRY(options.bootstrap_expect,
              number<std::size_t>("--bootstrap-expect", raw.bootstrap_expect, 1, 16));
  if (raw.bootstrap) {
    return fail(Errc::invalid, "--bootstrap and --bootstrap-expect do not fit: give one of them");
  }
  if (options.join.size() >= options.bootstrap_expect) return {};
  return fail(Errc::invalid, "--bootstrap-expect " + raw.bootstrap_expect +
                                 " needs the addresses of as many hosts, " +
                                 "this one among them, and there are " + std::to_string(options.join.size()) +
                                 ": give each with --join, the same list on every host");
}

Status parse_directories(const Raw& raw, Options& options) {
  OVERLAY_TRY(options.cni_bin_dir, parse_optional_directory("--cni-bin-dir", raw.cni_bin_dir));
  OVERLAY_TRY(options.cni_conf_dir, parse_optional_directory("--cni-conf-dir", raw.cni_conf_dir));
  OVERLAY_TRY(options.state_dir, parse_directory("--state-dir", raw.state_dir));
  OVERLAY_TRY(options.run_dir, parse_directory("--run-dir", raw.run_dir));
  if (options.cni_bin_dir.empty() == options.cni_conf_dir.empty()) return {};
  return fail(Errc::invalid, "--cni-bin-dir and --cni-conf-dir do not fit: give both, or leave both empty");
}

/// What the kubelet puts into a pod's environment.
std::string api_in_pod() {
  const char* const host = std::getenv("KUBERNETES_SERVICE_HOST");
  const char* const port = std::getenv("KUBERNETES_SERVICE_PORT");
  if (host == nullptr) return {};
  const bool v6 = std::string_view(host).find(':') != std::string_view::npos;
  return (v6 ? "[" + std::string(host) + "]" : host) + ":" + (port != nullptr ? port : "443");
}

Status parse_kubernetes(const Raw& raw, Options& options) {
  options.kubernetes = raw.kubernetes;
  OVERLAY_TRY(const int forget_after, number("--forget-after", raw.forget_after, 1, 86400));
  options.forget_after = std::chrono::seconds(forget_after);
  if (!options.kubernetes) return {};
  if (raw.bootstrap || !raw.bootstrap_expect.empty()) {
    const std::string flag = raw.bootstrap ? "--bootstrap" : "--bootstrap-expect";
    return fail(Errc::invalid, "--kubernetes and " + flag +
                                   " do not fit: the API server says who founds; leave " + flag + " out");
  }
  const std::string api = raw.kube_api.empty() ? api_in_pod() : raw.kube_api;
  if (api.empty()) {
    return fail(Errc::invalid, "--kubernetes: this is no pod of a cluster; give --kube-api HOST:PORT");
  }
  auto server = HostPort::parse(api, https_port);
  if (!server) return with_context("--kube-api", server.error());
  options.kube_api = *std::move(server);
  OVERLAY_TRY(options.kube_account, parse_directory("--kube-account", raw.kube_account));
  return {};
}

/// Blocks that Kubernetes chooses come from where Kubernetes chooses them.
Status check_ipam(const Options& options, bool pool_given) {
  if (options.genesis.ipam == consensus::Ipam::pool) return {};
  if (!options.kubernetes) {
    return fail(Errc::invalid,
                "--ipam kubernetes: the API server knows the Nodes' podCIDRs; give --kubernetes");
  }
  if (pool_given) return {};
  return fail(Errc::invalid,
              "--ipam kubernetes: give with --pool what the Nodes' podCIDRs are cut from, "
              "kube-controller-manager's --cluster-cidr");
}

Status parse_security(const Raw& raw, Options& options) {
  options.insecure = raw.insecure;
  options.secret_files.assign(raw.secret_file.begin(), raw.secret_file.end());
  options.tls_ca = raw.tls_ca;
  options.tls_cert = raw.tls_cert;
  options.tls_key = raw.tls_key;
  const bool tls = !raw.tls_ca.empty() || !raw.tls_cert.empty() || !raw.tls_key.empty();
  if (tls && (raw.tls_ca.empty() || raw.tls_cert.empty() || raw.tls_key.empty())) {
    return fail(Errc::invalid, "--tls-ca, --tls-cert and --tls-key belong together: give all three");
  }
  if (tls && !options.secret_files.empty()) {
    return fail(Errc::invalid, "--tls-cert and --secret-file do not fit: give one of them");
  }
  if (tls && raw.kubernetes) {
    return fail(Errc::invalid,
                "--tls-cert and --kubernetes do not fit: the API server keeps the cluster's secret; leave "
                "--tls-cert out");
  }
  if (!options.insecure || (options.secret_files.empty() && !tls)) return {};
  return fail(Errc::invalid, std::string("--insecure and ") + (tls ? "--tls-cert" : "--secret-file") +
                                 " do not fit: give one of them");
}

Result<Options> interpret(const Raw& raw, const CLI::App& app) {
  Options options;
  OVERLAY_CHECK(parse_security(raw, options));
  OVERLAY_CHECK(parse_kubernetes(raw, options));
  OVERLAY_TRY(options.name, parse_name("--name", raw.name.empty() ? host_name() : raw.name));
  OVERLAY_TRY(options.zone, parse_name("--zone", raw.zone));
  OVERLAY_TRY(options.genesis, parse_genesis(raw));
  OVERLAY_TRY(options.wireguard_port,
              number<std::uint16_t>("--wireguard-port", raw.wireguard_port, 1, 65535));
  OVERLAY_TRY(options.mtu, parse_mtu(raw, options.genesis));
  OVERLAY_TRY(options.direct_routes, parse_direct_routes(raw.direct_routes));
  OVERLAY_TRY(options.log_level, parse_log_level(raw.log_level));
  OVERLAY_TRY(options.checksum_offload, parse_checksum_offload(raw.checksum_offload));
  options.open_forward = raw.open_forward;
  OVERLAY_CHECK(parse_addresses(raw, options));
  OVERLAY_CHECK(parse_founding(raw, options));
  OVERLAY_TRY(const int reap_after, number("--reap-after", raw.reap_after, 1, 86400));
  options.reap_after = std::chrono::seconds(reap_after);
  OVERLAY_CHECK(parse_directories(raw, options));
  options.offline_start = raw.offline_start;
  options.listen_given = app.count("--listen") > 0;
  OVERLAY_CHECK(check_ipam(options, app.count("--pool") > 0));
  for (const std::string flag :
       {"pool", "block-prefix", "block-prefix6", "vxlan-port", "vni", "encryption", "ipam"}) {
    if (app.count("--" + flag) > 0) options.given.push_back(flag);
  }
  return options;
}

/// CLI11's errors in our words; where it finds the fault in the file, the sentence names that.
Error explain(const CLI::App& app, const CLI::ParseError& error) {
  const std::string what = error.what();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    return fail(Errc::invalid, app.remaining().front() + " is no flag of this overlayd; see overlayd --help");
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    return fail(Errc::invalid,
                what.substr(0, what.find_first_of(": ")) + " wants a value; see overlayd --help");
  }
  if (dynamic_cast<const CLI::ConversionError*>(&error) !=
      nullptr) {  // "Could not convert: --bootstrap = maybe"
    return fail(Errc::invalid, what.substr(what.find("--")) + ": give true or false");
  }
  const std::string file = app["--config"]->empty() ? "" : app["--config"]->as<std::string>();
  if (dynamic_cast<const CLI::FileError*>(&error) != nullptr) {
    return fail(Errc::invalid, "--config " + file + ": there is no such file that can be read");
  }
  if (dynamic_cast<const CLI::ConfigError*>(&error) != nullptr) {
    return fail(Errc::invalid, "--config " + file + ": '" + what.substr(what.rfind(' ') + 1) +
                                   "' is no key of this overlayd; the keys are the flags of overlayd --help");
  }
  return fail(Errc::invalid, what + "; see overlayd --help");
}

}  // namespace

Result<Request> parse_options(int argc, const char* const* argv) {
  Raw raw;
  CLI::App app("One per host: joins the mesh, owns address blocks, programs the kernel, serves a local API.",
               "overlayd");
  declare(app, raw);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return Request{{}, app.help()};
  } catch (const CLI::CallForVersion& version) {
    return Request{{}, std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    return explain(app, error);
  }
  OVERLAY_TRY(Options options, interpret(raw, app));
  return Request{std::move(options), {}};
}

}  // namespace overlay::daemon
