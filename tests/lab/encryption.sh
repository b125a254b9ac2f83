#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: with --encryption wireguard nothing of pods' packets is readable between hosts, whatever happens: daemons and
# wireguard-go are killed and start again, the secret changes, a host goes and comes back, a path fails and a relay is
# used. All that passes between the hosts is captured from before the first pod to the end, and looked through.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
command -v wireguard-go >/dev/null || { say "SKIPPED: needs wireguard-go (tools/install-packages lab)" && exit 77; }

hosts=(h1 h2 h3)
mark=overlay-in-clear # what pods say to each other
hex_mark=$(printf %s "$mark" | od -An -tx1 | tr -d ' \n')
clear_text='net 10.32.0.0/12 or net fd32::/48 or udp port 4789'

goes() { holds "$1" paths "[.paths[] | select(.peer == \"$2\" and .kind == \"$3\" and .state == \"up\")] | length == 1"; }
pid_of() { cat "$lab_dir/$1/pid"; }
# wireguard_go hN: the pid of its process.
wireguard_go() {
  local pid
  for pid in $(ip netns pids "$LAB-$1"); do
    [[ $(readlink "/proc/$pid/exe") != */wireguard-go ]] || printf '%s' "$pid"
  done
}
has_another_than() { [[ -n $(wireguard_go "$1") && $(wireguard_go "$1") != "$2" ]]; }
has_none() { [[ -z $(wireguard_go "$1") ]]; }
packets() { tcpdump -r "$scratch/underlay.pcap" -nn "$@" 2>/dev/null | wc -l; }
# ping_from POD TO: begins to ping at 2 ms, with the mark inside, into $scratch/pings.
ping_from() {
  : >"$scratch/pings"
  nsenter --net="/run/netns/$LAB-pod-$1" stdbuf -oL ping -i 0.002 -p "$hex_mark" -w 300 "$2" >"$scratch/pings" &
  pings=$!
}
replies() { grep -c 'icmp_seq=' "$scratch/pings"; }
more_replies_than() { (($(replies) > $1)); }
stop_pings() {
  local now
  now=$(replies)
  eventually "pings pass at the end" 10 more_replies_than $((now + 100))
  kill -INT "$pings"
  wait "$pings" || true
}
# Of those before the last that was answered: what was on its way at the end is not lost.
lost() { awk -F'icmp_seq=' '/icmp_seq=/ { n++; if ($2 + 0 > last) last = $2 + 0 } END { print last - n }' "$scratch/pings"; }
all_reach_all() { (all_pods_reach_all 4 && all_pods_reach_all 6) 2>/dev/null; }
clean_up() { [[ -z ${capture:-} ]] || kill "$capture" 2>/dev/null || true; }

step "three hosts, and a capture of all that passes between them"
lab up --hosts 3 --ipv6 --idle -- --encryption wireguard
nsenter --net="/run/netns/$LAB-net" tcpdump -i any -n -U -Z root -w "$scratch/underlay.pcap" 2>"$scratch/tcpdump" &
capture=$!
eventually "the capture runs" 10 grep -q 'listening on' "$scratch/tcpdump"
for host in "${hosts[@]}"; do lab restart "$host"; done
lab pod add h1 a
lab pod add h2 b
lab pod add h3 c

step "pods reach each other, of both families, with packets of full size; there is no VXLAN device and no direct route"
eventually "every pod reaches every pod" 20 all_reach_all
mtu=$(ask h1 status .node.mtu)
expect_equal "the MTU leaves 60 bytes for WireGuard over IPv4" 1440 "$mtu"
expect "a packet of $mtu bytes passes" full_size_passes a "$(address_of c)" "$mtu"
for host in "${hosts[@]}"; do
  expect "$host has overlay.wg" lab exec "$host" -- ip link show overlay.wg >/dev/null
  expect "$host has no overlay.vx" test -z "$(lab exec "$host" -- ip -o link show type vxlan)"
done

step "status, paths and routes say so"
eventually "h1 sees two encrypted paths" 20 holds h1 status '.paths | .wireguard == 2 and .vxlan == 0 and .direct == 0 and .relay == 0 and .down == 0'
expect "the cluster is encrypted" holds h1 status '.cluster.encryption == "wireguard"'
expect "paths are wireguard" holds h1 paths '[.paths[] | .kind == "wireguard" and .state == "up" and .rtt_seconds > 0] | all'
expect_exit "routes --diff" 0 lab ctl h1 -- routes --diff

step "the daemons are killed and start again: wireguard-go lives on, and no ping is lost"
before=$(wireguard_go h1)
ping_from a "$(address_of b)"
eventually "pings pass" 10 more_replies_than 200
for host in h1 h2; do lab kill "$host" -9; done
eventually "pings pass without daemons" 10 more_replies_than 800
for host in h1 h2; do lab restart "$host"; done
expect_equal "wireguard-go of h1" "$before" "$(wireguard_go h1)"

step "the secret changes, one step on all hosts after the other, and no ping is lost"
stop_pings
expect_equal "pings lost" 0 "$(lost)"
(umask 077 && "$bin/overlayctl" token >"$scratch/new")
configure() { # configure hN FILE...
  local files
  files=$(printf '"%s", ' "${@:2}")
  printf 'secret-file = [%s]\nencryption = "wireguard"\n' "${files%, }" >"$scratch/$1.toml"
  [[ $1 == h1 ]] || printf 'join = ["198.51.100.1"]\n' >>"$scratch/$1.toml"
}
mv "$lab_dir/secret" "$scratch/old"
for host in "${hosts[@]}"; do
  configure "$host" "$scratch/old"
  lab restart "$host" -- --config "$scratch/$host.toml"
