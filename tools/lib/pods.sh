# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The lab's pods: a namespace each, wired by executing the CNI plugin as a container runtime does (CNI specification,
# section 2: environment variables and the configuration on stdin). Sourced by tools/lab.

pod_names() { [[ ! -d $lab_dir/pods ]] || ls "$lab_dir/pods"; }
pod_address() { jq -r '[.ips[].address | sub("/.*"; "")] | join(" ")' "$lab_dir/pods/$1/result.json"; }

# plugin_config hN: what a runtime makes of the network's list for its first plugin.
plugin_config() {
  jq --exit-status '.plugins[0] + {name, cniVersion}' "$lab_dir/$1/cni-conf/10-overlay.conflist"
}

# cni COMMAND hN POD: executes the plugin of that host; the configuration comes on stdin, the result goes to stdout.
cni() {
  local bin
  bin=$lab_dir/$2/cni-bin
  env CNI_COMMAND="$1" CNI_CONTAINERID="$LAB-pod-$3" CNI_NETNS="/run/netns/$LAB-pod-$3" CNI_IFNAME=eth0 \
    CNI_PATH="$bin" nsenter --net="/run/netns/$LAB-$2" "$bin/overlay"
}

pod_add() {
  local dir
  dir=$lab_dir/pods/$2
  [[ ! -e $dir ]] || refuse "there is a pod $2 already, on $(<"$dir/host")"
  has_plugin "$1" || fail "$1 has no 10-overlay.conflist yet; is it ready? (tools/lab status)"
  ip netns add "$LAB-pod-$2"
  ip -n "$LAB-pod-$2" link set lo up
  mkdir -p "$dir"
  printf '%s\n' "$1" >"$dir/host"
  plugin_config "$1" >"$dir/config.json"
  if ! cni ADD "$1" "$2" <"$dir/config.json" >"$dir/result.json"; then
    local why
    why=$(jq -r '"\(.msg) (code \(.code))\(if .details then ": " + .details else "" end)"' "$dir/result.json" 2>/dev/null || true)
    rm -r "$dir"
    remove_namespace "$LAB-pod-$2"
    fail "ADD of pod $2 on $1 failed: ${why:-the plugin said nothing}"
  fi
  say "pod $2 on $1: $(pod_address "$2")"
}

pod_del() {
  local dir host config
  dir=$lab_dir/pods/$1
  [[ -e $dir ]] || refuse "there is no pod $1; there are: $(pod_names | tr '\n' ' ')"
  host=$(<"$dir/host")
  config=$(jq --slurpfile result "$dir/result.json" '. + {prevResult: $result[0]}' "$dir/config.json")
  cni DEL "$host" "$1" <<<"$config" || fail "DEL of pod $1 on $host failed"
  remove_namespace "$LAB-pod-$1"
  rm -r "$dir"
  say "pod $1 is gone"
}
