#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: with a pool of each family every pod has an address of each, and both work everywhere.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

step "three hosts, pools of both families"
lab up --hosts 3 --ipv6
for pod in "h1 a" "h1 a2" "h2 b" "h3 c"; do
  # shellcheck disable=SC2086 # two words
  lab pod add $pod
done
expect "both pools are the cluster's" holds h1 status '.cluster.pools == ["10.32.0.0/12", "fd32::/48"]'
expect "a block of each family for each host" holds h1 peers \
  '.peers | all(.blocks | length == 2 and any(contains(":")) and any(contains(".")))'

step "every pod reaches every pod over both, and the world outside"
all_pods_reach_all 4
all_pods_reach_all 6
for pod in a b c; do expect "pod $pod reaches the world" reaches "$pod" 192.0.2.1 2001:db8::1; done

step "packets of full size pass over IPv6"
mtu=$(ask h1 status .node.mtu)
expect "a packet of $mtu bytes" full_size_passes a "$(address_of c 6)" "$mtu"

step "a deleted pod gives back both"
lab pod del a2
expect "its leases are gone" holds h1 ipam addresses '.addresses | length == 2'
