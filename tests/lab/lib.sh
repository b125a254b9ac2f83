# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the lab tests share. Sourced first by each: it names the lab, and removes it whatever happens; a failure shows
# the logs and routes of every host before that.
set -euo pipefail
# shellcheck source=tools/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib/common.sh"
[[ $EUID -eq 0 ]] || { say "SKIPPED: needs root to make network namespaces" && exit 77; }

export LAB=t$$
# shellcheck disable=SC2034 # for the tests
bin=$(cd "$repo" && realpath "${OVERLAY_BIN:-build/release/bin}")
lab_dir=${OVERLAY_LAB_DIR:-/run/overlay-lab}/$LAB
scratch=$(mktemp -d)
trap finish EXIT
trap 'exit 143' TERM INT

# lab VERB...: as tools/lab, but that what tests say most, of hosts and pods they have made, is done without a shell of
# its own.
lab() {
  case "$1 ${2:-}" in
    exec\ *) nsenter --net="/run/netns/$LAB-$2" "${@:4}" ;;
    ctl\ *) nsenter --net="/run/netns/$LAB-$2" "$bin/overlayctl" --socket "$lab_dir/$2/run/overlayd.sock" "${@:4}" ;;
    'pod exec') nsenter --net="/run/netns/$LAB-pod-$3" "${@:5}" ;;
    *) "$repo/tools/lab" "$@" ;;
  esac
}
step() { printf -- '-- %s\n' "$*"; }

finish() {
  local status=$?
  trap - EXIT TERM INT
  # A sanitizer's finding fails the test even where nobody noticed that a daemon had gone.
  if grep -hE 'ERROR: [A-Za-z]+Sanitizer|runtime error:' "$lab_dir"/h*/log 2>/dev/null; then status=1; fi
  if ((status != 0 && status != 77)); then # 77: skipped
    diagnose
    printf -- '\n-- FAILED: %s\n' "${reason:-exit $status}"
  fi
  clean_up
  lab down >/dev/null || status=1
  rm -rf "$scratch"
  exit "$status"
}

# What a test has started beside the lab; overridden by those that did.
clean_up() { :; }

diagnose() {
  local dir host
  printf '\n-- the hosts as they are:\n'
  for dir in "$lab_dir"/h*/; do
    [[ -d $dir ]] || continue
    host=$(basename "$dir")
    printf '\n-- %s: log\n' "$host" && tail -n 60 "$dir/log" 2>/dev/null
    printf -- '-- %s: links\n' "$host" && timeout 5 "$repo/tools/lab" ctl "$host" -- links 2>&1
    printf -- '-- %s: routes and neighbours\n' "$host"
    lab exec "$host" -- ip route && lab exec "$host" -- ip neigh
  done || true
}

broken() {
  reason="not so: $*"
  printf -- '-- %s\n' "$reason" >&2
  exit 1
}

# expect WHAT COMMAND...: the command succeeds.
expect() { "${@:2}" || broken "$1"; }

# expect_equal WHAT WANTED GOT
expect_equal() { [[ $2 == "$3" ]] || broken "$1: wanted '$2', got '$3'"; }

# expect_exit WHAT CODE COMMAND...: its exit code; what it printed is left in $output.
expect_exit() {
  local status=0
  output=$("${@:3}" 2>&1 </dev/null) || status=$?
  ((status == $2)) || broken "$1: wanted exit $2, got $status and: $output"
}

# expect_says WHAT TEXT: $output holds the text (a case pattern).
expect_says() {
  # shellcheck disable=SC2053 # a pattern is meant
  [[ $output == *$2* ]] || broken "$1: wanted the words '$2' in: $output"
}

# eventually WHAT SECONDS COMMAND...
eventually() { wait_until "$2" "${@:3}" || broken "$1 within $2 s"; }

# overlayctl hN ARGUMENTS...: of that host's daemon.
overlayctl() { lab ctl "$1" -- "${@:2}"; }

# ask hN COMMAND... FILTER: what jq makes of the JSON that overlayctl prints.
ask() {
  local filter=${*: -1}
  # Degraded answers (exit 1) are answers.
  { overlayctl "$1" "${@:2:$#-2}" -o json || true; } | jq -r "$filter"
}

# holds hN COMMAND... FILTER: the filter is true.
holds() { [[ $(ask "$@" 2>/dev/null) == true ]]; }

# address_of POD [4|6]
address_of() {
  jq -r --arg sign "$([[ ${2:-4} == 6 ]] && echo : || echo .)" \
    '[.ips[].address | select(contains($sign))][0] | sub("/.*"; "")' "$lab_dir/pods/$1/result.json"
}

# reaches POD ADDRESS...: one ping each.
reaches() {
  local address
  for address in "${@:2}"; do
    lab pod exec "$1" -- ping -c 1 -W 2 -q "$address" >/dev/null || return 1
  done
}

# full_size_passes POD ADDRESS BYTES: an IP packet of that many bytes, which nobody may fragment.
full_size_passes() {
  local headers=28 # IPv4 and ICMP
  [[ $2 != *:* ]] || headers=48
  lab pod exec "$1" -- ping -c 1 -W 2 -q -M 'do' -s $(($3 - headers)) "$2" >/dev/null
}

# all_pods_reach_all FAMILY (4 or 6)
all_pods_reach_all() {
  local from to
  for from in "$lab_dir"/pods/*; do
    for to in "$lab_dir"/pods/*; do
      reaches "${from##*/}" "$(address_of "${to##*/}" "$1")" \
        || broken "pod ${from##*/} reaches pod ${to##*/} over IPv$1"
    done
  done
}

# goes hA hB KIND: hA's packets to hB go this way, and it is up.
goes() { holds "$1" paths "[.paths[] | select(.peer == \"$2\" and .kind == \"$3\" and .state == \"up\")] | length == 1"; }

# drop HOST RULE...: what arrives there and matches one of them vanishes, until it is healed.
drop() {
  local host=$1 rule
  shift
  lab exec "$host" -- nft "add table inet cut; add chain inet cut arriving { type filter hook prerouting priority -400; }"
  for rule in "$@"; do lab exec "$host" -- nft "add rule inet cut arriving $rule drop"; done
}
heal() { for host in "$@"; do lab exec "$host" -- nft delete table inet cut; done; }

# cut_silently hA hB: nothing of pods and probes passes between the two any more, and their sessions do not notice.
cut_silently() {
  local mac_a mac_b
  mac_a=$(mac_of "$1") mac_b=$(mac_of "$2")
  drop "$1" "udp dport 4789 ether saddr $mac_b" "iifname eth0 ether saddr $mac_b ip saddr 10.32.0.0/12"
  drop "$2" "udp dport 4789 ether saddr $mac_a" "iifname eth0 ether saddr $mac_a ip saddr 10.32.0.0/12"
}
mac_of() { lab exec "$1" -- ip -br link show eth0 | awk '{print $3}'; }

# underlay_address hN
underlay_address() { ask "$1" status .node.underlay_address; }

# key_of hN: the ids of the keys it holds, its own first, as its log told them last.
key_of() { lab logs "$1" | sed -nE 's/.* security keys="?([0-9a-f, ]+)"?.*/\1/p' | tail -n 1; }
