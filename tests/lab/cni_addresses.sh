#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: no address is leaked or doubled, whatever befalls runtime, plugin, daemon or host between ADD and DEL.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/lab/cni.sh
. "$(dirname "${BASH_SOURCE[0]}")/cni.sh"

step "one host; the address of a pod whose interface is gone is free after 2 s"
lab up --hosts 1 -- --reap-after 2

step "an ADD repeated is refused and changes nothing"
container a
must h1 ADD a eth0
result=$answer
first=$(address_in "$result")
must_fail 104 h1 ADD a eth0
expect_equal "leases" "overlay/a/eth0" "$(leases h1)"
must h1 CHECK a eth0 ". + {prevResult: $result}"

step "DEL works without a namespace, with one that is gone, and again"
netns='' must h1 DEL a eth0
nothing_left h1
netns=/run/netns/never must h1 DEL a eth0
container_dies a

step "an address rests before somebody else gets it"
container b
must h1 ADD b eth0
[[ $(address_in "$answer") != "$first" ]] || broken "$first was leased again at once"

step "DEL while overlayd is down is remembered, and done before the next ADD"
lab kill h1 -9
must h1 DEL b eth0
expect_equal "interfaces of h1" 0 "$(ports h1)"
must_fail 11 h1 ADD b eth0
lab restart h1
nothing_left h1

step "a result that was lost: the runtime sends a DEL"
must h1 ADD b eth0
must h1 DEL b eth0
nothing_left h1

step "a runtime that forgot a container: GC removes its interface and lease, and leaves the others alone"
container c
must h1 ADD b eth0
must h1 ADD b net1
must h1 ADD c eth0 '.name = "other"'
collect h1 b/eth0
expect_equal "leases" "other/c/eth0 overlay/b/eth0" "$(leases h1)"
expect_equal "interfaces of h1" 2 "$(ports h1)"
collect h1
expect_equal "leases" "other/c/eth0" "$(leases h1)"
must h1 DEL c eth0 '.name = "other"'
nothing_left h1

step "containers that die without a DEL: their addresses are free when their interfaces have been gone for a while"
must h1 ADD b eth0
must h1 ADD c eth0
result=$answer
container_dies b
eventually "the lease of b is reaped, that of c is not" 20 has_leases h1 overlay/c/eth0
must h1 CHECK c eth0 ". + {prevResult: $result}"
must h1 DEL c eth0

step "a reboot: all namespaces and devices are gone, the disk stays"
container d
must h1 ADD c eth0
must h1 ADD d eth0
kept=$(address_in "$answer")
lab kill h1 -9
container_dies c
container_dies d
lab exec h1 -- ip link del overlay0
lab exec h1 -- ip link del overlay.vx
lab restart h1 -- --reap-after 600
container d
must h1 ADD d eth0
expect_equal "the address of a container that its runtime starts again" "$kept" "$(address_in "$answer")"
lab restart h1 -- --reap-after 2
eventually "the lease of the other one is reaped" 20 has_leases h1 overlay/d/eth0
must h1 DEL d eth0
nothing_left h1
say "no address was leaked or doubled"
