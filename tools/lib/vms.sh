# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Hosts of a lab that are virtual machines: the underlay is that of tools/lib/topology.sh, in a namespace of its own, and
# a machine's eth0 hangs on the bridge of its site. Sourced by tools/vm-test, after topology.sh; $image is a directory of
# tools/lib/vm_image.sh.

# kvm is many times faster where it works; emulation works everywhere.
readonly accelerator=${OVERLAY_ACCEL:-tcg} boot_seconds=300
if [[ $accelerator == tcg ]]; then patience=${OVERLAY_PATIENCE:-5}; fi

vm_dir() { printf '%s/%s' "$scratch" "$1"; }

# make_underlay: two sites behind a router, and nobody there yet.
make_underlay() {
  mkdir -p "$lab_dir"
  printf 'routed\n' >"$lab_dir/underlay"
  printf '1500\n' >"$lab_dir/mtu"
  printf '3\n' >"$lab_dir/hosts"
  touch "$lab_dir/ipv4"
  make_net
}

accelerate() {
  case $accelerator in
    # Without a bound the translated code takes more memory than the machine has.
    tcg) printf '%s\n' -accel 'tcg,thread=multi,tb-size=128' -cpu max ;;
    *) printf '%s\n' -accel "$accelerator" -cpu host ;;
  esac
}

# start_vm hN MEGABYTES: what it writes is kept beside the image and lost with the test.
start_vm() {
  local dir site flags
  dir=$(vm_dir "$1")
  site=$(site_of "$1")
  mapfile -t flags < <(accelerate)
  mkdir -p "$dir"
  qemu-img create -q -f qcow2 -F qcow2 -b "$(realpath "$image")/disk.qcow2" "$dir/disk.qcow2"
  ip -n "$LAB-net" -batch - <<END
tuntap add $1 mode tap
link set $1 master $site
link set $1 up
END
  nsenter --net="/run/netns/$LAB-net" nice -n 10 qemu-system-x86_64 "${flags[@]}" -smp 1 -m "$2" -nodefaults -display none \
    -serial "file:$dir/console" -drive "file=$dir/disk.qcow2,if=virtio,cache=unsafe" -device virtio-rng-pci \
    -netdev "tap,id=net,ifname=$1,script=no,downscript=no" -device "virtio-net-pci,netdev=net,mac=52:54:00:00:00:0${1#h}" \
    -kernel "$image/vmlinuz" -initrd "$image/initrd.img" \
    -append "root=LABEL=root ro console=ttyS0 net.ifnames=0 quiet $(network_of "$1")" -pidfile "$dir/pid" -daemonize
}

# network_of hN: words of the kernel command line that systemd-network-generator and systemd read.
network_of() { printf 'ip=%s::%s.254:255.255.255.0:%s:eth0:none systemd.hostname=%s' "$(host_address "$1")" "$(site_prefix "$(site_of "$1")")" "$1" "$1"; }

ssh_options() {
  printf '%s\n' -q -i "$image/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=10 \
    -o ServerAliveInterval=30 -o ControlMaster=auto -o ControlPersist=yes -o "ControlPath=$(vm_dir "$1")/ssh"
}

# ssh_to hN ARGUMENTS...
ssh_to() {
  local options
  mapfile -t options < <(ssh_options "$1")
  nsenter --net="/run/netns/$LAB-net" ssh "${options[@]}" "root@$(host_address "$1")" "${@:2}"
}

# on hN COMMAND...: as root there; `feed` gives it this shell's standard input.
feed() { ssh_to "$1" -- "$(printf '%q ' "${@:2}")"; }
on() { feed "$@" </dev/null; }

has_booted() { [[ $(on "$1" systemctl is-system-running 2>/dev/null) =~ ^(running|degraded)$ ]]; }

await_vm() { wait_until "$boot_seconds" has_booted "$1" || fail "$1 has not booted within $((boot_seconds * patience)) s; OVERLAY_PATIENCE=N gives it longer"; }

# stop_vm hN: as if its power were cut.
stop_vm() {
  local pid
  pid=$(cat "$(vm_dir "$1")/pid" 2>/dev/null) || return 0
  ssh_to "$1" -O exit || true
  kill -KILL "$pid" 2>/dev/null || true
}
