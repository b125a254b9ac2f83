#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: `overlayctl teardown` removes every kernel object of ours and none of anybody else's.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Everything of a host's network that a program can have changed, without counters and ids.
kernel_of() {
  lab exec "$1" -- ip -o -br link | awk '{print $1}' | sort
  lab exec "$1" -- ip route show table all | grep -v '^broadcast\|^multicast\|^local\|^anycast' | sort
  lab exec "$1" -- ip nexthop show
  lab exec "$1" -- ip rule
  lab exec "$1" -- bridge fdb show | grep -v permanent || true
  lab exec "$1" -- nft list ruleset
}

stopped() { grep -qE "^$1 .* stopped " <<<"$(lab status)"; }

step "a host with a route, a bridge and a firewall of its own"
lab up --hosts 2 --idle
lab exec h1 -- ip link add theirs type bridge
lab exec h1 -- ip route add 10.200.0.0/16 via 198.51.100.254 proto 99
lab exec h1 -- nft add table inet theirs
lab exec h1 -- nft add chain inet theirs forward '{ type filter hook forward priority 0; }'
before=$(kernel_of h1)
lab restart h1
lab restart h2
lab pod add h1 a
lab pod add h2 b
expect "it works" reaches a "$(address_of b)"
expect "there is something to remove" lab exec h1 -- ip link show overlay.vx >/dev/null

step "SIGTERM leaves all of it"
lab kill h1
expect "traffic goes on" reaches a "$(address_of b)"

step "a pod deleted meanwhile gives back its address once there is a daemon again"
lab pod del a
lab restart h1
eventually "its lease is gone" 10 holds h1 status '.ipam.addresses == 0'

step "teardown leaves what was there before, and only that"
lab ctl h1 -- teardown
eventually "the daemon has ended" 10 stopped h1
expect_equal "the kernel of h1" "$before" "$(kernel_of h1)"

step "once more does no harm"
lab ctl h1 -- teardown || true
expect_equal "the kernel of h1" "$before" "$(kernel_of h1)"
