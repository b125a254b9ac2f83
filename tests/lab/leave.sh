#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a host is drained, and a voter leaves for good, while the pods of others lose nothing: no new pod is taken, its
# blocks come back, another host votes in its place, its kernel is clean, and it joins again as a new one.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

together=(--bootstrap-expect 3 --join 198.51.100.1 --join 198.51.100.2 --join 198.51.100.3)
clean_up() { kill "${pings:-}" 2>/dev/null || true; }
pings_reach() { grep -q "icmp_seq=$1 " "$scratch/pings"; }
sees_others() { holds "$1" status '.peers | .known == .reachable and .known == 3'; }
stopped() { grep -qE "^$1 .* stopped " <<<"$(lab status)"; }
# owns hA hB: as hA sees it, blocks are hB's.
owns() { holds "$1" ipam "[.blocks[] | select(.owner == \"$2\" and .state == \"owned\")] | length > 0"; }

step "three voters and a fourth host; pods on three of them"
lab up --hosts 4 --idle
for host in h1 h2 h3; do lab restart "$host" -- "${together[@]}" & done
wait
lab restart h4 -- --join 198.51.100.1 --join 198.51.100.2
for host in h1 h2 h3 h4; do eventually "$host sees the others" 30 sees_others "$host"; done
expect_equal "voters" "h1 h2 h3" "$(ask h4 status '.cluster.voters | sort | join(" ")')"
lab pod add h1 a
lab pod add h3 b
lab pod add h2 c

step "drained, h2 takes no new pod, keeps the one it has, and says so; also after a restart"
expect_exit "drain" 0 lab ctl h2 -- drain
expect_says "drain names what goes on" "these go on"
lab kill h2
lab restart h2 >/dev/null 2>&1 && broken "a drained host counts as ready"
expect_exit "status" 1 lab ctl h2 -- status
expect_says "status" "h2 is drained and takes no new pods; 'overlayctl undrain' ends that"
expect_exit "a new pod" 1 lab pod add h2 d
expect_says "CNI error" "'overlayctl undrain' ends that"
expect "the old pod goes on" reaches c "$(address_of a)"
expect_exit "undrain" 0 lab ctl h2 -- undrain
expect "it is ready" lab ctl h2 -- wait --for ready --timeout "$((30 * patience))s"
lab pod add h2 d
expect "a new pod works" reaches d "$(address_of a)"

step "with pods it does not leave, and names them, but not its own address"
expect_exit "expose" 0 lab ctl h2 -- expose
expect_exit "leave" 1 lab ctl h2 -- leave
expect_says "leave" "2 pods run on h2"
expect_says "leave" "--force"
expect_exit "what it would do" 0 lab ctl h2 -- leave --force --dry-run
expect_says "what it would do" "the voters then being"
say "   $output"
lab pod del c
lab pod del d

step "h2, a voter, leaves while pods of h1 and h3 ping each other every 5 ms"
id=$(ask h2 status .node.id)
: >"$scratch/pings"
nsenter --net="/run/netns/$LAB-pod-a" stdbuf -oL ping -n -i 0.005 "$(address_of b)" >"$scratch/pings" &
pings=$!
eventually "the pings pass" 30 pings_reach 50
expect_exit "leave" 0 lab ctl h2 -- leave --timeout "$((180 * patience))s"
say "$output"
expect_says "leave" "h2 has left the cluster"
eventually "its daemon has ended" 10 stopped h2
eventually "pings go on" 10 pings_reach $(($(wc -l <"$scratch/pings") + 50))
kill -INT "$pings"
wait "$pings" || true
expect_equal "replies, and the last one's number" \
  "$(awk -F'icmp_seq=' '/icmp_seq=/ {print $2 + 0, $2 + 0}' "$scratch/pings" | tail -n 1)" \
  "$(awk -F'icmp_seq=' '/icmp_seq=/ {n++; last = $2 + 0} END {print n, last}' "$scratch/pings")"

step "the others know nothing of it any more"
for host in h1 h3 h4; do
  eventually "$host has other voters" 10 holds "$host" status '.cluster.voters | sort == ["h1", "h3", "h4"]'
  eventually "$host knows no h2" 10 holds "$host" peers 'all(.peers[]; .name != "h2")'
  expect_equal "blocks of h2, as $host sees them" "" "$(ask "$host" ipam '[.blocks[] | select(.owner == "h2" or .state == "quarantine")] | .[].prefix')"
done
lab exec h2 -- ip -br link | grep -q overlay && broken "a device of the overlay is left on h2"
expect_equal "routes of h2" "" "$(lab exec h2 -- ip route show proto 77)"

step "its daemon does not start again from that state, and says the cure"
lab restart h2 >"$scratch/restart" 2>&1 && broken "it starts from a state that has left"
lab logs h2 >"$scratch/log"
expect "the sentence" grep -q "has left cluster .* remove identity and state.log from the state directory first" "$scratch/log"

step "with an empty state it joins again, as another, and is as good as any"
rm "$lab_dir/h2/state/identity" "$lab_dir/h2/state/state.log"
lab restart h2 -- --join 198.51.100.1
for host in h1 h2 h3 h4; do eventually "$host sees the others" 30 sees_others "$host"; done
[[ $(ask h2 status .node.id) != "$id" ]] || broken "it has its old identity"
eventually "h1 sees a block of h2" 10 owns h1 h2
lab pod add h2 e
all_pods_reach_all 4
