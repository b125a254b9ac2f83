#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: fail static. Method: 10,000 pings or more at 1 ms between pods of two hosts, while both daemons are killed with
# -9, start again, are told to end, and start again. None may be lost, and what the nodes were they still are.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

identity() {
  for host in h1 h2; do
    ask "$host" status '[.node.name, .node.id, .node.vtep_mac, .cluster.id] | tostring'
    ask "$host" ipam '[.blocks[] | {prefix, owner, epoch, addresses}] | tostring'
    ask "$host" ipam addresses '[.addresses[] | {address, container, since}] | tostring'
    # Ids and creation order of kernel objects: adopted, not rebuilt.
    lab exec "$host" -- ip -o link show type vxlan
    lab exec "$host" -- ip -o link show type bridge
    lab exec "$host" -- ip nexthop show proto 77
  done
}

step "two hosts, a pod on each, pings between them"
lab up --hosts 2
lab pod add h1 a
lab pod add h2 b
before=$(identity)
: >"$scratch/pings"
# Without the lab's script around it, so that it can be told to end; by itself it ends after a minute.
nsenter --net="/run/netns/$LAB-pod-a" stdbuf -oL ping -n -i 0.001 -c 60000 "$(address_of b)" >"$scratch/pings" &
pings=$!
pings_reach() { grep -q "icmp_seq=$1 " "$scratch/pings"; }
eventually "the pings pass" 10 pings_reach 50

step "kill -9 of both, and their restart"
lab kill h1 -9
lab kill h2 -9
eventually "pings pass without any daemon" 10 pings_reach 1500
lab restart h1
lab restart h2

step "the end of both by SIGTERM, and their restart"
lab kill h1
lab kill h2
lab restart h1
lab restart h2
for host in h1 h2; do expect "$host sees the other" lab ctl "$host" -- wait --for peers=1 --timeout 30s; done

step "none was lost, nothing has changed"
eventually "there are 10,000 replies" 30 pings_reach 10000
eventually "there are replies after the last restart" 5 pings_reach $(($(wc -l <"$scratch/pings") + 50))
kill -INT "$pings"
wait "$pings" || true
expect_equal "replies, and the last one's number" \
  "$(awk -F'icmp_seq=' '/icmp_seq=/ {print $2 + 0, $2 + 0}' "$scratch/pings" | tail -n 1)" \
  "$(awk -F'icmp_seq=' '/icmp_seq=/ {n++; last = $2 + 0} END {print n, last}' "$scratch/pings")"
expect_equal "identity, blocks, addresses, devices" "$before" "$(identity)"

step "new pods reach old ones"
lab pod add h1 a2
all_pods_reach_all 4
