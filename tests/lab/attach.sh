#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a plain network namespace gets on the overlay and off it by overlayctl alone.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
clean_up() { ip netns del "$LAB-pod-plain" 2>/dev/null || true; }

step "two hosts, a pod on one, a plain namespace on the other"
lab up --hosts 2
lab pod add h2 b
ip netns add "$LAB-pod-plain"

step "attached"
expect_exit "attach" 0 lab ctl h1 -- attach "$LAB-pod-plain"
expect_says "attach" "eth0 of /run/netns/$LAB-pod-plain has 10.32.0."
expect "it reaches the pod" ip netns exec "$LAB-pod-plain" ping -c 1 -W 2 -q "$(address_of b)"
expect "its lease is shown" holds h1 ipam addresses '.addresses[0].network == "overlayctl"'
expect_exit "attached twice" 1 lab ctl h1 -- attach "$LAB-pod-plain"

step "a second interface, in JSON"
expect "attach" lab ctl h1 -- attach "/run/netns/$LAB-pod-plain" --ifname eth1 -o json >"$scratch/result"
expect "the result is CNI's" jq -e '.interfaces[-1].name == "eth1"' "$scratch/result"

step "detached"
for interface in eth0 eth1; do expect "detach $interface" lab ctl h1 -- detach "$LAB-pod-plain" --ifname "$interface"; done
expect "the leases are gone" holds h1 ipam addresses '.addresses == []'
expect_equal "its interfaces" lo "$(ip -n "$LAB-pod-plain" -br link | awk '{print $1}')"
expect "detaching again is fine" lab ctl h1 -- detach "$LAB-pod-plain"
expect_exit "a namespace that is not there" 1 lab ctl h1 -- attach no-such-namespace
say "   $output"