done
has_keys() { (($(key_of "$1" | tr ',' '\n' | wc -l) == $2)); }
first_key_is() { [[ $(key_of "$1") == "$2"* ]]; }
roll() { # roll COUNT FIRST FILE...
  local host
  for host in "${hosts[@]}"; do
    configure "$host" "${@:3}"
    kill -HUP "$(pid_of "$host")"
    eventually "$host holds $1 keys" 10 has_keys "$host" "$1"
    eventually "the first of $host" 10 first_key_is "$host" "$2"
  done
}
old=$(key_of h1)
ping_from a "$(address_of b)"
eventually "pings pass" 10 more_replies_than 200
roll 2 "$old" "$scratch/old" "$scratch/new"
new=$(key_of h1)
new=${new#"$old, "}
roll 2 "$new" "$scratch/new" "$scratch/old"
roll 1 "$new" "$scratch/new"
stop_pings
expect_equal "pings lost" 0 "$(lost)"

step "wireguard-go is killed: another one takes its place, with the new secret, and meanwhile nothing leaves in clear text"
before=$(wireguard_go h2)
ping_from a "$(address_of b)"
eventually "pings pass" 10 more_replies_than 200
kill -KILL "$before"
eventually "there is another" 20 has_another_than h2 "$before"
now=$(replies)
eventually "pings pass again" 20 more_replies_than $((now + 200))
stop_pings
eventually "every pod reaches every pod" 20 all_reach_all

step "without a daemon nobody starts another, and still nothing leaves in clear text"
lab kill h2 -9
kill -KILL "$(wireguard_go h2)"
eventually "h2 has none" 10 has_none h2
expect_exit "b does not reach a" 1 lab pod exec b -- ping -c 20 -i 0.05 -W 1 -q -p "$hex_mark" "$(address_of a)"
expect_exit "a does not reach b" 1 lab pod exec a -- ping -c 20 -i 0.05 -W 1 -q -p "$hex_mark" "$(address_of b)"
lab restart h2
eventually "every pod reaches every pod" 20 all_reach_all

step "packets between h1 and h2 vanish: h3 passes them on, and they go straight again when that works"
cut_wireguard() { # what arrives there from the other
  lab exec "$1" -- nft "add table inet cut; add chain inet cut in { type filter hook prerouting priority -400; }; add rule inet cut in ip saddr $(underlay_address "$2") udp dport 51820 drop"
}
cut_wireguard h1 h2
cut_wireguard h2 h1
eventually "h1 relays through h3" 40 goes h1 h2 relay
eventually "h2 relays through h3" 40 goes h2 h1 relay
eventually "every pod reaches every pod" 20 all_reach_all

step "the daemons of both ends start again meanwhile: h3 goes on passing packets on, and no ping is lost"
ping_from a "$(address_of b)"
eventually "pings pass" 10 more_replies_than 200
for host in h1 h2; do
  lab kill "$host" -9
  lab restart "$host"
done
for pair in "h1 h2" "h2 h1"; do
  # shellcheck disable=SC2086 # two words
  eventually "$pair relay, as before" 40 goes $pair relay
done
stop_pings
expect_equal "pings lost" 0 "$(lost)"
for host in h1 h2; do lab exec "$host" -- nft delete table inet cut; done
eventually "h1 goes straight" 40 goes h1 h2 wireguard
eventually "h2 goes straight" 40 goes h2 h1 wireguard
eventually "every pod reaches every pod" 20 all_reach_all

step "a host that was told otherwise is told what the cluster is"
lab kill h3
lab exec h3 -- timeout -s KILL 20 "$bin/overlayd" --name h3 --state-dir "$scratch/other" --run-dir "$scratch/run" --cni-bin-dir "" \
  --cni-conf-dir "" --metrics "" --join 198.51.100.1 --secret-file "$scratch/new" --encryption none >"$scratch/other.log" 2>&1 &
eventually "it says so" 20 grep -q -- "--encryption none differs from the cluster's wireguard.*leave the flag out" "$scratch/other.log"

step "teardown ends wireguard-go and leaves nothing"
lab ctl h2 -- teardown
eventually "h2 has no wireguard-go" 10 has_none h2
expect_exit "overlay.wg" 1 lab exec h2 -- ip link show overlay.wg
expect "no socket is left" test ! -e "$lab_dir/h2/wireguard/overlay.wg.sock"

step "of all that was captured, nothing is in clear text"
# What the capture would look like if there was something.
lab kill h1
lab exec h1 -- ip route add 10.47.0.1/32 via 198.51.100.254
lab exec h1 -- nft delete table inet overlay
lab exec h1 -- ping -c 1 -W 1 -q -I 198.51.100.1 -p "$hex_mark" 10.47.0.1 >/dev/null || true
sees_it() { (($(packets "$clear_text") > 0)); }
eventually "the capture shows the one packet that was meant to be seen" 10 sees_it
kill "$capture"
wait "$capture" || true
printf 'captured: %s packets, %s of WireGuard\n' "$(packets)" "$(packets udp port 51820)"
expect "the capture saw encrypted packets" test "$(packets udp port 51820)" -gt 1000
expect_equal "packets in clear text but for the one" "" "$(tcpdump -r "$scratch/underlay.pcap" -nn "($clear_text) and not host 10.47.0.1" 2>/dev/null)"
expect_equal "words of pods in clear text, but for the one packet's" 0 \
  "$(tcpdump -r "$scratch/underlay.pcap" -nn -A 'not host 10.47.0.1 and not icmp[icmptype] == icmp-unreach' 2>/dev/null | grep -c "$mark" || true)"
