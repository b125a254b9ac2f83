#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: who is no member gets no VXLAN packet in; and where another firewall of the host drops the overlay's packets,
# an alarm names its chain and the cure, or --open-forward opens it by one rule and teardown takes that back.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

on() { nsenter --net="/run/netns/$LAB-h1" "$@"; }
alarms() { ask h1 status "[.alarms[] | select(.name == \"$1\").text] | join(\"\")"; }
says() { [[ $(alarms "$1") == *"$2"* ]]; }
is_quiet() { [[ -z $(alarms "$1") ]]; }
cannot_reach() { ! reaches "$@"; }

step "three hosts, a pod on two"
lab up --hosts 3 -- --direct-routes off
lab pod add h1 a
lab pod add h2 b
all_pods_reach_all 4

step "VXLAN of who is no member is dropped, and VXLAN of members is not tracked"
# h3 leaves the cluster, and then sends what h2 would: a ping into a's host, in VXLAN, by a device of its own.
lab kill h3 -9
eventually "h1 misses it" 20 holds h1 peers '[.peers[] | select(.name == "h3")][0].state == "unreachable"'
expect "it is forgotten" lab ctl h1 -- forget h3
stranger=$(host=h3 && echo 198.51.100.3)
not_a_member() { ! on nft list set inet overlay members | grep -qF "$stranger"; }
eventually "it is no member" 20 not_a_member
forge() { # forge: 5 frames to h1's VTEP, from the stranger, through a device like ours
  nsenter --net="/run/netns/$LAB-h3" sh -e <<END
ip link del overlay.vx 2>/dev/null || true
ip link add forged address 02:00:00:00:00:03 type vxlan id $vni dstport 4789 local $stranger nolearning
ip link set forged up
ip addr add 10.32.200.1/32 dev forged
ip route add $(address_of a)/32 dev forged
ip neigh add $(address_of a) lladdr $mac dev forged nud permanent
bridge fdb append $mac dev forged dst $(underlay_address h1)
ping -c 5 -i 0.05 -W 1 -q $(address_of a) >/dev/null || true
END
}
vni=$(on ip -j -d link show overlay.vx | jq '.[0].linkinfo.info_data.id')
mac=$(on ip -j link show overlay.vx | jq -r '.[0].address')
# What comes out of the tunnel, members' own chatter left aside.
on nft -f - <<'END'
table inet lab_seen { chain in { type filter hook prerouting priority -300; ip saddr 10.32.200.1 counter; }; }
END
came_through() { on nft -j list table inet lab_seen | jq '[.. | .counter? | objects | .packets] | add'; }
heard() { on ip -j -s link show eth0 | jq '.[0].stats64.rx.packets'; }
came=$(heard)
forge
expect "its packets came to h1" test "$(heard)" -ge $((came + 5))
expect_equal "packets of the stranger's out of overlay.vx" 0 "$(came_through)"
on nft delete table inet lab_seen
on nft add table inet seen
on nft add chain inet seen in '{ type filter hook input priority 0; }'
on nft add rule inet seen in udp dport 4789 ct state untracked counter
expect "a ping" reaches a "$(address_of b)"
expect "VXLAN came in untracked" grep -qE 'packets [1-9]' <(on nft list chain inet seen in)
on nft delete table inet seen

step "a FORWARD policy of DROP, as Docker sets it, is named"
on iptables-nft -N DOCKER
on iptables-nft -P FORWARD DROP
eventually "an alarm" 10 says forward-dropped "chain FORWARD of table ip filter (Docker) drops"
expect "it names the cure" says forward-dropped "--open-forward"
expect "and it is so" cannot_reach a "$(address_of b)"
on iptables-nft -I FORWARD -i overlay0 -j ACCEPT
on iptables-nft -I FORWARD -o overlay0 -j ACCEPT
eventually "no alarm where its rules know overlay0" 10 is_quiet forward-dropped
expect "pods reach each other" reaches a "$(address_of b)"
on iptables-nft -F FORWARD
eventually "an alarm again" 10 says forward-dropped "chain FORWARD of table ip filter"

