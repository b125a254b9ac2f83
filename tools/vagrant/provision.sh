#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# provision.sh ADDRESS FOUNDER [NETWORK ROUTER]: makes this machine a host of the lab, as root; harmless when said again.
# FOUNDER: the address of the host to join, empty on that host itself. NETWORK is reached through ROUTER.
set -eu
address=$1 founder=$2 network=${3:-} router=${4:-}

# The lab's network is there again after a reboot, too.
persist_network() {
  if [ -n "$network" ]; then
    command="/usr/sbin/ip route replace $network via $router"
  else
    command="/usr/sbin/sysctl -q net.ipv4.ip_forward=1"
  fi
  cat >/etc/systemd/system/overlay-lab.service <<END
[Unit]
Description=The lab's way to its other network
After=network.target
# Whoever sets up the addresses may not be done yet.
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
Restart=on-failure
RestartSec=1
ExecStart=$command

[Install]
WantedBy=multi-user.target
END
  systemctl daemon-reload
  systemctl -q enable --now overlay-lab.service
}

# A box may know nothing of Debian's archive yet; one that has all that is needed does without it.
install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  set -- apt-get -q -y --no-install-recommends install "$@"
  "$@" || { apt-get -q update && "$@"; }
}

# Every machine has another address that it shares with nobody who could reach it there: Vagrant's. So ours is named.
configure() {
  {
    printf 'underlay-address = "%s"\n' "$address"
    printf 'pool = ["10.32.0.0/12", "fd32::/48"]\n'
    if [ -z "$founder" ]; then
      printf 'bootstrap = true\n'
    else
      printf 'join = ["%s"]\nsecret-file = ["/etc/overlay/secret"]\n' "$founder"
      install -m 600 /tmp/overlay-secret /etc/overlay/secret
      rm /tmp/overlay-secret
    fi
  } >/etc/overlay/overlayd.toml
}

persist_network
install_packages /tmp/overlay.deb iproute2 iputils-ping jq
configure
adduser --quiet vagrant overlay # who then may ask overlayctl
# It returns when this host can start pods, so on all but the first when it has joined.
timeout 10m systemctl restart overlayd || { overlayctl status || true; exit 1; }
overlayctl status || true # an alarm is no reason to stop
