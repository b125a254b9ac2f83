# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # lab_dir and scratch are lib.sh's
# A container runtime in a few lines: executes the plugin of a host as libcni does, with containers that are network
# namespaces. Sourced by the tests of the plugin, after lib.sh.

# container NAME: makes its namespace.
container() { ip netns add "$LAB-pod-$1"; }
container_dies() { ip netns del "$LAB-pod-$1"; }
in_container() { nsenter --net="/run/netns/$LAB-pod-$1" "${@:2}"; }

# config_of hN [JQ]: the first plugin of the host's list as libcni passes it on, in the newest version; JQ changes it.
config_of() {
  jq --compact-output '.plugins[0] + {name, cniVersion: "1.1.0"} | del(.capabilities)'" ${2:+| $2}" \
    "$lab_dir/$1/cni-conf/10-overlay.conflist"
}

# plugin hN COMMAND CONTAINER IFNAME [JQ]: what it answers is left in $answer, its exit code in $code. $netns, where set,
# is CNI_NETNS instead of the container's; $arguments is CNI_ARGS; after $lifetime seconds, where set, it is killed.
plugin() {
  local config
  config=$(config_of "$1" "${5:-.}")
  code=0
  # shellcheck disable=SC2086 # no lifetime, no words
  answer=$(env CNI_COMMAND="$2" CNI_CONTAINERID="$3" CNI_IFNAME="$4" CNI_PATH="$lab_dir/$1/cni-bin" \
    CNI_NETNS="${netns-/run/netns/$LAB-pod-$3}" CNI_ARGS="${arguments-}" \
    ${lifetime:+timeout --signal=KILL $lifetime} nsenter --net="/run/netns/$LAB-$1" "$lab_dir/$1/cni-bin/overlay" <<<"$config") || code=$?
}

# must hN COMMAND CONTAINER IFNAME [JQ]: it succeeds.
must() {
  plugin "$@"
  ((code == 0)) || broken "$2 of $3 $4 succeeds: $answer"
}

# must_fail CODE hN COMMAND ...: with that code of the specification.
must_fail() {
  plugin "${@:2}"
  expect_equal "code of $3 of $4 $5 ($answer)" "$1" "$(jq -r .code <<<"$answer" 2>/dev/null)"
}

# address_in ANSWER [4|6]
address_in() {
  jq -r --arg sign "$([[ ${2:-4} == 6 ]] && echo : || echo .)" \
    '[.ips[].address | select(contains($sign))][0] // "" | sub("/.*"; "")' <<<"$1"
}

# names_valid CONTAINER/IFNAME...: the JQ that tells a GC which attachments live.
names_valid() {
  # shellcheck disable=SC2016 # jq's variables
  jq --null-input --raw-output --args '[$ARGS.positional[] | split("/") | {containerID: .[0], ifname: .[1]}]
    | "{\"cni.dev/valid-attachments\": \(.)} + ."' "$@"
}

collect() { must "$1" GC "" "" "$(names_valid "${@:2}")"; }

leases() { ask "$1" ipam addresses '[.addresses[] | "\(.network)/\(.container)/\(.interface)"] | unique | join(" ")'; }
has_leases() { [[ $(leases "$1") == "$2" ]]; }
ports() { lab exec "$1" -- ip -o link show master overlay0 | wc -l; }

# nothing_left hN: neither lease nor interface.
nothing_left() {
  expect_equal "leases of $1" "" "$(leases "$1")"
  expect_equal "interfaces of $1" 0 "$(ports "$1")"
}
