#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: where what is below spoils the checksums that it is to make, the daemon finds out and the kernel makes them.
# Method: VXLAN packets from h1 to h2 are carried by a program instead of the bridge. It is given what the kernel would
# give a network card, sums to be made included, and passes it on as it is, as a card does that cannot do it.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
command -v python3 >/dev/null || { say "SKIPPED: needs python3 for the program that spoils checksums" && exit 77; }

on() { nsenter --net="/run/netns/$LAB-h1" "$@"; }
net() { nsenter --net="/run/netns/$LAB-net" "$@"; }
# offload off|on: whether the kernel's overlay.vx is one that sums up itself.
offload() {
  holds h1 routes "[.objects[] | select(.kind == \"link\" and .key == \"overlay.vx\")][0].observed
    | contains(\"checksum offload off\") == $([[ $1 == off ]] && echo true || echo false)"
}
alarmed() { holds h1 status '[.alarms[] | select(.name == "checksum-offload")] | length == 1'; }
download() { # from a pod of h2 by one of h1, who sends the request
  lab pod exec a -- timeout 3 python3 -c "
import socket
s = socket.create_connection(('$(address_of b)', 8080), 2)
s.sendall(b'ask')
assert s.recv(9) == b'answer'" 2>/dev/null
}
cannot_download() { ! download; }
clean_up() { kill "${carrier:-}" "${server:-}" 2>/dev/null || true; }

cat >"$scratch/carrier.py" <<'END'
# Passes IPv4 frames with UDP to port 4789 from one device to another. The outer checksum, which any card can make, is
# made by leaving it out (RFC 768).
import socket, sys
everything = 3  # ETH_P_ALL: what is asked for by protocol is given to a bridge instead
taken = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(everything))
taken.bind((sys.argv[1], everything))
given = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
given.bind((sys.argv[2], 0))
print("carries", flush=True)
while True:
    frame, (_, _, kind, _, _) = taken.recvfrom(65536)
    if kind != socket.PACKET_OUTGOING and frame[12:14] == b"\x08\0" and frame[23] == 17 and frame[36:38] == (4789).to_bytes(2, "big"):
        given.send(frame[:40] + b"\0\0" + frame[42:])
END

step "two hosts whose VXLAN loses its sums on the way"
lab up --hosts 2 --idle -- --direct-routes off
net nft -f - <<'END'
table bridge carrier {
  chain forward {
    type filter hook forward priority 0;
    iifname "h1" udp dport 4789 drop
  }
}
END
net python3 "$scratch/carrier.py" h1 h2 >"$scratch/carrier" &
carrier=$!
eventually "the carrier carries" 10 grep -q carries "$scratch/carrier"
lab restart h1 -- --bootstrap --direct-routes off --checksum-offload on
lab restart h2
lab pod add h1 a
lab pod add h2 b
expect "pings pass, as ever" reaches a "$(address_of b)"
nsenter --net="/run/netns/$LAB-pod-b" python3 -c "
import socket
server = socket.create_server(('', 8080))
while True:
    client, _ = server.accept()
    client.recv(9)
    client.sendall(b'answer')
    client.close()" &
server=$!
expect "and TCP does not" cannot_download

step "left to itself, overlayd finds out and sums up itself"
began=$(now_us)
lab restart h1 -- --bootstrap --direct-routes off
eventually "an alarm" 30 alarmed
printf '%6d ms  from the start to the alarm\n' $((($(now_us) - began) / 1000))
eventually "overlay.vx does not offload" 5 offload off
eventually "TCP works" 10 download

step "a device made anew is no other"
on ip link del overlay.vx
eventually "it is back and does not offload" 10 offload off
eventually "TCP works" 10 download

step "whoever expects it is not alarmed"
lab restart h1 -- --bootstrap --direct-routes off --checksum-offload off
eventually "overlay.vx does not offload" 5 offload off
expect "no alarm" holds h1 status '.alarms == []'

step "where sums survive, they are left below"
kill "$carrier"
net nft delete table bridge carrier
lab restart h1 -- --bootstrap --direct-routes off
eventually "overlay.vx offloads" 10 offload on
tested() { lab logs h1 | grep -q "checksum.*survive"; }
eventually "and a test has shown that it may" 30 tested
expect "no alarm" holds h1 status '.alarms == []'
expect "TCP works" download
