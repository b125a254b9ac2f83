#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: the main job. Three hosts, pods on each, every way between them; and the answers have the shapes promised.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

step "three hosts, pods on each, two on the first"
lab up --hosts 3
for pod in "h1 a" "h1 a2" "h2 b" "h3 c"; do
  # shellcheck disable=SC2086 # two words
  lab pod add $pod
done

step "every pod reaches every pod, itself and the world outside"
all_pods_reach_all 4
for pod in a a2 b c; do expect "pod $pod reaches 192.0.2.1" reaches "$pod" 192.0.2.1; done

step "every host reaches every pod"
for host in h1 h2 h3; do
  for pod in a a2 b c; do
    expect "$host reaches pod $pod" lab exec "$host" -- ping -c 1 -W 2 -q "$(address_of "$pod")" >/dev/null
  done
done

step "pods see each other's own addresses, and packets of full size pass unfragmented"
mtu=$(ask h1 status .node.mtu)
expect "a packet of $mtu bytes passes" full_size_passes a "$(address_of c)" "$mtu"
expect_exit "one byte more is too long" 1 full_size_passes a "$(address_of c)" $((mtu + 1))
expect_equal "the MTU leaves 50 bytes for VXLAN over IPv4" 1450 "$mtu"

eventually "neighbours do without VXLAN" 20 holds h1 status '.paths.direct == 2'

step "status, peers, paths, links, ipam have the shapes of the contract"
shape='def text: type == "string"; def count: type == "number"; def texts: type == "array" and all(text);'
expect "status" holds h1 status "$shape"'
  (.node | (.name == "h1") and (.id | test("^[0-9a-f]{32}$")) and (.version | text) and .ready == true
           and .waiting_for == [] and .underlay_address == "198.51.100.1"
           and (.vtep_mac | test("^([0-9a-f]{2}:){5}[0-9a-f]{2}$")))
  and (.cluster | (.id | test("^[0-9a-f]{32}$")) and .pools == ["10.32.0.0/12"] and (.voters | texts and length >= 1)
           and .encryption == "none" and .authenticated == true)
  and .peers == {known: 2, reachable: 2}
  and (.ipam | .blocks == 1 and .addresses == 2 and .capacity == 255)
  and (.paths | .vxlan == 0 and .direct == 2 and .wireguard == 0 and .relay == 0 and .down == 0)
  and .alarms == []'
expect "peers" holds h1 peers "$shape"'
  (.peers | map(.name)) == ["h1", "h2", "h3"]
  and (.peers | map(.self)) == [true, false, false]
  and (.peers | all(.state == "reachable" and (.id | text) and (.zone | text) and (.version | text)
           and (.underlay_addresses | texts and length == 1) and (.blocks | texts and length == 1)))
  and (.peers | map(select(.self | not) | .path) | all(.kind == "direct" and .state == "up" and (.reason | text)
           and (.rtt_seconds | count) and (.loss | count) and (.mtu | count)))'
expect "paths" holds h1 paths "$shape"'
  (.paths | map(.peer)) == ["h2", "h3"]
  and (.paths | all(.kind == "direct" and .relay == "" and .state == "up" and .reason == "" and .mtu == 1450
           and .rtt_seconds > 0 and (.loss | count) and (.since | text)))'
expect "links" holds h1 links "$shape"'
  (.links | map(.peer)) == ["h2", "h3"]
  and (.links | all((.address | text) and (.outbound | type == "boolean") and .state == "established"
           and (.since | fromdateiso8601? // (.[0:19] + "Z" | fromdateiso8601) | count) and .error == ""
           and .rx_bytes > 0 and .tx_bytes > 0))'
expect "ipam" holds h1 ipam "$shape"'
  (.pools | length == 1 and .[0].prefix == "10.32.0.0/12" and .[0].blocks == 4096 and .[0].free_blocks == 4093)
  and (.blocks | map(select(.state == "owned") | .owner) | sort) == ["h1", "h2", "h3"]
  and (.blocks | map(select(.owner == "h1")) | .[0].addresses == 2 and .[0].capacity == 255
           and (.[0].epoch | (.term | count) and (.seq | count)))'
expect "ipam addresses" holds h1 ipam addresses '
  (.addresses | map(.address) | length) == 2 and (.addresses | all(.interface == "eth0" and .network == "overlay"))'
expect "routes: nothing differs" holds h1 routes '(.objects | length > 0) and (.objects | all(.state == "ok"))'

step "all hosts tell the same of the cluster"
for what in 'status .cluster' 'ipam .blocks|map({prefix,owner,epoch,state})' 'peers .peers|map({name,id,blocks})'; do
  answers=$(for host in h1 h2 h3; do ask "$host" "${what%% *}" "${what#* } | tostring"; done | sort -u)
  expect_equal "one answer to $what" 1 "$(wc -l <<<"$answers")"
done

step "curl on the socket gets what overlayctl prints"
moving='del(.. | .rtt_seconds?, .rx_bytes?, .tx_bytes?, .loss?, .probes?)'
for path in status peers paths links ipam ipam/addresses routes version; do
  by_curl=$(curl -sS --fail --unix-socket "$lab_dir/h1/run/overlayd.sock" "http://overlay/v1/$path" | jq -S "$moving")
  # shellcheck disable=SC2086 # ipam addresses is two words
  by_ctl=$(ask h1 ${path//\// } "$moving" | jq -S .)
  expect_equal "/v1/$path" "$by_ctl" "$by_curl"
done

step "exit codes"
expect_exit "status of a healthy node" 0 lab ctl h1 -- status
expect_exit "a peer count not reached" 1 lab ctl h1 -- wait --for peers=9 --timeout 1s
expect_says "what is missing" 9
expect_exit "an unknown command" 2 lab ctl h1 -- frobnicate
expect_exit "a condition that does not exist" 2 lab ctl h1 -- wait --for lunch --timeout 1s
expect_exit "no daemon" 3 "$bin/overlayctl" --socket "$scratch/none.sock" status
expect_says "which socket" "$scratch/none.sock"

step "a deleted pod is gone, and its address is not given out at once"
gone=$(address_of a2)
lab pod del a2
expect_exit "the deleted pod does not answer" 1 lab pod exec c -- ping -c 1 -W 1 -q "$gone"
lab pod add h1 a3
[[ $(address_of a3) != "$gone" ]] || broken "$gone was given out again at once"
expect "its lease is gone" holds h1 status '.ipam.addresses == 2'

step "metrics and health"
metrics=$(lab exec h1 -- curl -sS --fail http://127.0.0.1:6782/metrics)
expect "the metrics have our prefix" grep -q '^overlay_' <<<"$metrics"
expect "/healthz" lab exec h1 -- curl -sS --fail -o /dev/null http://127.0.0.1:6782/healthz
expect "/readyz" lab exec h1 -- curl -sS --fail -o /dev/null http://127.0.0.1:6782/readyz
