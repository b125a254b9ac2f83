// SPDX-License-Identifier: Apache-2.0
// What the operator may write, and the one sentence for each thing that he may not.
#include "overlay/daemon/options.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <fstream>

namespace overlay::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Result<Request> parse(std::vector<const char*> flags) {
  flags.insert(flags.begin(), "overlayd");
  return parse_options(static_cast<int>(flags.size()), flags.data());
}

Options good(const std::vector<const char*>& flags) {
  auto request = parse(flags);
  EXPECT_TRUE(request) << request.error().text;
  return request ? request->options : Options();
}

template <class T>
std::vector<std::string> texts(const std::vector<T>& values) {
  std::vector<std::string> out;
  for (const T& value : values) out.push_back(value.text());
  return out;
}

/// A configuration file for one test.
class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text) : path_(testing::TempDir() + "overlayd-options-test.toml") {
    std::ofstream(path_) << text;
  }
  ~ConfigFile() { std::filesystem::remove(path_); }
  const char* path() const { return path_.c_str(); }

 private:
  std::string path_;
};

/// An environment variable for one test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

TEST(Options, DefaultsAreThoseOfTheContract) {
  const Options options = good({});
  EXPECT_FALSE(options.name.empty());
  EXPECT_FALSE(options.bootstrap);
  EXPECT_THAT(options.join, IsEmpty());
  EXPECT_THAT(texts(options.genesis.pools), ElementsAre("10.32.0.0/12"));
  EXPECT_EQ(options.genesis.block_length_v4, 24);
  EXPECT_EQ(options.genesis.block_length_v6, 64);
  EXPECT_EQ(options.genesis.vxlan_port, 4789);
  EXPECT_EQ(options.genesis.vni, 0U);
  EXPECT_THAT(options.given, IsEmpty());
  EXPECT_THAT(texts(options.listen), ElementsAre("0.0.0.0:6783", "[::]:6783"));
  EXPECT_FALSE(options.listen_given);
  EXPECT_EQ(options.cni_bin_dir, "/opt/cni/bin");
  EXPECT_EQ(options.cni_conf_dir, "/etc/cni/net.d");
  EXPECT_EQ(options.mtu, 0U);
  EXPECT_EQ(options.state_dir, "/var/lib/overlay");
  EXPECT_EQ(options.run_dir, "/run/overlay");
  EXPECT_EQ(options.metrics->text(), "127.0.0.1:6782");
  EXPECT_EQ(options.map, control::MapFor::local);
  EXPECT_EQ(options.log_level, spdlog::level::info);
}

TEST(Options, SecretFilesKeepTheirOrderAndExcludeInsecure) {
  EXPECT_THAT(good({}).secret_files, IsEmpty());
  EXPECT_THAT(good({"--secret-file", "/b", "--secret-file", "a"}).secret_files, ElementsAre("/b", "a"));
  EXPECT_EQ(parse({"--secret-file", "/a", "--insecure"}).error().text,
            "--insecure and --secret-file do not fit: give one of them");
  const Options tls = good({"--tls-ca", "/ca", "--tls-cert", "/crt", "--tls-key", "/key"});
  EXPECT_EQ(tls.tls_ca, "/ca");
  EXPECT_EQ(tls.tls_cert, "/crt");
  EXPECT_EQ(tls.tls_key, "/key");
  EXPECT_EQ(parse({"--tls-cert", "/crt"}).error().text,
            "--tls-ca, --tls-cert and --tls-key belong together: give all three");
  EXPECT_EQ(parse({"--tls-ca", "/ca", "--tls-cert", "/crt", "--tls-key", "/key", "--secret-file", "/a"})
                .error()
                .text,
            "--tls-cert and --secret-file do not fit: give one of them");
  EXPECT_EQ(parse({"--tls-ca", "/ca", "--tls-cert", "/crt", "--tls-key", "/key", "--insecure"}).error().text,
            "--insecure and --tls-cert do not fit: give one of them");
}

