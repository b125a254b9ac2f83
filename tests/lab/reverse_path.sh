#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: hosts whose kernels filter by reverse path, strictly and everywhere, lose nothing by it when packets go without
# VXLAN and back, or by a relay; and teardown leaves the filters as they were.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

filter() { lab exec "$1" -- sysctl -n "net/ipv4/conf/$2/rp_filter"; }
replies() { grep -c 'icmp_seq=' "$scratch/pings" || true; }
more_replies_than() { (($(replies) > $1)); }
clean_up() { kill "${pings:-}" 2>/dev/null || true; }

step "three hosts with strict filters"
lab up --hosts 3 --idle
for host in h1 h2 h3; do
  lab exec "$host" -- sysctl -qw net/ipv4/conf/all/rp_filter=1 net/ipv4/conf/eth0/rp_filter=1
  lab restart "$host"
done
lab pod add h1 a
lab pod add h2 b
for pair in "h1 h2" "h2 h1"; do
  # shellcheck disable=SC2086 # two words
  eventually "$pair go without VXLAN" 60 goes $pair direct
done
expect_equal "the filter of eth0" 2 "$(filter h1 eth0)"

step "nothing is lost while one of them takes VXLAN and the other does not, on the way there and back"
nsenter --net="/run/netns/$LAB-pod-a" stdbuf -oL ping -n -i 0.001 -w 120 "$(address_of b)" >"$scratch/pings" &
pings=$!
eventually "pings pass" 10 more_replies_than 100
drop h1 "iifname eth0 ip saddr 10.32.0.0/12 ip length 84 icmp type echo-request ip ttl 1"
eventually "h2 takes VXLAN" 20 goes h2 h1 vxlan
expect "h1 does not" goes h1 h2 direct
heal h1
eventually "h2 goes without again" 40 goes h2 h1 direct
kill -INT "$pings"
wait "$pings" || true
pings=
expect_equal "pings lost" 0 "$(grep -oE '[0-9]+ packets transmitted, [0-9]+ received' "$scratch/pings" | awk '{print $1 - $4}')"

step "a relay carries what nothing else does, and is left again"
cut_silently h1 h2
eventually "h1 relays" 20 goes h1 h2 relay
eventually "h2 relays" 20 goes h2 h1 relay
lab pod exec a -- ping -n -i 0.002 -c 5000 -q "$(address_of b)" >"$scratch/relayed"
expect_equal "pings lost by the relay in ten seconds" 0 "$(awk '/packets transmitted/ {print $1 - $4}' "$scratch/relayed")"
for pair in "h1 h2" "h2 h1"; do
  # shellcheck disable=SC2086 # two words
  expect "$pair still relay" goes $pair relay
done
heal h1 h2
for pair in "h1 h2" "h2 h1"; do
  # shellcheck disable=SC2086 # two words
  eventually "$pair go without VXLAN again" 40 goes $pair direct
done

step "teardown makes strict again what was, with a daemon and without"
lab ctl h1 -- teardown
expect_equal "the filter of eth0 of h1" 1 "$(filter h1 eth0)"
lab kill h2 -9
lab ctl h2 -- teardown
expect_equal "the filter of eth0 of h2" 1 "$(filter h2 eth0)"
