#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: hosts need not share a subnet. Method: two data centres behind a router, two hosts in each.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

step "four hosts in two data centres"
lab up --hosts 4 --underlay routed
expect_equal "h1 is in the first" 198.51.100.1 "$(underlay_address h1)"
expect_equal "h2 is in the second" 203.0.113.2 "$(underlay_address h2)"

step "every pod reaches every pod"
for number in 1 2 3 4; do lab pod add "h$number" "p$number"; done
all_pods_reach_all 4

step "every host has one route for each other host's block, and no other of ours through the tunnel"
for host in h1 h2 h3 h4; do
  expect_equal "routes of $host" 3 "$(lab exec "$host" -- ip -j route show proto 77 dev overlay.vx | jq length)"
done

step "packets of full size pass"
mtu=$(ask h1 status .node.mtu)
expect "between the data centres" full_size_passes p1 "$(address_of p2)" "$mtu"
