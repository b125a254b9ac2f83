#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: multus gives a container two interfaces of ours, checks them and takes them away. MULTUS names its program, which
# Debian has not; without it nothing is tried.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
# shellcheck source=tests/lab/cni.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lab/cni.sh"
[[ -x ${MULTUS:-} ]] || { say "SKIPPED: MULTUS names no program of multus (v4, thin): nothing of tests/runtime/multus.sh is tried" && exit 77; }

# multus COMMAND: for container a, as a runtime executes it; its answer is left in $answer.
multus() {
  local config
  config=$(jq --compact-output --arg bin "$lab_dir/h1/cni-bin" --arg scratch "$scratch" '
    (.plugins[0] | del(.capabilities)) as $plugin
    | {cniVersion: "1.0.0", name: "multus", type: "multus", binDir: $bin, cniDir: ($scratch + "/multus"),
       logFile: ($scratch + "/log"), logToStderr: false,
       delegates: [$plugin + {cniVersion: "1.0.0", name: "overlay"}, $plugin + {cniVersion: "1.0.0", name: "second"}]}' \
    "$lab_dir/h1/cni-conf/10-overlay.conflist")
  answer=$(env CNI_COMMAND="$1" CNI_CONTAINERID=a CNI_IFNAME=eth0 CNI_PATH="$lab_dir/h1/cni-bin" \
    CNI_NETNS="/run/netns/$LAB-pod-a" CNI_ARGS='IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=a' \
    nsenter --net="/run/netns/$LAB-h1" "$MULTUS" <<<"$config")
}

step "two hosts, a container on the second"
lab up --hosts 2 --ipv6
container a
container b
must h2 ADD b eth0
b4=$(address_in "$answer")
b6=$(address_in "$answer" 6)

step "two delegates, one container"
multus ADD
expect_equal "leases" "overlay/a/eth0 second/a/net1" "$(leases h1)"
first=$(address_in "$answer")
second=$(ask h1 ipam addresses '[.addresses[] | select(.network == "second").address | select(contains("."))][0]')
for target in "$b4" "$b6"; do expect "it reaches $target" in_container a ping -c 1 -W 2 -q "$target" >/dev/null; done
for target in "$first" "$second"; do
  expect "it is reached at $target" in_container b ping -c 1 -W 2 -q "$target" >/dev/null
done

step "CHECK finds both, DEL takes both away"
multus CHECK
multus DEL
expect_equal "leases" "" "$(leases h1)"
expect_equal "ports" 0 "$(ports h1)"
