# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Networks as they are: the underlay loses, delays, reorders and duplicates, by netem of Debian's kernel; or one of its
# routers drops large packets. Sourced by tools/vm-test; the walk has made the cluster.

# asked hN COMMAND FILTER: what jq makes of overlayctl's JSON there. Degraded answers (exit 1) are answers.
asked() { { on "$1" overlayctl "$2" -o json || true; } | jq -r "$3"; }
shows() { [[ $(asked "$@") == true ]]; }
reaches_all() { shows "$1" links '[.links[] | select(.state == "established")] | length == 2'; }

# sessions: which there are, and since when.
sessions() { for host in "${hosts[@]}"; do asked "$host" links '[.links[] | select(.state == "established") | [.peer, .since]] | sort | tostring'; done; }

# kept SESSIONS: they are, still. An emulated machine stands still for seconds by itself, and a session lives by being
# heard every four: there it is enough that all are established, and it is said if they are others.
kept() {
  local host
  if [[ $accelerator != tcg ]]; then expect_equal "sessions, and since when" "$1" "$(sessions)" && return; fi
  [[ $1 == "$(sessions)" ]] || say "   NOT JUDGED: sessions are others than before, on machines that are emulated"
  for host in "${hosts[@]}"; do eventually "$host has a session with each other" 60 reaches_all "$host"; done
}

disturb() {
  local host
  for host in "${hosts[@]}"; do on "$host" tc qdisc replace dev eth0 root netem delay 30ms 10ms loss 5% duplicate 1%; done
}
calm() {
  local host
  for host in "${hosts[@]}"; do on "$host" tc qdisc del dev eth0 root; done
}

# pings_of hN COUNT: how many from the pod of h1 to that one were answered, at ten a second.
pings_of() { on h1 ip netns exec pod ping -n -i 0.1 -c "$2" -W 5 -q "$(pod_of "$1")" | awk '/packets transmitted/ {print $4}'; }

# most_pings_pass: one in twenty is lost on the way there, and one on the way back.
most_pings_pass() {
  local host answered
  for host in h2 h3; do
    answered=$(pings_of "$host" 300)
    say "   of 300 pings to the pod of $host $answered were answered"
    expect "most of them" test "$answered" -gt 240
  done
}

step_faults() {
  local before
  on h3 ip netns add pod
  on h3 overlayctl attach pod
  before=$(sessions)
  disturbed
  kept "$before"
  black_hole
}

disturbed() {
  local host
  step "netem: 30 ms and 10 ms of jitter, which reorders; 5 % lost; 1 % twice"
  disturb
  for host in h2 h3; do
    eventually "h1 shows loss and delay of the path to $host" 60 \
      shows h1 paths ".paths | any(.peer == \"$host\" and .loss > 0 and .rtt_seconds > 0.05)"
  done
  on h1 overlayctl paths
  most_pings_pass
  calm
  eventually "paths forget the loss" 60 shows h1 paths '.paths | all(.loss == 0)'
}

# The lost ones are larger than 1400 bytes outside, so 1350 inside.
black_hole() {
  step "a router drops what is larger than 1400 bytes, and says nothing"
  in_ns "$LAB-net" nft -f - <<END
table inet hole {
  chain forward {
    type filter hook forward priority 0;
    udp dport 4789 ip length > 1400 drop
  }
}
END
  eventually "h1 knows that 1350 bytes pass to h2" 60 shows h1 paths '.paths | any(.peer == "h2" and .mtu == 1350)'
  eventually "an alarm names it" 30 shows h1 status '.alarms | any(.name == "black-hole")'
  on h1 overlayctl status || true
  expect "what may be cut into pieces gets through" on h1 ip netns exec pod ping -c 3 -W 5 -q -s 1400 -M dont "$(pod_of h2)"
  in_ns "$LAB-net" nft delete table inet hole
  eventually "it is forgotten when the way is mended" 60 shows h1 status '.alarms == []'
}
