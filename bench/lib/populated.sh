# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A host of a lab with many peers, which are records in its state (bench/lib/populate.cc) and one namespace that has all
# their addresses, whose kernel answers probes. They have no mesh. Sourced by benches.
# shellcheck source=bench/lib/bench.sh
. "$(dirname "${BASH_SOURCE[0]}")/bench.sh"
[[ -x $bin/bench_populate ]] || refuse "no $bin/bench_populate; build it with: cmake --preset release && cmake --build --preset release"

metric() { ask_lab exec h1 -- curl --silent --fail 127.0.0.1:6782/metrics | awk -v name="$1" '$1 == name {print $2}'; }
is_programmed() { [[ $(ask_lab exec h1 -- ip -o nexthop show proto 77 | wc -l) == "$1" ]]; }
# is_settled PEERS: nothing is in doubt any more: of each way it is known that it is up and carries packets of full size.
is_settled() {
  local before began
  [[ $(ask_lab ctl h1 -- status -o json | jq .paths.vxlan) == "$1" ]] || return 1
  before=$(metric overlay_path_probes_total) began=$(now_us)
  sleep 5
  awk -v sent="$(($(metric overlay_path_probes_total) - before))" -v took="$(($(now_us) - began))" -v peers="$1" \
    'BEGIN { usual = peers < 50 ? 2 * peers : 100; exit !(sent / took * 1e6 < 1.1 * usual) }'
}

# answer_for_all BLOCK UNDERLAY VTEP VNI PORT: of h1. Frames to the peers' VTEPs are taken whatever their addresses are.
answer_for_all() {
  ip -n "$LAB-net" -batch - <<END
addr add 198.18.0.1/32 dev lo
route add local 198.18.0.0/15 dev lo
route add local 10.0.0.0/8 dev lo
link add peers type vxlan id $4 dstport $5 local 198.18.0.1 nolearning
link set peers up
route add $1 dev peers
neigh add ${1%/*} lladdr $3 dev peers nud permanent
END
  bridge -n "$LAB-net" fdb append "$3" dev peers dst "$2"
  nsenter --net="/run/netns/$LAB-net" nft -f - <<'END'
table netdev peers { chain in { type filter hook ingress device peers priority 0; meta pkttype set host; }; }
END
}

# populated_host PEERS: h1, all of whose paths are up; how long its daemon took to program them is left in $started, in µs.
populated_host() {
  local status began
  lab up --hosts 1 -- --pool 10.0.0.0/8
  status=$(ask_lab ctl h1 -- status -o json)
  answer_for_all "$(ask_lab ctl h1 -- peers -o json | jq -r '.peers[] | select(.self) | .blocks[0]')" \
    "$(jq -r .node.underlay_address <<<"$status")" "$(jq -r .node.vtep_mac <<<"$status")" \
    "$(jq .cluster.vni <<<"$status")" "$(jq .cluster.vxlan_port <<<"$status")"
  lab kill h1
  "$bin/bench_populate" "$lab_dir/h1/state" "$1"
  began=$(now_us)
  lab restart h1
  wait_until 60 is_programmed "$1" || fail "the kernel was not programmed for $1 peers within a minute"
  # shellcheck disable=SC2034 # for the benches
  started=$(($(now_us) - began))
  wait_until 300 is_settled "$1" || fail "not all paths are up and at rest: $(ask_lab ctl h1 -- status -o json | jq -c .paths)"
}