step "rules that let the pool pass by its addresses are understood, those that drop it are none"
for tool in iptables-nft iptables-legacy; do
  [[ $tool == iptables-nft ]] || on iptables-legacy -P FORWARD DROP 2>/dev/null || continue
  [[ $tool == iptables-nft ]] || on iptables-nft -P FORWARD ACCEPT
  on "$tool" -A FORWARD -s 10.32.0.0/12 -j DROP
  on nft add table inet wake && on nft delete table inet wake # legacy rules come without news
  eventually "an alarm all the same, of $tool" 40 says forward-dropped "chain FORWARD of table ip filter"
  on "$tool" -I FORWARD -s 10.32.0.0/12 -d 10.32.0.0/12 -j ACCEPT
  on nft add table inet wake && on nft delete table inet wake
  eventually "no alarm where $tool accepts the pool" 40 is_quiet forward-dropped
  expect "and it is so" reaches a "$(address_of b)"
  on "$tool" -F FORWARD
  [[ $tool == iptables-nft ]] || on iptables-legacy -P FORWARD ACCEPT
done
on iptables-nft -P FORWARD DROP
eventually "an alarm again" 10 says forward-dropped "chain FORWARD of table ip filter"

step "a set of addresses that holds the pool is understood"
on nft add set ip filter sites '{ type ipv4_addr; flags interval; elements = { 10.32.0.0/13, 10.40.0.0/13 }; }'
on nft add rule ip filter FORWARD ip saddr @sites ip daddr @sites accept
eventually "no alarm" 40 is_quiet forward-dropped
expect "and it is so" reaches a "$(address_of b)"
on nft flush chain ip filter FORWARD
on nft delete set ip filter sites
eventually "an alarm again" 10 says forward-dropped "chain FORWARD of table ip filter"

step "--open-forward puts one rule there, with a comment, and puts it back"
lab restart h1 -- --bootstrap --direct-routes off --open-forward
has_our_rule() { [[ $(on nft list chain ip filter FORWARD | grep -c 'comment "overlayd --open-forward"') == 1 ]]; }
eventually "the rule" 10 has_our_rule
eventually "no alarm" 10 is_quiet forward-dropped
expect "pods reach each other" reaches a "$(address_of b)"
expect "iptables shows it" grep -q "overlayd --open-forward" <(on iptables-nft -S FORWARD)
on iptables-nft -F FORWARD
eventually "it is back after a flush" 10 has_our_rule

step "without the flag it is taken back"
lab restart h1 -- --bootstrap --direct-routes off
has_none() { ! on nft list ruleset | grep -qiE 'open-forward|OVERLAY-FORWARD'; }
eventually "no rule and no chain of ours" 10 has_none
lab restart h1 -- --bootstrap --direct-routes off --open-forward
eventually "the rule again" 10 has_our_rule

step "an INPUT policy of DROP is named when nothing comes in"
on iptables-nft -A INPUT -p tcp -j ACCEPT
on iptables-nft -A INPUT -p icmp -j ACCEPT
on iptables-nft -P INPUT DROP
eventually "an alarm" 40 says vxlan-dropped "iptables -I INPUT -p udp --dport 4789 -j ACCEPT"
on iptables-nft -I INPUT -p udp --dport 4789 -j ACCEPT
eventually "no alarm where its rules know the port" 10 is_quiet vxlan-dropped
expect "pods reach each other" reaches a "$(address_of b)"

step "firewalld's table is named with its own commands"
on iptables-nft -P FORWARD ACCEPT # or the alarm names both, with another cure
on nft -f - <<'END'
table inet firewalld {
  chain filter_FORWARD {
    type filter hook forward priority 10; policy accept;
    ct state established accept
  }
}
END
lab restart h1 -- --bootstrap --direct-routes off
eventually "an alarm" 10 says forward-dropped "firewall-cmd --permanent --zone=trusted --add-interface=overlay0"
on nft delete table inet firewalld

step "legacy iptables is named too"
eventually "no alarm" 10 is_quiet forward-dropped
if on iptables-legacy -P FORWARD DROP 2>/dev/null; then
  on nft add table inet wake # the kernel tells of nothing that iptables-legacy does; this makes overlayd look
  eventually "an alarm" 40 says forward-dropped "(legacy iptables) drops"
  on iptables-legacy -P FORWARD ACCEPT
  on nft delete table inet wake
  eventually "no alarm" 40 is_quiet forward-dropped
else
  say "SKIPPED: this kernel has no legacy iptables"
fi

step "teardown takes the rule away"
on iptables-nft -P FORWARD DROP
lab restart h1 -- --bootstrap --direct-routes off --open-forward
eventually "the rule" 10 has_our_rule
expect "teardown" lab ctl h1 -- teardown
eventually "no rule and no chain of ours" 10 has_none
expect "Docker's chain is as it was" grep -q -- "-P FORWARD DROP" <(on iptables-nft -S FORWARD)
