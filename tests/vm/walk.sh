# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A new user's walk: what "Run it on real hosts" of README.md says, word by word. Sourced by tools/vm-test.

step_walk() {
  local host begun first
  first=$(host_address h1)
  step "README.md, from the package to a ping"
  begun=$(now_us)
  for host in "${hosts[@]}"; do install_on "$host" & done
  wait
  for host in "${hosts[@]}"; do expect "the package is on $host" on "$host" test -e /etc/overlay/overlayd.toml; done
  say "   installed: $((($(now_us) - begun) / 1000)) ms"
  on h1 sh -c 'echo "bootstrap = true" >>/etc/overlay/overlayd.toml'
  on h1 systemctl restart overlayd
  for host in h2 h3; do
    on h1 cat /var/lib/overlay/secret | feed "$host" install -m 600 /dev/stdin /etc/overlay/secret
    on "$host" sh -c "printf 'join = [\"%s\"]\nsecret-file = [\"/etc/overlay/secret\"]\n' $first >>/etc/overlay/overlayd.toml"
    on "$host" systemctl restart overlayd
  done
  say "   h1 founded, h2 and h3 joined: $((($(now_us) - begun) / 1000)) ms"
  for host in h1 h2; do
    on "$host" ip netns add pod
    on "$host" overlayctl attach pod
  done
  eventually "the pod of h1 reaches that of h2" 10 on h1 ip netns exec pod ping -c 1 -W 5 "$(pod_of h2)"
  say "   from the package to the ping: $((($(now_us) - begun) / 1000)) ms"
  for host in "${hosts[@]}"; do
    expect "$host sees two" on "$host" overlayctl wait --for peers=2 --timeout "$((60 * patience))s"
    expect "doctor of $host finds no fault" on "$host" overlayctl doctor >"$scratch/$host/doctor"
  done
  on h1 overlayctl status || true
}

install_on() {
  feed "$1" tee /var/tmp/overlay.deb <"$package" >/dev/null
  on "$1" apt-get -q -y install /var/tmp/overlay.deb >"$scratch/$1/install" 2>&1
}

# pod_of hN [.|:]: the address of its pod, IPv4 unless a colon is asked for.
pod_of() { on "$1" ip -j -n pod address show dev eth0 | jq -r --arg sign "${2:-.}" '[.[].addr_info[] | select(.scope == "global").local | select(contains($sign))][0]'; }
