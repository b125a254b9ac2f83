#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: packets find their way. Neighbours do without VXLAN and go back to it without loss; a silent cut of the data
# path, which no session notices, is bypassed within three seconds and left without loss; a path that loses large
# packets only is named with the size that passes, and carries traffic all the same.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

carries() { holds "$1" paths "[.paths[] | select(.peer == \"$2\" and .mtu == $3)] | length == 1"; }
# ping_from POD TO INTERVAL: begins to ping, into $scratch/pings.
ping_from() {
  : >"$scratch/pings"
  nsenter --net="/run/netns/$LAB-pod-$1" stdbuf -oL ping -D -i "$3" -w 120 "$2" >"$scratch/pings" &
  pings=$!
}
stop_pings() {
  kill -INT "$pings"
  wait "$pings" || true
}
replies() { grep -c 'icmp_seq=' "$scratch/pings"; }
more_replies_than() { (($(replies) > $1)); }
lost() { grep -oE '[0-9]+ packets transmitted, [0-9]+ received' "$scratch/pings" | awk '{print $1 - $4}'; }
longest_silence() { # milliseconds between two replies
  awk -F'[][]' '/icmp_seq/ { if (last && $2 - last > most) most = $2 - last; last = $2 } END { printf "%d", most * 1000 }' "$scratch/pings"
}

step "three hosts on one subnet go without VXLAN"
lab up --hosts 3
lab pod add h1 a
lab pod add h2 b
for pair in "h1 h2" "h2 h1" "h1 h3" "h3 h1" "h2 h3" "h3 h2"; do
  # shellcheck disable=SC2086 # two words
  eventually "$pair" 20 goes $pair direct
done

step "probes that fail send them back to VXLAN, and nothing is lost on the way there and back"
ping_from a "$(address_of b)" 0.001
eventually "pings pass" 10 more_replies_than 100
for host in h1 h2; do drop "$host" "iifname eth0 ip saddr 10.32.0.0/12 ip length 84 icmp type echo-request ip ttl 1"; done
eventually "h1 takes VXLAN" 20 goes h1 h2 vxlan
eventually "h2 takes VXLAN" 20 goes h2 h1 vxlan
heal h1 h2
eventually "h1 goes without again" 40 goes h1 h2 direct
eventually "h2 goes without again" 40 goes h2 h1 direct
stop_pings
expect_equal "pings lost" 0 "$(lost)"

step "h1 is set apart from the subnet and put back: it takes VXLAN and leaves it again, and nothing is lost"
# At no moment is there no route to the others; the order of the addresses is what overlayd goes by.
on_h1() { lab exec h1 -- ip "$@"; }
ping_from a "$(address_of b)" 0.001
eventually "pings pass" 10 more_replies_than 100
on_h1 addr add 198.51.100.1/32 dev eth0
on_h1 route add 198.51.100.0/25 dev eth0 src 198.51.100.1
on_h1 addr del 198.51.100.1/24 dev eth0
eventually "h1 takes VXLAN" 20 goes h1 h2 vxlan
expect "it says why" holds h1 paths '[.paths[] | select(.peer == "h2" and .reason == "on another subnet")] | length == 1'
expect "h2 does not" goes h2 h1 direct
on_h1 addr add 198.51.100.1/24 dev eth0
on_h1 addr del 198.51.100.1/32 dev eth0
on_h1 route replace default via 198.51.100.254
on_h1 route del 198.51.100.0/25
eventually "h1 goes without again" 40 goes h1 h2 direct
eventually "h2 goes without" 40 goes h2 h1 direct
stop_pings
expect_equal "pings lost" 0 "$(lost)"

step "a silent cut of all between h1 and h2 but their sessions is bypassed"
ping_from a "$(address_of b)" 0.01
eventually "pings pass" 10 more_replies_than 100
cut_silently h1 h2
eventually "h1 relays through h3" 20 goes h1 h2 relay
eventually "h2 relays through h3" 20 goes h2 h1 relay
before=$(replies)
eventually "pings pass again" 10 more_replies_than "$((before + 100))"
stop_pings
printf 'silence after the cut: %s ms\n' "$(longest_silence)"
expect "it was under 5 s (3 s where the machine is not busy)" test "$(longest_silence)" -lt $((5000 * patience))

step "the way back loses nothing"
ping_from a "$(address_of b)" 0.001
eventually "pings pass" 10 more_replies_than 100
heal h1 h2
eventually "h1 goes straight" 40 goes h1 h2 direct
eventually "h2 goes straight" 40 goes h2 h1 direct
stop_pings
expect_equal "pings lost" 0 "$(lost)"

step "a black hole is named with the size that passes"
for host in h1 h2; do drop "$host" "udp dport 4789 ip length > 1400" "iifname eth0 ip saddr 10.32.0.0/12 ip length > 1350"; done
eventually "h1 knows that 1350 bytes pass" 60 carries h1 h2 1350
eventually "an alarm names it" 30 holds h1 status '.alarms | map(select(.name == "black-hole" and (.text | contains("1350")))) | length == 1'
expect "a packet that may be cut in pieces gets through" lab pod exec a -- ping -c 1 -W 2 -q -s 1400 -M dont "$(address_of b)"
expect "the pods' MTU stays" test "$(lab pod exec a -- cat /proc/sys/net/ipv6/conf/eth0/mtu 2>/dev/null || echo 1450)" -eq 1450
heal h1 h2
eventually "it is forgotten when the path is mended" 60 holds h1 status '.alarms == []'

step "the carrier of h1 goes and returns while no daemon runs: traffic returns by itself, without VXLAN and with it"
has_carrier() { [[ $(lab exec h1 -- ip -br link show eth0) != *NO-CARRIER* ]]; }
blink() {
  for host in "$@"; do lab kill "$host" -9; done
  ip -n "$LAB-net" link set h1 down
  wait_until 10 lacks_carrier || fail "eth0 of h1 keeps its carrier"
  ip -n "$LAB-net" link set h1 up
  eventually "a reaches b again" 20 reaches a "$(address_of b)"
}
lacks_carrier() { ! has_carrier; }
eventually "h1 goes without VXLAN" 40 goes h1 h2 direct
blink h1 h2 h3
lab down
lab up --hosts 2 -- --direct-routes off
lab pod add h1 a
lab pod add h2 b
eventually "a reaches b in VXLAN" 10 reaches a "$(address_of b)"
blink h1 h2