TEST(Options, EveryFlagIsUnderstood) {
  const Options options = good({"--name",
                                "h1",
                                "--bootstrap",
                                "--join",
                                "h2",
                                "--join",
                                "[fd00::3]:7000",
                                "--pool",
                                "fd32::/48",
                                "--pool",
                                "10.40.0.0/16",
                                "--block-prefix",
                                "26",
                                "--block-prefix6",
                                "72",
                                "--listen",
                                "10.0.0.1:7000",
                                "--underlay-address",
                                "10.0.0.1",
                                "--zone",
                                "east",
                                "--vxlan-port",
                                "8472",
                                "--vni",
                                "42",
                                "--no-masquerade",
                                "192.0.2.0/24",
                                "--cni-bin-dir",
                                "",
                                "--cni-conf-dir",
                                "",
                                "--mtu",
                                "1400",
                                "--insecure",
                                "--state-dir",
                                "/s",
                                "--run-dir",
                                "/r",
                                "--metrics",
                                "",
                                "--log-level",
                                "debug"});
  EXPECT_EQ(options.name, "h1");
  EXPECT_TRUE(options.bootstrap);
  EXPECT_THAT(texts(options.join), ElementsAre("h2:6783", "[fd00::3]:7000"));
  EXPECT_THAT(texts(options.genesis.pools), ElementsAre("10.40.0.0/16", "fd32::/48"));
  EXPECT_EQ(options.genesis.block_length_v4, 26);
  EXPECT_EQ(options.genesis.block_length_v6, 72);
  EXPECT_EQ(options.genesis.vxlan_port, 8472);
  EXPECT_EQ(options.genesis.vni, 42U);
  EXPECT_THAT(options.given, ElementsAre("pool", "block-prefix", "block-prefix6", "vxlan-port", "vni"));
  EXPECT_THAT(texts(options.listen), ElementsAre("10.0.0.1:7000"));
  EXPECT_TRUE(options.listen_given);
  EXPECT_EQ(options.underlay_address->text(), "10.0.0.1");
  EXPECT_EQ(options.zone, "east");
  EXPECT_THAT(texts(options.no_masquerade), ElementsAre("192.0.2.0/24"));
  EXPECT_TRUE(options.cni_bin_dir.empty());
  EXPECT_TRUE(options.cni_conf_dir.empty());
  EXPECT_EQ(options.mtu, 1400U);
  EXPECT_TRUE(options.insecure);
  EXPECT_EQ(options.state_dir, "/s");
  EXPECT_EQ(options.run_dir, "/r");
  EXPECT_FALSE(options.metrics);
  EXPECT_EQ(options.log_level, spdlog::level::debug);
}

TEST(Options, WhatStandsInTheWayOfPacketsHasFlags) {
  EXPECT_FALSE(good({}).open_forward);
  EXPECT_TRUE(good({"--open-forward"}).open_forward);
  EXPECT_EQ(good({}).checksum_offload, ChecksumOffload::automatic);
  EXPECT_EQ(good({"--checksum-offload", "on"}).checksum_offload, ChecksumOffload::on);
  EXPECT_EQ(good({"--checksum-offload", "off"}).checksum_offload, ChecksumOffload::off);
}

TEST(Options, AnyFlagCanBeAKeyOfTheFile) {
  const ConfigFile file("name = \"h7\"\nbootstrap = true\njoin = [\"h1\", \"h2:7000\"]\nblock-prefix = 25\n");
  const Options options = good({"--config", file.path()});
  EXPECT_EQ(options.name, "h7");
  EXPECT_TRUE(options.bootstrap);
  EXPECT_THAT(texts(options.join), ElementsAre("h1:6783", "h2:7000"));
  EXPECT_EQ(options.genesis.block_length_v4, 25);
  EXPECT_THAT(options.given, ElementsAre("block-prefix"));
}

TEST(Options, AnyFlagCanBeAVariable) {
  const Variable name("OVERLAY_NAME", "h8");
  const Variable join("OVERLAY_JOIN", "h1,h2");
  const Variable bootstrap("OVERLAY_BOOTSTRAP", "true");
  const Variable prefix("OVERLAY_BLOCK_PREFIX", "27");
  const Options options = good({});
  EXPECT_EQ(options.name, "h8");
  EXPECT_TRUE(options.bootstrap);
  EXPECT_THAT(texts(options.join), ElementsAre("h1:6783", "h2:6783"));
  EXPECT_EQ(options.genesis.block_length_v4, 27);
}

