#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a host that comes later is a host like the others, also when the one it was told of is away by then.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

step "two hosts with pods, then a third"
lab up --hosts 2
lab pod add h1 a
lab pod add h2 b
lab add
lab pod add h3 c
all_pods_reach_all 4

step "all three know all blocks, each has its own"
for host in h1 h2 h3; do
  eventually "$host knows three blocks" 10 holds "$host" ipam \
    '[.blocks[] | select(.state == "owned") | .prefix] | unique | length == 3'
done
expect_equal "no links but those of a full mesh" 2 "$(ask h3 links '.links | map(select(.state == "established")) | length')"

step "the third restarts while the host it joined is away, and finds the second from what it knows"
before=$(ask h3 ipam '[.blocks[] | select(.owner == "h3") | .prefix] | tostring')
lab kill h1 -9
# Without its voter it is ready after a minute, for which the lab does not wait.
lab restart h3 >"$scratch/restart" 2>&1 || true
eventually "h3 sees h2" 30 holds h3 peers '[.peers[] | select(.name == "h2" and .state == "reachable")] | length == 1'
expect_equal "the same block" "$before" "$(ask h3 ipam '[.blocks[] | select(.owner == "h3") | .prefix] | tostring')"
all_pods_reach_all 4
eventually "h3 goes on in its own block" 60 holds h3 status .node.ready

step "the founder comes back"
lab restart h1
for host in h1 h2 h3; do expect "$host sees both others" lab ctl "$host" -- wait --for peers=2 --timeout 30s; done

step "a host that was given nobody to call is told by overlayctl, and remembers it"
lab pod del c
lab kill h3
rm "$lab_dir/h3/state/identity" "$lab_dir/h3/state/state.log"
lab restart h3 -- >"$scratch/restart" 2>&1 &
restarted=$!
says_the_cure() { grep -q "tell this one by 'overlayctl connect HOST'" <<<"$(lab ctl h3 -- status 2>&1)"; }
eventually "it waits, and says what for" 30 says_the_cure
expect_exit "disconnect from nobody" 1 lab ctl h3 -- disconnect 198.51.100.9
expect_says "disconnect from nobody" "198.51.100.9:6783 is no join target; there are: none"
expect_exit "a host that is none" 1 lab ctl h3 -- connect 'h 1'
expect_exit "connect" 0 lab ctl h3 -- connect 198.51.100.1
expect "it is ready" wait "$restarted"
lab restart h3
expect_exit "connect again" 0 lab ctl h3 -- connect 198.51.100.1
expect_says "connect again" "overlayd calls 198.51.100.1:6783"
lab pod add h3 c
all_pods_reach_all 4
