#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a daemon that starts takes over what it finds: leftovers of a member that went meanwhile stay until the first
# full exchange with another node, and not longer; a device with another VNI or port is made anew. Method: do it to h2
# while its overlayd is down.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

on() { nsenter --net="/run/netns/$LAB-h2" "$@"; }
# traces ADDRESS: how much of a peer is in h2's kernel.
traces() {
  {
    on bridge fdb show dev overlay.vx | grep "dst $1 "
    on ip route show proto 77 | grep "$block"
    on nft list set inet overlay members | grep -F "$1"
  } | wc -l
}
is_swept() { [[ $(traces "$gone") == 0 ]]; }
# is_remade WHAT: overlay.vx is the cluster's again.
is_remade() { on ip -d link show overlay.vx | grep -q " id $vni .* dstport $port "; }

step "three hosts, a pod on two"
lab up --hosts 3 -- --direct-routes off
lab pod add h1 a
lab pod add h2 b
gone=$(underlay_address h3)
own=$(underlay_address h2)
block=$(ask h3 peers '[.peers[] | select(.self)][0].blocks[0]')
expect_equal "what h2 has of h3: FDB entry, route, member" 3 "$(traces "$gone")"

step "h3 goes for good while h2 is down"
lab kill h2 -9
lab kill h3 -9
eventually "h1 misses h3" 20 holds h1 peers '[.peers[] | select(.name == "h3")][0].state == "unreachable"'
expect "h1 forgets it" lab ctl h1 -- forget h3

step "cut off, h2 keeps what it cannot judge"
lab cut h1 h2
lab restart h2 >/dev/null & # it waits until h2 is ready, which takes a voter
restarting=$!
looked() { lab exec h2 -- curl --silent --fail 127.0.0.1:6782/metrics 2>/dev/null | grep -q '^overlay_kernel_pass_seconds_count [1-9]'; }
eventually "h2 has looked at its kernel" 20 looked
expect_equal "what h2 still has of h3" 3 "$(traces "$gone")"

step "in touch again, it sweeps"
began=$(now_us)
lab heal
wait "$restarting" || broken "h2 is ready again"
eventually "nothing of h3 is left" 60 is_swept
printf '%6d ms  from the heal until the leftovers are swept\n' $((($(now_us) - began) / 1000))
expect "pods reach each other" reaches b "$(address_of a)"

step "a device of ours with another VNI or port is made anew"
vni=$(on ip -j -d link show overlay.vx | jq '.[0].linkinfo.info_data.id')
port=$(on ip -j -d link show overlay.vx | jq '.[0].linkinfo.info_data.port')
alias=$(on ip -j link show overlay.vx | jq -r ".[0].ifalias")
for other in "$((vni + 1)) $port" "$vni $((port + 1))"; do
  read -r other_vni other_port <<<"$other"
  lab kill h2 -9
  on ip link del overlay.vx
  on ip link add overlay.vx type vxlan id "$other_vni" dstport "$other_port" local "$own" nolearning
  on ip link set overlay.vx alias "$alias" up
  began=$(now_us)
  lab restart h2
  eventually "overlay.vx is the cluster's" 10 is_remade
  eventually "pods reach each other" 10 reaches b "$(address_of a)"
  printf '%6d ms  from the start over a device of VNI %d, port %d until pods reach each other\n' \
    $((($(now_us) - began) / 1000)) "$other_vni" "$other_port"
done
