#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: what a runtime may ask of a network is had: several interfaces and networks, addresses and MACs by name, no
# masquerading, containers without IPv6, chained plugins; and the status tells when it cannot be had.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/lab/cni.sh
. "$(dirname "${BASH_SOURCE[0]}")/cni.sh"

# mac_of CONTAINER IFNAME
mac_of() { in_container "$1" ip -json link show "$2" | jq -r ".[0].address"; }
pings() { in_container "$1" ping -c 1 -W 2 -q "$2" >/dev/null; }
overlay_is_up() { lab exec h1 -- ip link show up dev overlay0 2>/dev/null | grep -q overlay0; }

# seen_outside ADDRESS: how many packets of that source have come to the world.
seen_outside() {
  nsenter --net="/run/netns/$LAB-net" nft --json list chain inet seen in \
    | jq "[.nftables[].rule? | select(. != null) | .expr | select(tostring | contains(\"$1\")) | .[].counter?.packets? // empty] | add // 0"
}
count_outside() {
  nsenter --net="/run/netns/$LAB-net" nft -f - <<END
table inet seen {
  chain in {
    type filter hook input priority 0;
    ip daddr 192.0.2.1 ip saddr $1 counter
  }
}
END
}

step "two hosts with both families"
lab up --hosts 2 --ipv6

step "the first packet after an ADD is answered, on this host and across, over both families"
for at in "h1 a" "h1 b" "h2 c"; do
  read -r host name <<<"$at"
  container "$name"
  must "$host" ADD "$name" eth0
  for family in 4 6; do declare "$name$family=$(address_in "$answer" "$family")"; done
done
# shellcheck disable=SC2154
: "$a4 $b4 $b6 $c4 $c6" # declared above
for target in "$b4" "$b6" "$c4" "$c6"; do expect "the first packet to $target" pings a "$target"; done

step "a delegate's second interface, in another network, of the same container"
arguments='IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=a' must h1 ADD a net1 '.name = "second"'
second=$(address_in "$answer")
expect_equal "what is routed through it" "10.32.0.0/12 fd32::/48" "$(jq -r '[.routes[].dst] | join(" ")' <<<"$answer")"
must h1 CHECK a net1 ".name = \"second\" | .prevResult = $answer"
expect "it is reached from the other host" in_container c ping -c 1 -W 2 -q "$second" >/dev/null
expect_equal "leases" "overlay/a/eth0 overlay/b/eth0 second/a/net1" "$(leases h1)"
must h1 DEL a net1 '.name = "second"'
expect "the first interface is as before" pings a "$b4"

step "an address and a MAC by name, in each way to say them"
block=$(ask h1 ipam '.blocks[] | select(.owner == "h1" and (.prefix | contains("."))) | .prefix')
base=${block%.*}
container d
must h1 ADD d eth0 ".runtimeConfig = {ips: [\"$base.77/24\"], mac: \"02:00:00:00:00:77\"}"
expect_equal "its address" "$base.77" "$(address_in "$answer")"
expect_equal "its MAC" 02:00:00:00:00:77 "$(mac_of d eth0)"
expect "it is reached" pings c "$base.77"
must_fail 103 h1 ADD a net1 ".args = {cni: {ips: [\"$base.77\"]}}"
must_fail 103 h1 ADD a net1 ".args = {cni: {ips: [\"$base.0\"]}}"
must_fail 103 h1 ADD a net1 '.args = {cni: {ips: ["10.47.255.1"]}}'
expect_equal "a refused ADD leases nothing" "overlay/a/eth0 overlay/b/eth0 overlay/d/eth0" "$(leases h1)"
must h1 DEL d eth0
arguments="IgnoreUnknown=1;IP=$base.77;MAC=02:00:00:00:00:78" must h1 ADD d eth0
expect_equal "an address that its owner asks for again" "$base.77 02:00:00:00:00:78" "$(address_in "$answer") $(mac_of d eth0)"
lab restart h1
must h1 CHECK d eth0 ".prevResult = $answer"
expect "the MAC asked for outlives a restart of overlayd" pings c "$base.77"

step "bandwidth, chained behind ours, shapes what goes to the container and comes from it"
if [[ -x /usr/lib/cni/bandwidth ]]; then
  container g
  must h1 ADD g eth0 '.cniVersion = "1.0.0"'
  rates='{ingressRate: 8000000, ingressBurst: 800000, egressRate: 8000000, egressBurst: 800000}'
  for command in ADD CHECK DEL; do
    env CNI_COMMAND=$command CNI_CONTAINERID=g CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni CNI_NETNS="/run/netns/$LAB-pod-g" \
      nsenter --net="/run/netns/$LAB-h1" /usr/lib/cni/bandwidth >/dev/null < <(
        jq --null-input "{cniVersion: \"1.0.0\", name: \"overlay\", type: \"bandwidth\", runtimeConfig: {bandwidth: $rates}, prevResult: $answer}"
      ) || broken "bandwidth does its $command of our result"
    [[ $command == DEL ]] || expect_equal "limits at $command" 2 "$(lab exec h1 -- tc qdisc show | grep -c 'qdisc tbf')"
    [[ $command == DEL ]] || expect "it is reached" pings g "$c4"
  done
  must h1 CHECK g eth0 ".cniVersion = \"1.0.0\" | .prevResult = $answer"
  must h1 DEL g eth0
else
  say "SKIPPED: no /usr/lib/cni/bandwidth here; the package containernetworking-plugins has it"
fi

step "a container without IPv6 has IPv4"
container e
in_container e sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
must h1 ADD e eth0
expect_equal "addresses" 1 "$(jq '.ips | length' <<<"$answer")"
expect "it reaches the other host" pings e "$c4"
must h1 CHECK e eth0 ".prevResult = $answer"

step "ipMasq: false keeps the pod's source, and only that pod's"
container f
must h1 ADD f eth0 '.ipMasq = false'
f4=$(address_in "$answer")
count_outside "$f4"
count_outside "$a4"
in_container f ping -c 1 -W 1 -q 192.0.2.1 >/dev/null || true # the world has no way back
expect "the others are masqueraded" pings a 192.0.2.1
expect_equal "packets outside from $f4" 1 "$(seen_outside "$f4")"
expect_equal "packets outside from $a4" 0 "$(seen_outside "$a4")"

step "STATUS: fine, 50 without overlayd, 51 where running containers have lost their bridge"
must h1 STATUS "" ""
lab kill h1
must_fail 50 h1 STATUS "" ""
lab exec h1 -- ip link del overlay0
must_fail 51 h1 STATUS "" ""
lab restart h1
eventually "the bridge is back" 10 overlay_is_up
must h1 STATUS "" ""
must_fail 1 h1 STATUS "" "" '.cniVersion = "1.0.0"'

step "CHECK of what was deleted: the container is unknown"
must h1 ADD a net2
result=$answer
must h1 DEL a net2 ".prevResult = $result"
container_dies a && container a
must_fail 3 h1 CHECK a net2 ".prevResult = $result"
say "every wish was granted or refused with its reason"
