#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: one identity is lived by one machine, by a disk that knows all of it. Method: a host is given a copy of another's
# state directory; another's is rolled back under a running pod; a third is removed and comes back. All end ready, with
# distinct identities and addresses, and say what has happened and what to do.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

state_of_host() { printf '%s/state' "$lab_dir/$1"; }
id_of() { ask "$1" status .node.id; }
alarm_of() { ask "$1" status ".alarms[] | select(.name == \"$2\") | .text"; }
has_alarm() { [[ -n $(alarm_of "$1" "$2" 2>/dev/null) ]]; }
all_ready() { for host in h1 h2 h3 h4; do holds "$host" status '.node.ready and .peers.reachable == 3' || return 1; done; }
# put_state hN DIRECTORY: in the place of its own.
put_state() {
  rm -rf "$(state_of_host "$1")"
  cp -a "$2" "$(state_of_host "$1")"
}

step "four hosts, a pod on h2"
lab up --hosts 4
lab pod add h2 a
original=$(id_of h2)

step "h4 is started from a copy of h2's state directory, while h2 runs"
lab kill h4
cp -a "$(state_of_host h2)" "$scratch/copy"
put_state h4 "$scratch/copy"
lab restart h4
eventually "all see all" 60 all_ready
expect_equal "h2's identity" "$original" "$(id_of h2)"
[[ $(id_of h4) != "$original" ]] || broken "the copy has an identity of its own"
output=$(alarm_of h4 identity)
expect_says "the copy's alarm" "h4 has a new identity, for another node lives under the same identity"
expect_says "the copy's alarm names what is kept" "$(state_of_host h4)/{identity,state.log}.cloned-"
expect "the copied state is kept" test -e "$(echo "$(state_of_host h4)"/identity.cloned-*)"
lab pod add h4 b
all_pods_reach_all 4

step "h3's state directory is rolled back under a running pod"
cp -a "$(state_of_host h3)" "$scratch/older"
before=$(id_of h3)
lab pod add h3 c
taken=$(address_of c)
lab kill h3
put_state h3 "$scratch/older"
lab restart h3
eventually "all see all" 60 all_ready
expect_equal "h3's identity" "$before" "$(id_of h3)"
output=$(alarm_of h3 rolled-back)
expect_says "the alarm" "pods run on h3 that its state does not know"
expect_says "the cure" "start them anew"
for pod in d e f; do
  lab pod add h3 "$pod"
  [[ $(address_of "$pod") != "$taken" ]] || broken "the address of a pod that runs is not given out again"
done
lab pod del c
no_alarm() { ! has_alarm h3 rolled-back; }
eventually "the alarm goes with the pod" 60 no_alarm
all_pods_reach_all 4

step "nobody has what another has"
expect_equal "identities" 4 "$(for host in h1 h2 h3 h4; do id_of "$host"; done | sort -u | wc -l)"
expect_equal "owners of each block" "" "$(ask h1 ipam '.blocks[] | select(.state == "owned") | .prefix' | sort | uniq -d)"

step "h4 is removed and comes back"
# By its id: the host has had another one under this name.
id=$(id_of h4)
lab kill h4 -9
# A voter objects for as long as it reaches the node.
forgotten() { lab ctl h1 -- forget "${id:0:8}"; }
eventually "h4 is forgotten" 30 forgotten
lab restart h4
has_new_identity() { [[ -n $(alarm_of h4 identity) ]] && all_ready; }
eventually "h4 is back as a new node" 60 has_new_identity
output=$(alarm_of h4 identity)
expect_says "the alarm of the removed" "h4 has a new identity, for it was removed from the cluster by decree"
