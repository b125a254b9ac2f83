# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A disk that boots Debian 12 with Debian's kernel, made of its packages alone: no loop device and no mount, so it is made
# in a container too. It is what Vagrant wants of a box: a user vagrant with the key that everybody knows, and with sudo.
# Sourced by tools/vm-test and tools/vagrant/box, after common.sh.

# The cloud kernel is that of Debian for virtual machines: all modules that matter here, few drivers.
readonly image_packages=(linux-image-cloud-amd64 initramfs-tools zstd systemd-sysv udev dbus openssh-server sudo)
readonly image_modules=(virtio_pci virtio_blk virtio_net ext4)
# What only costs time where every instruction is emulated, or waits for a network that is not there.
readonly image_masked=(systemd-networkd-wait-online.service systemd-pstore.service systemd-binfmt.service
  e2scrub_reap.service e2scrub_all.timer apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer
  man-db.timer logrotate.timer dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount)
# Published with Vagrant, which replaces it when a machine is first up.
readonly vagrant_key='ssh-rsa AAAAB3NzaC1yc2EAAAABIwAAAQEA6NF8iallvQVp22WDkTkyrtvp9eWW6A8YVr+kz4TjGYe7gHzIw+niNltGEFHzD8+v1I2YJ6oXevct1YeS0o9HZyN1Q9qgCgzUFtdOKLv6IedplqoPkcmF0aYet2PkEDo3MlTBckFXPITAMzF8dJSIFo9D8HfdOV0IAdx4O7PtixWKn5y2hMNG0zQPyUecp4pzC6kivAIhyfHilFR61RGL+GPXQ2MWZWFYbAGjyiYJnAmCP3NOTd0jMZEnDkbUvxhMmBYSdETk1rRgm+R4LOzFUGaHqHDLKLX+FIPKcF96hrucXzcWyLbIbEgE98OHlnVYCzRdK8jlqm8tehUc9c9WhQ== vagrant insecure public key'

need_image_tools() {
  local command
  need_root "an image is a tree of Debian packages"
  for command in mmdebstrap qemu-img mke2fs sfdisk grub-mkimage ssh-keygen; do
    command -v "$command" >/dev/null || refuse "no $command; install it with: tools/install-packages vm"
  done
}

# contents_of DEB: the packages of an image: its own, what the lab's scripts call, and what the package depends on.
contents_of() {
  local lab depends
  lab=$(awk '$1 == "lab" {print $2}' "$repo/tools/packages" | paste -sd ,)
  depends=$(dpkg-deb -f "$1" Depends | sed 's/([^)]*)//g; s/ //g')
  printf '%s,%s,%s' "$(IFS=, && printf '%s' "${image_packages[*]}")" "$lab" "$depends"
}

# make_image DIR DEB: DIR/{disk.qcow2,vmlinuz,initrd.img,key}, unless they are there and made of the same. The key is
# that of its root.
make_image() {
  local dir=$1 packages tree=$1/tree made_of
  packages=$(contents_of "$2")
  made_of=$(cat "${BASH_SOURCE[0]}" - <<<"$packages" | sha256sum)
  [[ ! -e $dir/disk.qcow2 || $(cat "$dir/made-of" 2>/dev/null) != "$made_of" ]] || return 0
  say "making a Debian disk in $dir (some minutes)"
  rm -rf "$dir"
  mkdir -p "$dir"
  ssh-keygen -q -t ed25519 -N '' -C overlay-lab -f "$dir/key"
  make_tree "$tree" "$packages"
  install -D -m 600 "$dir/key.pub" "$tree/root/.ssh/authorized_keys"
  add_vagrant "$tree"
  cp "$tree"/boot/vmlinuz-* "$dir/vmlinuz"
  cp "$tree"/boot/initrd.img-* "$dir/initrd.img"
  make_disk "$tree" "$dir"
  rm -rf "$tree"
  printf '%s\n' "$made_of" >"$dir/made-of"
}

# make_tree TREE PACKAGES: a Debian whose eth0 asks DHCP, unless something of a lower number says otherwise.
make_tree() {
  # shellcheck disable=SC2016 # $1 is the hook's
  mmdebstrap --quiet --variant=minbase --include="$2" --aptopt='Acquire::Retries "3"' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --essential-hook='mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"
      printf "MODULES=list\nCOMPRESS=zstd\n" >"$1/etc/initramfs-tools/conf.d/machine"
      printf "%s\n" '"${image_modules[*]}"' >"$1/usr/share/initramfs-tools/modules.d/machine"' \
    bookworm "$1"
  printf '[Match]\nName=eth0\n[Network]\nDHCP=ipv4\n[DHCPv4]\nClientIdentifier=mac\n' >"$1/etc/systemd/network/95-dhcp.network"
  printf 'UseDNS no\n' >"$1/etc/ssh/sshd_config.d/lab.conf"
  printf 'LABEL=root / ext4 defaults,noatime 0 1\n' >"$1/etc/fstab"
  printf '127.0.0.1 localhost\n127.0.1.1 debian\n' >"$1/etc/hosts"
  printf 'debian\n' >"$1/etc/hostname"
  printf 'nameserver 127.0.0.1\n' >"$1/etc/resolv.conf"
  : >"$1/etc/machine-id" # each machine makes its own
  chroot "$1" systemctl --quiet enable systemd-networkd.service systemd-network-generator.service
  chroot "$1" systemctl --quiet mask "${image_masked[@]}"
}

add_vagrant() {
  chroot "$1" useradd --create-home --shell /bin/bash vagrant
  install -D -m 600 /dev/stdin "$1/home/vagrant/.ssh/authorized_keys" <<<"$vagrant_key"
  chroot "$1" sh -c 'chown -R vagrant: ~vagrant'
  install -m 440 /dev/stdin "$1/etc/sudoers.d/vagrant" <<<'vagrant ALL=(ALL) NOPASSWD: ALL'
}

# make_disk TREE DIR: one partition behind a GRUB that knows one kernel. Its first sector and what it loads lie before
# the partition, where they expect each other.
make_disk() {
  local release raw=$2/disk.raw grub=/usr/lib/grub/i386-pc
  release=$(basename "$1"/boot/vmlinuz-*)
  release=${release#vmlinuz-}
  cat >"$2/grub.cfg" <<END
set root=(hd0,msdos1)
linux /boot/vmlinuz-$release root=LABEL=root ro console=ttyS0 net.ifnames=0 quiet
initrd /boot/initrd.img-$release
boot
END
  grub-mkimage -O i386-pc -p /boot/grub -c "$2/grub.cfg" -o "$2/core.img" biosdisk part_msdos ext2 linux boot
  truncate -s 3G "$raw"
  printf 'label: dos\nstart=2048, type=83, bootable\n' | sfdisk --quiet "$raw"
  # Without what this GRUB does not read.
  mke2fs -q -t ext4 -L root -O ^metadata_csum_seed,^orphan_file -E "offset=$((2048 * 512)),lazy_itable_init=1" -d "$1" "$raw" \
    $(((3 * 1024 * 1024) - 1024))k 2>/dev/null
  dd if="$grub/boot.img" of="$raw" bs=440 count=1 conv=notrunc status=none
  dd if="$2/core.img" of="$raw" bs=512 seek=1 conv=notrunc status=none
  qemu-img convert -O qcow2 "$raw" "$2/disk.qcow2"
  rm "$raw" "$2/core.img" "$2/grub.cfg"
}
