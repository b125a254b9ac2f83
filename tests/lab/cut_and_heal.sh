#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a cut between two of three hosts is seen and shown, withdraws nothing, is bypassed, and heals by itself.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# linked hA hB: hA has an established link to hB.
linked() { holds "$1" links "[.links[] | select(.peer == \"$2\" and .state == \"established\")] | length == 1"; }
not_linked() { ! linked "$@"; }
# considers hA hB STATE
considers() { holds "$1" peers "[.peers[] | select(.name == \"$2\" and .state == \"$3\")] | length == 1"; }
# Without the gateway that the kernel shows for a nexthop: which one that is, paths decide.
our_routes() { lab exec "$1" -- ip route show proto 77 | sed "s/ via [^ ]*//" | sort; }

step "three hosts with pods"
lab up --hosts 3 -- --direct-routes off
for number in 1 2 3; do lab pod add "h$number" "p$number"; done
all_pods_reach_all 4
routes=$(our_routes h1)

step "a cut between h1 and h2 takes down their link, and nothing else"
lab cut h1 h2
expect_exit "no packet passes" 1 lab pod exec p1 -- ping -c 1 -W 1 -q "$(address_of p2)"
eventually "h1 sees its link to h2 go" 60 not_linked h1 h2
eventually "h2 sees its link to h1 go" 60 not_linked h2 h1
expect "h1 and h3 are still linked" linked h1 h3
expect "h2 and h3 are still linked" linked h2 h3
expect "p1 still reaches p3" reaches p1 "$(address_of p3)"

step "traffic between h1 and h2 goes through h3"
eventually "h1 relays" 10 holds h1 paths '[.paths[] | select(.peer == "h2" and .kind == "relay" and .relay == "h3")] | length == 1'
eventually "p1 reaches p2" 10 reaches p1 "$(address_of p2)"

step "by way of h3 each is still reachable for control, and no route is withdrawn"
expect "h1 reaches h2" considers h1 h2 reachable
expect "h2 reaches h1" considers h2 h1 reachable
expect_equal "the routes of h1" "$routes" "$(our_routes h1)"

step "what happens beyond the cut is known all the same"
lab pod add h2 p4
expect "h3 reaches the new pod" reaches p3 "$(address_of p4)"

step "cut off from both, h1 sees nobody and keeps every route"
lab cut h1 h3
eventually "h1 sees h2 and h3 go" 60 holds h1 status '.peers.reachable == 0'
eventually "h2 sees h1 go" 60 considers h2 h1 unreachable
expect "h2 still sees h3" considers h2 h3 reachable
expect_equal "the routes of h1" "$routes" "$(our_routes h1)"
lab pod add h1 p5
expect "pods of h1 reach each other" reaches p1 "$(address_of p5)"

step "healed, all is as before"
lab heal
for host in h1 h2 h3; do expect "$host sees both others" lab ctl "$host" -- wait --for peers=2 --timeout 60s; done
all_pods_reach_all 4
eventually "h1 and h2 are linked again" 60 linked h1 h2
eventually "status says so" 10 holds h1 status '.links.established == 2 and .alarms == []'
