#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: three hosts with one command line found one cluster and are its voters; when one of them is lost for good, blocks
# are granted on, it is forgotten within 2 s, the pool grows, and what it leaves behind is nobody's mistake.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

together=(--bootstrap-expect 3 --join 198.51.100.1 --join 198.51.100.2 --join 198.51.100.3 --pool 10.32.0.0/20)

step "three hosts are started with one command line, at once"
lab up --hosts 4 --idle
for host in h1 h2 h3; do lab restart "$host" -- "${together[@]}" & done
wait
for host in h1 h2 h3; do expect "$host sees the others" lab ctl "$host" -- wait --for peers=2 --timeout 30s; done
expect_equal "clusters" 1 "$(for host in h1 h2 h3; do ask "$host" status .cluster.id; done | sort -u | wc -l)"
expect_equal "voters" "h1 h2 h3" "$(ask h1 status '.cluster.voters | sort | join(" ")')"

step "one of them is lost, and a fourth host gets a block all the same"
lab kill h3 -9
lab restart h4 -- --join 198.51.100.1 --join 198.51.100.2
lab pod add h1 a
lab pod add h4 b
all_pods_reach_all 4

step "the lost one is forgotten within 2 s, asked for by two hosts at once"
knows_no() { holds "$1" peers "[.peers[] | select(.name == \"$2\" and .state != \"removed\")] | length == 0"; }
eventually "h1 misses h3" 10 holds h1 peers '[.peers[] | select(.name == "h3" and .state == "unreachable")] | length == 1'
eventually "h2 misses h3" 10 holds h2 peers '[.peers[] | select(.name == "h3" and .state == "unreachable")] | length == 1'
begun=${EPOCHREALTIME/[.,]/}
lab ctl h1 -- forget h3 >"$scratch/h1" 2>&1 &
lab ctl h2 -- forget h3 >"$scratch/h2" 2>&1 || broken "h2 forgets h3: $(cat "$scratch/h2")"
wait $! || broken "h1 forgets h3: $(cat "$scratch/h1")"
took=$(((${EPOCHREALTIME/[.,]/} - begun) / 1000))
say "forgotten in $took ms"
((took < 2000)) || broken "h3 was forgotten within 2 s: $took ms"
for host in h1 h2 h4; do eventually "$host knows no h3" 10 knows_no "$host" h3; done
expect "twice is once" lab ctl h4 -- forget h3

step "the pool is extended from a host that is no voter of old, and everybody lists it"
expect "only said" lab ctl h4 -- ipam extend 10.40.0.0/22 --dry-run
expect_equal "pools before" 1 "$(ask h4 ipam '.pools | length')"
expect "extended" lab ctl h4 -- ipam extend 10.40.0.0/22
for host in h1 h2 h4; do
  eventually "$host lists both pools" 10 holds "$host" status '.cluster.pools | sort == ["10.32.0.0/20", "10.40.0.0/22"]'
done
all_pods_reach_all 4

step "a list that differs is refused, and founds nothing"
lab exec h3 -- timeout -s KILL 10 "$bin/overlayd" --name h3 --state-dir "$scratch/state" --run-dir "$scratch/run" \
  --cni-bin-dir "" --cni-conf-dir "" --insecure --bootstrap-expect 3 --join 198.51.100.1 >"$scratch/out" 2>&1 \
  && broken "a list of one was taken for three"
expect "the sentence names the flag" grep -q -- "--bootstrap-expect 3" "$scratch/out"
