#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: the drill of docs/recover.md, "Most voters are away". Two of three voters are lost with their disks: traffic and
# leases go on, nobody gets a new block, status and doctor say so, and `recover` on one host makes the cluster whole.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

together=(--bootstrap-expect 3 --join 198.51.100.1 --join 198.51.100.2 --join 198.51.100.3)
voters() { ask "$1" status '.cluster.voters | sort | join(" ")'; }
has_voters() { [[ $(voters "$1") == "$2" ]]; }

step "three voters, a fourth host, pods on hosts that will stay"
lab up --hosts 5 --idle
for host in h1 h2 h3; do lab restart "$host" -- "${together[@]}" & done
wait
lab restart h4 -- --join 198.51.100.1
for host in h1 h4; do expect "$host sees the others" lab ctl "$host" -- wait --for peers=3 --timeout 30s; done
expect_equal "voters" "h1 h2 h3" "$(voters h4)"
lab pod add h1 a
lab pod add h4 b

step "two voters are lost with their disks"
for host in h2 h3; do
  lab kill "$host" -9
  rm -rf "$lab_dir/$host/state"
  for other in h1 h4; do
    eventually "$other misses $host" 30 holds "$other" peers ".peers | any(.name == \"$host\" and .state == \"unreachable\")"
  done
done

step "traffic goes on, and so do pods in the blocks there are"
lab pod add h1 a2
lab pod add h4 b2
all_pods_reach_all 4

step "a host that joins now gets no block, and that is said"
lab restart h5 -- --join 198.51.100.1 >/dev/null 2>&1 & # it waits until h5 is ready
joining=$!
eventually "h5 waits for a majority" 20 holds h5 status '.node.waiting_for | any(contains("a majority of the voters"))'
say "   h5 waits for: $(ask h5 status '.node.waiting_for | join("; ")')"
expect_exit "doctor on h1" 1 lab ctl h1 -- doctor --state-dir "$lab_dir/h1/state" --secret-file "$lab_dir/secret" \
  --cni-bin-dir "$lab_dir/h1/cni-bin" --cni-conf-dir "$lab_dir/h1/cni-conf"
expect_says "doctor names the voters that are missing" "h2"
grep ' voters ' <<<"$output"

step "recover says what it breaks before it does anything"
expect_exit "without the cluster's name" 2 lab ctl h1 -- recover
say "$output"
cluster=$(ask h1 status .cluster.id)
expect_says "the name" "${cluster:0:8}"
expect_equal "voters" "h1 h2 h3" "$(voters h1)"

step "on one host it is done, and the others follow"
expect "recovered" lab ctl h1 -- recover --cluster "${cluster:0:8}"
for host in h1 h4 h5; do eventually "$host has other voters" 90 has_voters "$host" "h1 h4 h5"; done
expect "the lost ones are forgotten" lab ctl h4 -- forget h2 h3
for host in h1 h4 h5; do
  eventually "$host knows them no more" 20 holds "$host" peers '[.peers[] | select(.state != "removed")] | length == 3'
done
all_pods_reach_all 4
lab pod add h1 a3
expect "a new pod reaches an old one" reaches a3 "$(address_of b)"
wait "$joining" || true # what h1 had chosen for it may be in force now; if not, it gets none for an hour
