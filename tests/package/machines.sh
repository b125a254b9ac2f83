# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Debian machines with a systemd of their own, one in the namespace of each host of an idle lab: containers that
# systemd-nspawn boots. Sourced by tests/package/run, after tests/lab/lib.sh.

machine_root() { printf '%s/%s/root' "$scratch" "$1"; }
# Each needs a cgroup of its own in systemd's hierarchies, to make its own below it.
machine_cgroups() { find /sys/fs/cgroup -maxdepth 2 -name systemd -type d -o -maxdepth 2 -name unified -type d; }

# boot hN TREE: TREE is a tar file.
boot() {
  local hierarchy
  mkdir -p "$(machine_root "$1")"
  tar -C "$(machine_root "$1")" -xf "$2"
  printf '%s\n' "$1" >"$(machine_root "$1")/etc/hostname"
  for hierarchy in $(machine_cgroups); do mkdir -p "$hierarchy/$LAB-$1"; done
  # Its /proc/sys/net is the namespace's, and writable; without --register nothing of the machine that runs this is asked.
  # shellcheck disable=SC2016 # expanded by the inner shell
  SYSTEMD_NSPAWN_API_VFS_WRITABLE=network setsid bash -euc '
    for hierarchy in '"$(machine_cgroups | tr '\n' ' ')"'; do echo $$ >"$hierarchy/$1/cgroup.procs"; done
    exec systemd-nspawn --quiet --register=no --keep-unit --console=passive --capability=CAP_NET_ADMIN,CAP_NET_RAW \
      --network-namespace-path="/run/netns/$1" --directory="$2" --boot' \
    boot "$LAB-$1" "$(machine_root "$1")" </dev/null >"$scratch/$1/console" 2>&1 &
  printf '%d\n' $! >"$scratch/$1/nspawn"
}

# leader hN: the pid of its init.
leader() { pgrep -P "$(cat "$scratch/$1/nspawn")" | head -n 1; }
# on hN COMMAND...: as root there, with nothing of this shell's environment.
on() { nsenter --target "$(leader "$1")" --all env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "${@:2}" </dev/null; }
is_booted() { [[ $(on "$1" systemctl is-system-running 2>/dev/null) == running ]]; }

halt() {
  local hierarchy pid
  pid=$(cat "$scratch/$1/nspawn" 2>/dev/null) || return 0
  kill -KILL "$pid" "$(leader "$1")" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  for hierarchy in $(machine_cgroups); do
    wait_until 5 empty_cgroup "$hierarchy/$LAB-$1" || true
    find "$hierarchy/$LAB-$1" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
}

empty_cgroup() { [[ -z $(find "$1" -name cgroup.procs -exec cat {} + 2>/dev/null) ]]; }

# pod hN NAME: a namespace there, wired by its CNI plugin as a runtime does it; prints its address.
pod() {
  local config
  config=$(jq -c '.plugins[0] + {name, cniVersion}' "$(machine_root "$1")/etc/cni/net.d/10-overlay.conflist")
  on "$1" ip netns add "$2"
  on "$1" sh -c "echo '$config' | CNI_COMMAND=ADD CNI_CONTAINERID=$2 CNI_NETNS=/run/netns/$2 CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin \
    /opt/cni/bin/overlay" | jq -r '.ips[0].address | sub("/.*"; "")'
}
