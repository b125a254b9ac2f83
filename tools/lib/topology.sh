# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The lab's underlay: hosts as network namespaces, and the network between them in one more. All addresses are of the
# documentation ranges (RFC 5737, RFC 3849), so they never clash with a pool. Sourced by tools/lab.
#
# Names: the namespaces are $LAB-net, $LAB-hN and $LAB-pod-NAME; what is known of a host is in $lab_dir/hN, of a pod in
# $lab_dir/pods/NAME. A function per name would cost a process each time it is said.

host_names() { seq -f 'h%g' "$(<"$lab_dir/hosts")"; }
in_ns() { nsenter --net="/run/netns/$1" "${@:2}"; }
ns_exists() { [[ -e /run/netns/$1 ]]; }

# site_of hN: the bridge it hangs on. With the routed underlay odd hosts are in dc1, even ones in dc2.
site_of() {
  [[ $(<"$lab_dir/underlay") == routed ]] || { printf 'lan'; return; }
  printf 'dc%d' $((${1#h} % 2 == 1 ? 1 : 2))
}

site_prefix() {
  case $1 in
    lan | dc1) printf '198.51.100' ;;
    dc2) printf '203.0.113' ;;
  esac
}

site_prefix6() {
  case $1 in
    lan | dc1) printf '2001:db8:1:' ;;
    dc2) printf '2001:db8:2:' ;;
  esac
}

host_address() { printf '%s.%d' "$(site_prefix "$(site_of "$1")")" "${1#h}"; }
host_address6() { printf '%s:%d' "$(site_prefix6 "$(site_of "$1")")" "${1#h}"; }

# underlay_of hN: the address that overlayd finds by itself.
underlay_of() { if [[ -e $lab_dir/ipv4 ]]; then host_address "$1"; else host_address6 "$1"; fi; }

link_is_up() { [[ $(ip -n "$1" -br link show "$2" 2>/dev/null) == *" UP "* ]]; }

# The network between the hosts: one bridge per site, a router's address on each, and a world outside (192.0.2.1).
make_net() {
  local ns site mtu
  ns=$LAB-net
  mtu=$(<"$lab_dir/mtu")
  ip netns add "$ns"
  ip -n "$ns" -batch - <<END
link set lo up
addr add 192.0.2.1/32 dev lo
addr add 2001:db8::1/128 dev lo
END
  # It is cable and router, not a host: its bridges must not call netfilter, its router must forward.
  in_ns "$ns" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  in_ns "$ns" sysctl -qwe net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0
  for site in $(if [[ $(<"$lab_dir/underlay") == routed ]]; then echo dc1 dc2; else echo lan; fi); do
    ip -n "$ns" -batch - <<END
link add $site mtu $mtu type bridge
link set $site up
addr add $(site_prefix "$site").254/24 dev $site
addr add $(site_prefix6 "$site"):fffe/64 dev $site nodad
END
  done
}

# make_host hN: a namespace with eth0, its address, and the router as its way out.
make_host() {
  local ns site mtu
  ns=$LAB-$1
  site=$(site_of "$1")
  mtu=$(<"$lab_dir/mtu")
  ip netns add "$ns"
  ip -n "$LAB-net" -batch - <<END
link add $1 mtu $mtu type veth peer name eth0 mtu $mtu netns $ns
link set $1 master $site
link set $1 up
END
  ip -n "$ns" -batch - <<END
link set lo up
link set eth0 up
END
  if [[ -e $lab_dir/ipv4 ]]; then
    ip -n "$ns" -batch - <<END
addr add $(host_address "$1")/24 dev eth0
route add default via $(site_prefix "$site").254
END
  fi
  if [[ -e $lab_dir/ipv6 ]]; then
    ip -n "$ns" -batch - <<END
addr add $(host_address6 "$1")/64 dev eth0 nodad
route add default via $(site_prefix6 "$site"):fffe
END
  fi
  wait_until 5 link_is_up "$ns" eth0 || fail "eth0 of $1 did not come up within 5 s"
  wait_until 5 link_is_up "$LAB-net" "$1" || fail "the network's end of $1 did not come up within 5 s"
}

# cut_one hA hB: hA neither sends to hB nor hears it, whatever the protocol. Before connection tracking, so at once.
cut_one() {
  local families
  families="add element inet lab_cut v4 { $(host_address "$2") }"
  [[ ! -e $lab_dir/ipv6 ]] || families+=$'\n'"add element inet lab_cut v6 { $(host_address6 "$2") }"
  in_ns "$LAB-$1" nft -f - <<END
table inet lab_cut {
  set v4 { type ipv4_addr; }
  set v6 { type ipv6_addr; }
}
flush table inet lab_cut
table inet lab_cut {
  chain in {
    type filter hook prerouting priority -400;
    ip saddr @v4 drop
    ip6 saddr @v6 drop
  }
  chain out {
    type filter hook output priority -400;
    ip daddr @v4 drop
    ip6 daddr @v6 drop
  }
}
$families
END
}

# One machine-wide limit holds the neighbours of all its namespaces, and 31 hosts that all talk pass the default 1024.
raise_neighbour_limit() {
  local wanted=$(($1 * $1 * 2)) now
  now=$(sysctl -n net.ipv4.neigh.default.gc_thresh3)
  if (($1 <= 30 || now >= wanted)); then return; fi
  say "raising net.ipv4.neigh.default.gc_thresh3 of this machine from $now to $wanted until 'tools/lab down'"
  printf '%s %s\n' "$now" "$wanted" >"$lab_dir/gc_thresh3"
  sysctl -qw net.ipv4.neigh.default.gc_thresh3="$wanted"
}

restore_neighbour_limit() {
  local before ours
  [[ -e $lab_dir/gc_thresh3 ]] || return 0
  read -r before ours <"$lab_dir/gc_thresh3"
  [[ $(sysctl -n net.ipv4.neigh.default.gc_thresh3) == "$ours" ]] || return 0
  sysctl -qw net.ipv4.neigh.default.gc_thresh3="$before"
}

# Every namespace of this lab, whether or not its directory is still there. A lab's name has no dash, so that no other
# lab's names look like ours.
lab_namespaces() { ip netns list | awk '{print $1}' | grep -E "^$LAB-(h[0-9]+|net|pod-.+)\$" || true; }

# remove_namespace NS: ends what still runs inside (a shell, an iperf3), for it would keep the namespace alive.
remove_namespace() {
  local pid
  for pid in $(ip netns pids "$1" 2>/dev/null); do
    [[ $pid == "$$" ]] || kill -KILL "$pid" 2>/dev/null || true
  done
  ip netns del "$1"
}