TEST(Options, AFlagIsStrongerThanTheFileAndTheFileThanAVariable) {
  const ConfigFile file("name = \"file\"\nzone = \"file\"\n");
  const Variable config("OVERLAY_CONFIG", file.path());
  const Variable name("OVERLAY_NAME", "variable");
  const Variable zone("OVERLAY_ZONE", "variable");
  const Variable level("OVERLAY_LOG_LEVEL", "error");
  const Options options = good({"--name", "flag"});
  EXPECT_EQ(options.name, "flag");
  EXPECT_EQ(options.zone, "file");
  EXPECT_EQ(options.log_level, spdlog::level::err);
}

TEST(Options, OfAFlagGivenTwiceTheLastCounts) {
  EXPECT_EQ(good({"--state-dir", "/a", "--state-dir", "/b"}).state_dir, "/b");
}

TEST(Options, HelpAndVersionArePrinted) {
  EXPECT_THAT(parse({"--help"})->print, HasSubstr("--bootstrap"));
  EXPECT_EQ(parse({"--version"})->print, "overlayd " OVERLAY_VERSION "\n");
}

struct Bad {
  std::vector<const char*> flags;
  const char* sentence;
};

class BadOptions : public testing::TestWithParam<Bad> {};

TEST_P(BadOptions, AreRefusedInOneSentence) {
  const auto request = parse(GetParam().flags);
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, Errc::invalid);
  EXPECT_EQ(request.error().text, GetParam().sentence);
}

INSTANTIATE_TEST_SUITE_P(
    Options, BadOptions,
    testing::Values(
        Bad{{"--frobnicate"}, "--frobnicate is no flag of this overlayd; see overlayd --help"},
        Bad{{"--encryption", "ipsec"}, "--encryption 'ipsec': give none or wireguard"},
        Bad{{"--wireguard-port", "0"}, "--wireguard-port '0': give a number from 1 to 65535"},
        Bad{{"word"}, "word is no flag of this overlayd; see overlayd --help"},
        Bad{{"--pool"}, "--pool wants a value; see overlayd --help"},
        Bad{{"--bootstrap=maybe"}, "--bootstrap = maybe: give true or false"},
        Bad{{"--bootstrap", "--bootstrap-expect", "3"},
            "--bootstrap and --bootstrap-expect do not fit: give one of them"},
        Bad{{"--bootstrap-expect", "0"}, "--bootstrap-expect '0': give a number from 1 to 16"},
        Bad{{"--config", "/no/such.toml"}, "--config /no/such.toml: there is no such file that can be read"},
        Bad{{"--name", "two words"},
            "--name 'two words': give at most 253 printable characters without spaces"},
        Bad{{"--pool", "10.32.0.0"}, "--pool: '10.32.0.0' is not a prefix; write ADDRESS/LENGTH"},
        Bad{{"--pool", "10.32.0.1/12"}, "--pool: 10.32.0.1/12 has host bits set; the prefix is 10.32.0.0/12"},
        Bad{{"--pool", "10.32.0.0/12", "--pool", "10.48.0.0/12"},
            "two pools of one family, --pool 10.32.0.0/12 and --pool 10.48.0.0/12; give at most one IPv4 and "
            "one IPv6 "
            "pool"},
        Bad{{"--pool", "10.32.0.0/24", "--block-prefix", "20"},
            "--block-prefix 20 does not fit the pool 10.32.0.0/24; give a length from 24 to 31"},
        Bad{{"--pool", "fd32::/64", "--block-prefix6", "48"},
            "--block-prefix6 48 does not fit the pool fd32::/64; give a length from 64 to 127"},
        Bad{{"--block-prefix", "x"}, "--block-prefix 'x': give a number from 0 to 32"},
        Bad{{"--vxlan-port", "70000"}, "--vxlan-port '70000': give a number from 1 to 65535"},
        Bad{{"--vni", "16777216"}, "--vni '16777216': give a number from 1 to 16777215"},
        Bad{{"--vni", "0"}, "--vni '0': give a number from 1 to 16777215"},
        Bad{{"--join", "http://h2"}, "--join: 'http://h2' is not HOST or HOST:PORT"},
        Bad{{"--listen", "6783"}, "--listen: '6783' is not ADDRESS:PORT"},
        Bad{{"--underlay-address", "h1"}, "--underlay-address: 'h1' is not an IP address"},
        Bad{{"--checksum-offload", "maybe"}, "--checksum-offload 'maybe': give auto, on or off"},
        Bad{{"--no-masquerade", "all"}, "--no-masquerade: 'all' is not a prefix; write ADDRESS/LENGTH"},
        Bad{{"--metrics", "on"}, "--metrics: 'on' is not ADDRESS:PORT"},
        Bad{{"--map", "on"}, "--map 'on': give local, all or off"},
        Bad{{"--mtu", "banana"}, "--mtu 'banana': give a number from 576 to 65535"},
        Bad{{"--mtu", "1000", "--pool", "fd32::/48"},
            "--mtu 1000 is too small for the IPv6 --pool fd32::/48: give 1280 or more"},
        Bad{{"--state-dir", "state"}, "--state-dir 'state': give an absolute path"},
        Bad{{"--run-dir", ""}, "--run-dir '': give an absolute path"},
        Bad{{"--cni-bin-dir", ""},
            "--cni-bin-dir and --cni-conf-dir do not fit: give both, or leave both empty"},
        Bad{{"--log-level", "loud"}, "--log-level 'loud': give debug, info, warning or error"}),
    [](const auto& test) { return "Case" + std::to_string(test.index); });

