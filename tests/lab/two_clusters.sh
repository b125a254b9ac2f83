#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: two clusters that meet refuse each other in one sentence that names both, and go on serving their own pods.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# log_names hN TEXT TEXT: one line of its log has both.
log_names() { lab logs "$1" | grep -F "$2" | grep -F "$3" >/dev/null; }
link_names() { ask "$1" links '.links[].error' 2>/dev/null | grep -F "$2" | grep -F "$3" >/dev/null; }

step "two hosts of one secret that each founded a cluster"
lab up --hosts 2 --idle
lab restart h1 -- --bootstrap
lab restart h2 -- --bootstrap
one=$(ask h1 status .cluster.id)
other=$(ask h2 status .cluster.id)
[[ $one != "$other" ]] || broken "both have the cluster id $one"
for pod in "h1 a" "h1 a2" "h2 b" "h2 b2"; do
  # shellcheck disable=SC2086 # two words
  lab pod add $pod
done

step "the second is told to join the first"
lab restart h2 -- --join 198.51.100.1
# Ids are shortened in sentences, never below 8 digits.
for host in h1 h2; do
  eventually "$host logs a refusal that names both clusters" 15 log_names "$host" "${one:0:8}" "${other:0:8}"
done
eventually "links of the host that dials show why" 15 link_names h2 "${one:0:8}" "${other:0:8}"

step "neither has changed, both serve their pods"
expect_equal "the cluster of h1" "$one" "$(ask h1 status .cluster.id)"
expect_equal "the cluster of h2" "$other" "$(ask h2 status .cluster.id)"
for host in h1 h2; do
  expect "$host is ready" holds "$host" status '.node.ready'
  expect "$host counts no peer" holds "$host" status '.peers == {known: 0, reachable: 0}'
done
expect "a reaches a2" reaches a "$(address_of a2)"
expect "b reaches b2" reaches b "$(address_of b2)"
lab pod add h2 b3
expect "b reaches the new b3" reaches b "$(address_of b3)"
