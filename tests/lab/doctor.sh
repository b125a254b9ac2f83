#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: overlayctl doctor finds every fault that is planted in a host, its daemon or the cluster, names it and its cure,
# with a daemon and without one; and finds nothing where nothing is wrong.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# doctor hN WRAPPER...: in that host; what it said is left in $scratch/said.
doctor() {
  lab exec "$1" -- "${@:2}" "$bin/overlayctl" --socket "$lab_dir/$1/run/overlayd.sock" doctor --state-dir "$lab_dir/$1/state" \
    --secret-file "$lab_dir/secret" --cni-bin-dir "$lab_dir/$1/cni-bin" --cni-conf-dir "$lab_dir/$1/cni-conf" -o json \
    >"$scratch/said" 2>"$scratch/errors"
}

planted=0
# finds WHAT CHECK STATE WORDS hN WRAPPER...: doctor says so, and what cures it.
finds() {
  local status=0
  doctor "${@:5}" || status=$?
  jq -e --arg check "$2" --arg state "$3" --arg words "$4" \
    'any(.checks[]; .name == $check and .state == $state and (.text | contains($words)) and .cure != "")' "$scratch/said" >/dev/null \
    || broken "$1: doctor finds it as $2 ($3, '$4') in: $(jq -c '[.checks[] | select(.state != "ok") | [.name, .state, .text]]' "$scratch/said") $(cat "$scratch/errors")"
  [[ $3 == warn ]] || expect_equal "$1: exit code" 1 "$status"
  planted=$((planted + 1))
  say "   $1: $(jq -r --arg words "$4" '[.checks[].text | select(contains($words))][0]' "$scratch/said")"
}

# finds_nothing hN: but what this machine itself is like, and not the lab.
finds_nothing() {
  doctor "$1" || true
  expect_equal "what doctor finds on $1" "" \
    "$(jq -r '.checks[] | select(.state != "ok" and .name != "clock" and .name != "bridge-netfilter" and .name != "disk") | "\(.name): \(.text)"' "$scratch/said")"
}

# The daemon's alarms follow what it notices, a moment later.
is_well() { doctor "$1" && jq -e 'all(.checks[]; .name != "alarms" or .state == "ok")' "$scratch/said" >/dev/null; }

nft_in() { lab exec "$1" -- nft "$2"; }
set_in() { lab exec "$1" -- sysctl -qw "$2"; }

step "a host that has no daemon yet (h1)"
lab up --hosts 4 --idle -- --pool 10.32.0.0/22
finds "no daemon" daemon fail "cannot be reached" h1
expect_equal "faults beside that one" "daemon" "$(jq -r '[.checks[] | select(.state == "fail").name] | join(" ")' "$scratch/said")"
lab exec h1 -- ip route add 10.40.7.0/24 via 198.51.100.254
finds "a route inside the pool" routes fail "10.40.7.0/24" h1
lab exec h1 -- ip route del 10.40.7.0/24
lab exec h1 -- ip route add 10.0.0.0/8 via 198.51.100.254
finds "a route around the pool" routes warn "10.0.0.0/8" h1
lab exec h1 -- ip route del 10.0.0.0/8
lab exec h1 -- ip link add overlay0 type bridge
finds "a device of another's by our name" names fail "overlay0" h1
lab exec h1 -- ip link del overlay0
lab exec h1 -- ip route del default
finds "no default route" underlay fail "no default route" h1
lab exec h1 -- ip route add default via 198.51.100.254
finds "a Kubernetes service inside the pool" services fail "10.43.0.1" h1 env KUBERNETES_SERVICE_HOST=10.43.0.1

# hold hN PROTO PORT: another program has the port until release.
hold() {
  # shellcheck disable=SC2016 # perl's
  nsenter --net="/run/netns/$LAB-$1" perl -MIO::Socket::INET -e '
    my $s = IO::Socket::INET->new(Proto => $ARGV[0], LocalPort => $ARGV[1], $ARGV[0] eq "tcp" ? (Listen => 1) : ()) or die; $| = 1; print "held\n"; sleep' \
    "$2" "$3" >"$scratch/held" &
  holder=$!
  eventually "port $3 is held" 5 grep -q held "$scratch/held"
}
release() {
  kill "$holder"
  wait "$holder" 2>/dev/null || true
}
hold h1 tcp 6783
finds "a mesh port that is taken" ports fail "TCP 6783" h1
release
hold h1 udp 4789
finds "a VXLAN port that is taken" ports fail "UDP 4789" h1
release
chmod 644 "$lab_dir/secret"
finds "a secret that all may read" secret-file fail "$lab_dir/secret" h1
chmod 600 "$lab_dir/secret"
# shellcheck disable=SC2016 # expanded by the inner shell
readonly told_of_networkd='mount -t tmpfs tmpfs /run; mkdir -p /run/systemd/netif; touch /run/systemd/netif/state; exec "$@"'
finds "a systemd-networkd that was not told of us" managers warn "systemd-networkd" h1 unshare --mount sh -ec "$told_of_networkd" sh
# shellcheck disable=SC2016 # expanded by the inner shell
finds "a full disk" disk fail "MiB left" h1 unshare --mount sh -ec 'mkdir -p "$0"; mount -t tmpfs -o size=4m tmpfs "$0"; exec "$@"' "$lab_dir/h1/state"

