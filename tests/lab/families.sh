#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: pools of IPv4, of IPv6 and of both work over an underlay of either family, and hosts that have no IPv4 at all
# do. Method: each of the six, with a pod on each of two hosts.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

pool4=10.32.0.0/12
pool6=fd32::/48

# combination UNDERLAY POOLS: "6" "46".
combination() {
  local underlay=$1 pools=$2 flags=() hosts=() family
  [[ $pools != *4* ]] || flags+=(--pool "$pool4")
  [[ $pools != *6* ]] || flags+=(--pool "$pool6")
  [[ $underlay == 4 ]] || hosts+=(--ipv6-only)
  step "pools of IPv${pools/46/4 and IPv6} over an underlay of IPv$underlay"
  lab up --hosts 2 "${hosts[@]}" -- "${flags[@]}"
  expect_equal "addresses of the underlay's family" "$underlay" "$([[ $(underlay_address h1) == *:* ]] && echo 6 || echo 4)"
  lab pod add h1 a
  lab pod add h2 b
  for family in 4 6; do
    [[ $pools == *"$family"* ]] || continue
    all_pods_reach_all "$family"
    expect "a packet of full size" full_size_passes a "$(address_of b "$family")" "$(ask h1 status .node.mtu)"
  done
  expect_equal "addresses of a pod" "${#pools}" "$(jq '.ips | length' "$lab_dir/pods/a/result.json")"
  lab down
}

for underlay in 4 6; do
  for pools in 4 6 46; do combination "$underlay" "$pools"; done
done
