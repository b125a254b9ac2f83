#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: fail static. Method: pings at 1 ms between pods of two hosts, while both daemons are killed with -9, start
# again, are told to end, and start again; by each kind of way there is between hosts. None may be lost, what the nodes
# were they still are, and their kernels are not written to.
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
    lab exec "$host" -- ip route show proto 77
  done
}

pings_reach() { grep -q "icmp_seq=$1 " "$scratch/pings"; }
clean_up() { kill "${pings:-}" "${watch:-}" 2>/dev/null || true; }

# watch_routes: what becomes of h1's routes from now on, into $scratch/routes.
watch_routes() {
  nsenter --net="/run/netns/$LAB-h1" stdbuf -oL ip monitor route nexthop >"$scratch/routes" 2>&1 &
  watch=$!
}

# both_restart KIND: by that way.
both_restart() {
  local kind=$1 host before
  step "$kind: kill -9 of both and their restart, the end of both by SIGTERM and their restart"
  for host in "h1 h2" "h2 h1"; do
    # shellcheck disable=SC2086 # two words
    eventually "$host go by $kind" 40 goes $host "$kind"
  done
  before=$(identity)
  : >"$scratch/pings"
  # Without the lab's script around it, so that it can be told to end; by itself it ends after a minute.
  nsenter --net="/run/netns/$LAB-pod-a" stdbuf -oL ping -n -i 0.001 -c 60000 "$(address_of b)" >"$scratch/pings" &
  pings=$!
  eventually "the pings pass" 30 pings_reach 50
  watch_routes
  for host in h1 h2; do lab kill "$host" -9; done
  eventually "pings pass without any daemon" 30 pings_reach 1500
  for host in h1 h2; do lab restart "$host"; done
  for host in h1 h2; do lab kill "$host"; done
  for host in h1 h2; do lab restart "$host"; done
  for host in h1 h2; do eventually "$host sees the others" 30 sees_others "$host"; done
  for host in "h1 h2" "h2 h1"; do
    # shellcheck disable=SC2086 # two words
    eventually "$host go by $kind again" 40 goes $host "$kind"
  done

  eventually "there are 10,000 replies" 60 pings_reach 10000
  eventually "there are replies after the last restart" 5 pings_reach $(($(wc -l <"$scratch/pings") + 50))
  kill -INT "$pings"
  wait "$pings" || true
  kill "$watch"
  expect_equal "replies, and the last one's number" \
    "$(awk -F'icmp_seq=' '/icmp_seq=/ {print $2 + 0, $2 + 0}' "$scratch/pings" | tail -n 1)" \
    "$(awk -F'icmp_seq=' '/icmp_seq=/ {n++; last = $2 + 0} END {print n, last}' "$scratch/pings")"
  expect_equal "identity, blocks, addresses, devices, ways" "$before" "$(identity)"
  expect_equal "changes of h1's ways to pods" "" "$(grep -E '10\.(3[2-9]|4[0-7])\.|id 12918' "$scratch/routes" || true)"
}
sees_others() { holds "$1" status '.peers | .known == .reachable'; }

step "three hosts, a pod on two of them"
lab up --hosts 3
lab pod add h1 a
lab pod add h2 b
both_restart direct
cut_silently h1 h2
both_restart relay
heal h1 h2

step "new pods reach old ones"
lab pod add h1 a2
all_pods_reach_all 4

lab down
lab up --hosts 2 -- --direct-routes off
lab pod add h1 a
lab pod add h2 b
both_restart vxlan