step "one host that serves"
lab restart h1
finds_nothing h1
nft_in h1 'add table ip strict; add chain ip strict fw { type filter hook forward priority 0; policy drop; }'
finds "a firewall that drops what is forwarded" forward-policy fail "ip strict fw" h1
nft_in h1 'add rule ip strict fw iifname "overlay0" accept'
eventually "no alarm stands" 45 is_well h1
finds_nothing h1
nft_in h1 'delete table ip strict; add table inet shut; add chain inet shut in { type filter hook input priority 0; policy accept; }; add chain inet shut in { policy drop; }'
finds "a firewall that drops what comes in" input-policy warn "inet shut in" h1
nft_in h1 'delete table inet shut'
printf '{"name":"other","plugins":[]}' >"$lab_dir/h1/cni-conf/00-other.conflist"
finds "a configuration before ours" cni-configuration fail "00-other.conflist" h1
rm "$lab_dir/h1/cni-conf/00-other.conflist"
mv "$lab_dir/h1/cni-conf/10-overlay.conflist" "$scratch/conflist"
finds "no configuration of ours" cni-configuration warn "there is no 10-overlay.conflist" h1
printf '{' >"$lab_dir/h1/cni-conf/10-overlay.conflist"
finds "a configuration that is cut short" cni-configuration fail "no JSON" h1
mv "$scratch/conflist" "$lab_dir/h1/cni-conf/10-overlay.conflist"
mv "$lab_dir/h1/cni-bin/overlay" "$scratch/plugin"
finds "no plugin" cni-plugin fail "no pod starts" h1
mv "$scratch/plugin" "$lab_dir/h1/cni-bin/overlay"
eventually "no alarm stands" 45 is_well h1
finds_nothing h1

step "its daemon dead, and what it kept right gone wrong"
lab kill h1 -9
set_in h1 net.ipv4.ip_forward=0
finds "forwarding that is off" forwarding fail "ip_forward" h1
set_in h1 net.ipv4.ip_forward=1
set_in h1 net/ipv4/conf/overlay.vx/rp_filter=1
finds "strict reverse path filtering" reverse-path warn "overlay.vx" h1
lab exec h1 -- ip link set overlay.vx down
finds "a device of ours that is down" devices fail "overlay.vx is down" h1
mv "$lab_dir/h1/state/state.log" "$scratch/"
finds "a state without its log" state fail "state.log was lost" h1
mv "$scratch/state.log" "$lab_dir/h1/state/"
lab restart h1
finds_nothing h1

step "two more hosts (h2, h3): what is wrong between hosts"
for host in h2 h3; do lab restart "$host"; done
for host in h1 h2 h3; do expect "$host sees two" lab ctl "$host" -- wait --for peers=2; done
for host in h1 h2 h3; do finds_nothing "$host"; done
# Cable and bridges of the lab drop what is longer, and say nothing.
ip -n "$LAB-net" link set h2 mtu 1400
finds "a network that loses full packets" path-mtu fail "h2" h1
ip -n "$LAB-net" link set h2 mtu 1500
lab kill h1
lab exec h1 -- ip link set eth0 mtu 1400
finds "pods with too large an MTU" mtu fail "VXLAN adds" h1
lab exec h1 -- ip link set eth0 mtu 1500
says_voter_away() { ! holds h2 peers '.peers[] | select(.name == "h1") | .state == "reachable"'; }
eventually "h2 misses h1" 20 says_voter_away
finds "a peer that is gone" peers fail "h1 is unreachable" h2
finds "no majority of the voters" voters fail "without h1" h2
lab restart h1
lab kill h3
(umask 077 && "$bin/overlayctl" token >"$scratch/other-secret")
nsenter --net="/run/netns/$LAB-h3" "$bin/overlayd" --name h3 --state-dir "$lab_dir/h3/state" --run-dir "$lab_dir/h3/run" \
  --cni-bin-dir "" --cni-conf-dir "" --join 198.51.100.1 --secret-file "$scratch/other-secret" </dev/null >>"$lab_dir/h3/log" 2>&1 &
printf '%d\n' $! >"$lab_dir/h3/pid"
h3_is_refused() { doctor h3; jq -e 'any(.checks[]; .name == "secrets" and .state == "fail")' "$scratch/said" >/dev/null; }
eventually "h3 is refused" 20 h3_is_refused
finds "another secret" secrets fail "secret" h3
lab restart h3
expect "h3 is back" lab ctl h3 -- wait --for peers=2

step "a fourth host (h4)"
mapfile -t flags <"$lab_dir/h4/flags"
lab restart h4 -- --name h2 "${flags[@]}"
two_of_a_name() { holds h1 peers '[.peers[] | select(.name == "h2")] | length == 2'; }
eventually "h1 hears of it" 10 two_of_a_name
finds "two hosts of one name" clones fail "h2" h1
finds "a pool without a free block" addresses fail "no free block" h1
say "$planted planted faults were found and named"
((planted >= 20)) || broken "at least 20 kinds of faults are planted, not $planted"