TEST(Options, AnUnknownKeyOfTheFileIsNamed) {
  const ConfigFile file("frobnicate = 1\n");
  const auto request = parse({"--config", file.path()});
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().text,
            "--config " + std::string(file.path()) +
                ": 'frobnicate' is no key of this overlayd; the keys are the flags of overlayd "
                "--help");
}

TEST(Options, InAPodKubernetesNeedsNoMore) {
  const Variable host("KUBERNETES_SERVICE_HOST", "fd00::1");
  const Variable port("KUBERNETES_SERVICE_PORT", "6443");
  const Options options = good({"--kubernetes", "--forget-after", "60"});
  EXPECT_TRUE(options.kubernetes);
  EXPECT_EQ(options.kube_api.text(), "[fd00::1]:6443");
  EXPECT_EQ(options.kube_account, "/var/run/secrets/kubernetes.io/serviceaccount");
  EXPECT_EQ(options.forget_after, std::chrono::seconds(60));
  EXPECT_EQ(good({"--kubernetes", "--kube-api", "api.example"}).kube_api.text(), "api.example:443");
}

TEST(Options, KubernetesElsewhereIsToldWhatItLacks) {
  EXPECT_EQ(parse({"--kubernetes"}).error().text,
            "--kubernetes: this is no pod of a cluster; give --kube-api HOST:PORT");
  EXPECT_THAT(parse({"--kubernetes", "--kube-api", "a", "--bootstrap"}).error().text,
              HasSubstr("leave --bootstrap out"));
  EXPECT_THAT(parse({"--kubernetes", "--kube-api", "a", "--bootstrap-expect", "1"}).error().text,
              HasSubstr("leave --bootstrap-expect out"));
  EXPECT_THAT(parse({"--kubernetes", "--kube-api", "a", "--kube-account", "here"}).error().text,
              HasSubstr("--kube-account 'here': give an absolute path"));
}

TEST(Options, BlocksThatKubernetesChoosesNeedItAndTheRangeTheyAreOf) {
  const Options options =
      good({"--kubernetes", "--kube-api", "a", "--ipam", "kubernetes", "--pool", "10.244.0.0/16"});
  EXPECT_EQ(options.genesis.ipam, consensus::Ipam::kubernetes);
  EXPECT_THAT(options.given, ElementsAre("pool", "ipam"));
  EXPECT_EQ(good({}).genesis.ipam, consensus::Ipam::pool);
  EXPECT_THAT(parse({"--ipam", "kubernetes", "--pool", "10.244.0.0/16"}).error().text,
              HasSubstr("give --kubernetes"));
  EXPECT_THAT(parse({"--kubernetes", "--kube-api", "a", "--ipam", "kubernetes"}).error().text,
              HasSubstr("--cluster-cidr"));
  EXPECT_EQ(parse({"--ipam", "host"}).error().text, "--ipam 'host': give pool or kubernetes");
}

}  // namespace
}  // namespace overlay::daemon
