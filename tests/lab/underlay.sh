#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: the overlay follows the underlay: an address that moves (announced in advance: without a ping lost at 1 ms),
# one that is replaced as by DHCP, an interface swapped for another, other MTUs, which TCP of older pods follows. Method:
# do it to h1, with pings from its pod to h2's, and print how long it took until they passed again.
#
#   tests/lab/underlay.sh [FAMILY of the underlay and of the pings (default 4)]
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# underlay ADDRESS: of the underlay's network, by its last part.
family=${1:-4}
if [[ $family == 4 ]]; then
  hosts=() nodad=() length=24 overhead=50 headers=40 too_large='meta l4proto icmp'
  underlay() { printf '198.51.100.%s' "$1"; }
  gateway=$(underlay 254)
else
  hosts=(--ipv6-only) nodad=(nodad) length=64 overhead=70 headers=60 too_large='icmpv6 type packet-too-big'
  underlay() { printf '2001:db8:1::%s' "$1"; }
  gateway=$(underlay fffe)
fi
pod() { address_of "$1" "$family"; }

on() { nsenter --net="/run/netns/$LAB-h1" "$@"; }
net() { nsenter --net="/run/netns/$LAB-net" "$@"; }
stands_on() { holds h2 peers "[.peers[] | select(.name == \"h1\")][0].underlay_addresses[0] == \"$1\""; }
alone_on() { holds h2 peers "[.peers[] | select(.name == \"h1\")][0].underlay_addresses == [\"$1\"]"; }
device_has() { lab exec "$1" -- ip link show overlay.vx | grep -q " mtu $2 "; }
goes_to() { lab exec h2 -- bridge fdb show dev overlay.vx | grep -q "dst $1 "; }

# begin_pings FILE, end_pings FILE: one a millisecond, from a to b; at the end, how many were lost.
begin_pings() {
  : >"$1"
  nsenter --net="/run/netns/$LAB-pod-a" stdbuf -oL ping -n -i 0.001 -c 60000 "$(pod b)" >"$1" &
  pings=$!
  eventually "pings pass" 10 grep -q "icmp_seq=50 " "$1"
}
end_pings() {
  kill -INT "$pings"
  eventually "ping sums up" 5 grep -q "packets transmitted" "$1" # in a subshell there is no waiting for it
  awk '/packets transmitted/ {print $1 - $4}' "$1"
}
clean_up() { kill "${pings:-}" 2>/dev/null || true; }

# recovers WHAT SECONDS: pings pass again, and how long that took since `began`.
recovers() {
  eventually "$1: pings pass again" "$2" reaches a "$(pod b)"
  printf '%6d ms  %s\n' $((($(now_us) - began) / 1000)) "$1"
}

step "two hosts, a pod on each"
lab up --hosts 2 --mtu 9000 "${hosts[@]}"
for host in h1 h2; do
  lab exec "$host" -- ip link set eth0 mtu 1500
  eventually "$host works with $((1500 - overhead)) bytes" 10 holds "$host" status ".node.mtu == $((1500 - overhead))"
done
lab pod add h1 a
lab pod add h2 b
all_pods_reach_all "$family"

step "a second address becomes the one that packets leave from: announced, used, the old one heard for a while"
begin_pings "$scratch/moved"
on ip addr add "$(underlay 101)/$length" dev eth0 "${nodad[@]}"
began=$(now_us)
on ip route replace default via "$gateway" src "$(underlay 101)"
eventually "h2 is told of it" 10 holds h2 peers \
  "[.peers[] | select(.name == \"h1\")][0].underlay_addresses == [\"$(underlay 1)\", \"$(underlay 101)\"]"
eventually "h2 sends there" 20 goes_to "$(underlay 101)"
printf '%6d ms  until all is sent to the new address\n' $((($(now_us) - began) / 1000))
lost=$(end_pings "$scratch/moved")
expect_equal "pings lost at 1 ms" 0 "$lost"

step "the old address goes, and nobody is told of it any more"
on ip addr del "$(underlay 1)/$length" dev eth0
# In IPv4 it was the old one's secondary, and went with it.
on ip addr add "$(underlay 101)/$length" dev eth0 "${nodad[@]}" 2>/dev/null || true
on ip route replace default via "$gateway" src "$(underlay 101)"
eventually "only the new one is left" 20 alone_on "$(underlay 101)"
recovers "the old address removed" 20

step "another address at once, as DHCP does after a lease was lost"
began=$(now_us)
on ip addr flush dev eth0 scope global
on ip addr add "$(underlay 77)/$length" dev eth0 "${nodad[@]}"
on ip route replace default via "$gateway"
recovers "address replaced" 30
eventually "h2 knows it" 10 stands_on "$(underlay 77)"

step "another interface with another address"
began=$(now_us)
net ip link add h1b mtu 9000 type veth peer name eth1 mtu 1500 netns "$LAB-h1"
net ip link set h1b master lan up
on ip link del eth0
on ip link set eth1 up
on ip addr add "$(underlay 78)/$length" dev eth1 "${nodad[@]}"
on ip route replace default via "$gateway"
recovers "interface swapped" 30
eventually "h2 knows it" 10 stands_on "$(underlay 78)"

step "other MTUs, for devices at once and for new pods"
for mtu in 9000 1400; do
  began=$(now_us)
  on ip link set eth1 mtu "$mtu"
  lab exec h2 -- ip link set eth0 mtu "$mtu"
  for host in h1 h2; do
    eventually "$host follows" 10 holds "$host" status ".node.mtu == $((mtu - overhead))"
    eventually "its devices follow" 10 device_has "$host" $((mtu - overhead))
  done
  printf '%6d ms  MTU %d\n' $((($(now_us) - began) / 1000)) "$mtu"
  lab pod add h1 "a$mtu"
  lab pod add h2 "b$mtu"
  expect "a packet of full size passes" full_size_passes "a$mtu" "$(pod "b$mtu")" $((mtu - overhead))
done
all_pods_reach_all "$family"

step "TCP of pods from the days of larger packets: their segments are made to fit, though no ICMP tells them"
command -v python3 >/dev/null || { say "SKIPPED: needs python3 for both ends of the connection" && exit 77; }
for pod in a9000 b9000; do
  expect_equal "bytes that $pod believes to pass" $((9000 - overhead)) \
    "$(lab pod exec "$pod" -- ip -j link show eth0 | jq '.[0].mtu')"
  lab pod exec "$pod" -- nft "add table inet deaf; add chain inet deaf in { type filter hook input priority 0; }"
  lab pod exec "$pod" -- nft "add rule inet deaf in $too_large drop"
done
bytes=20000000
lab pod exec b9000 -- timeout 30 python3 -c "
import socket
connection, _ = socket.create_server(('$(pod b9000)', 7000), family=socket.AF_INET${family/4/}).accept()
received = 0
while chunk := connection.recv(1 << 16): received += len(chunk)
print(received)" >"$scratch/received" &
receiver=$!
listens() { lab pod exec b9000 -- ss -Hltn 'sport = 7000' | grep -q .; }
eventually "it listens" 10 listens
segment=$(lab pod exec a9000 -- timeout 30 python3 -c "
import socket
connection = socket.create_connection(('$(pod b9000)', 7000))
connection.sendall(bytes($bytes))
print(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))")
wait "$receiver" || broken "the receiver ends by itself"
expect_equal "bytes that came" "$bytes" "$(cat "$scratch/received")"
most=$((1400 - overhead - headers))
expect "a segment is at most $most bytes, and it is $segment" test "$segment" -le "$most"
