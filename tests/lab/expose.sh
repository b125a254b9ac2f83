#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a host gets one more address of each family, which everybody reaches and nobody else gets: not by a runtime's
# clean-up, a lost interface, a restart or somebody's `ip addr del` does it lose it, but by `overlayctl hide`.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/lab/cni.sh
. "$(dirname "${BASH_SOURCE[0]}")/cni.sh"

# exposed hN 4|6: as what, as its list of addresses tells.
exposed() {
  local sign=.
  [[ $2 == 4 ]] || sign=:
  ask "$1" ipam addresses "[.addresses[] | select(.network == \"(host)\") | .address | select(contains(\"$sign\"))] | join(\" \")"
}
# has hN ADDRESS: its bridge.
has() { [[ $(lab exec "$1" -- ip -o addr show dev overlay0) == *" $2/"* ]]; }
has_not() { ! has "$@"; }
host_reaches() { lab exec "$1" -- ping -c 1 -W 2 -q "$2" >/dev/null; }
all_reach() {
  local host pod address
  for address in "$@"; do
    for host in h1 h2 h3; do eventually "$host reaches $address" 10 host_reaches "$host" "$address"; done
    for pod in a b; do eventually "pod $pod reaches $address" 10 reaches "$pod" "$address"; done
  done
}

step "three hosts of both families, pods on two of them"
lab up --hosts 3 --ipv6
lab pod add h1 a
lab pod add h2 b

step "h1 is exposed, twice the same"
expect_exit "expose" 0 lab ctl h1 -- expose
say "   $output"
v4=$(exposed h1 4) v6=$(exposed h1 6)
expect_says "expose" "this host is exposed as $v4, $v6"
for address in $v4 $v6; do expect "its bridge has $address when it is said" has h1 "$address"; done
expect_exit "again" 0 lab ctl h1 -- expose
expect_says "the same" "$v4, $v6"
expect_equal "in JSON" "$v4 $v6" "$(ask h1 expose '.addresses | join(" ")')"
all_reach "$v4" "$v6"
expect "nothing is amiss" lab ctl h1 -- routes --diff

step "what cannot be had is refused, and says why"
expect_exit "another one" 1 lab ctl h1 -- expose 10.32.0.77
expect_says "the refusal" "h1 is exposed as $v4, $v6 already: 'overlayctl hide' takes that back first"
expect_exit "an address of h1's on h2" 1 lab ctl h2 -- expose 10.32.0.77
expect_says "the refusal" "10.32.0.77 lies in no address block of this host"
expect_exit "a pod's" 1 lab ctl h2 -- expose "$(address_of b)"
expect_says "the refusal" "$(address_of b) is leased to eth0 of container"
expect_exit "no address" 1 lab ctl h2 -- expose 10.32.0.999
say "   $output"
expect_equal "h2 is not exposed" "" "$(exposed h2 4)"
expect_exit "to hide what is not exposed" 1 lab ctl h1 -- hide 10.32.0.77
expect_says "the refusal" "h1 is not exposed as 10.32.0.77: it is as $v4, $v6"

step "no pod gets it, and neither a runtime's clean-up nor the look for lost pods takes it"
container c
arguments="IP=$v4" plugin h1 ADD c eth0
((code != 0)) || broken "a pod gets the host's address"
jq -e --arg words "$v4 is leased to overlay0" 'tostring | contains($words)' <<<"$answer" >/dev/null || broken "the reason: $answer"
container_dies c
collect h1 "$LAB-pod-a/eth0"
expect_equal "after GC" "$v4" "$(exposed h1 4)"
lab restart h1 -- --bootstrap --reap-after 1
container d
must h1 ADD d eth0
container_dies d
lost() { [[ $(leases h1) != */d/* ]]; }
eventually "a pod without an interface is given up" 30 lost

step "it is there after that restart, and put back when somebody deletes it"
expect_equal "after a restart" "$v4 $v6" "$(exposed h1 4) $(exposed h1 6)"
all_reach "$v4" "$v6"
lab exec h1 -- ip addr del "$v4/32" dev overlay0
eventually "it is back" 20 has h1 "$v4"
lab kill h1 -9
lab exec h1 -- ip addr del "$v4/32" dev overlay0
lab restart h1
eventually "it is back" 20 has h1 "$v4"
all_reach "$v4"

step "hidden, it is gone; then one that the operator chooses"
expect_exit "hide" 0 lab ctl h1 -- hide
expect_says "hide" "this host is no longer exposed as $v4, $v6"
expect "it is off when it is said" has_not h1 "$v4"
expect_exit "again" 0 lab ctl h1 -- hide
expect_says "again" "this host was not exposed"
expect_exit "one by name" 0 lab ctl h1 -- expose 10.32.0.77
expect_says "it" "this host is exposed as 10.32.0.77, "
all_reach 10.32.0.77
expect_exit "hide" 0 lab ctl h1 -- hide 10.32.0.77
expect_equal "nothing is exposed" "" "$(exposed h1 4)$(exposed h1 6)"
all_pods_reach_all 4
all_pods_reach_all 6
