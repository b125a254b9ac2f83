# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # scratch, server, lab_dir and published_port are the caller's
# containerd, with `ctr run --cni`: it reads /etc/cni/net.d and /opt/cni/bin, so the daemon itself is the view's command.

# shellcheck disable=SC2034 # read by tests/runtime/run
needed_commands=(containerd ctr runc)
# Without CRI, whose adjusted OOM scores need more than some roots may do.
# shellcheck disable=SC2016,SC2034
view_command=(bash -euc '
  printf "version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n" >"$PWD/config.toml"
  exec containerd --config "$PWD/config.toml" --root "$PWD/root" --state "$PWD/state" --address "$PWD/sock"')

on() { in_view "$1" ctr --address "$scratch/$1/sock" --namespace "$LAB" "${@:2}"; }

# ctr cannot ask for a published port; so a list that sorts before ours, and is ours otherwise, always does.
start() {
  eventually "containerd of $1 answers" 20 on "$1" version >/dev/null
  jq --argjson port "$published_port" '(.plugins[] | select(.type == "portmap")) +=
      {runtimeConfig: {portMappings: [{hostPort: $port, containerPort: 80, protocol: "tcp"}]}}
    | (.plugins[] | select(.type == "portmap")) |= del(.capabilities)' \
    "$lab_dir/$1/cni-conf/10-overlay.conflist" >"$lab_dir/$1/cni-conf/05-published.conflist"
}

# ctr calls ADD before the container starts, and DEL once it has ended; so it stays, in the background.
run_container() {
  on "$1" run --rm --cni --rootfs "$scratch/$1/rootfs" "$2" "${server[@]}" >/dev/null &
  eventually "container $2 runs" 20 inside "$1" "$2" /bin/busybox true
}

inside() { on "$1" task exec --exec-id "exec$RANDOM" "${@:2}"; }

remove() { on "$1" task kill --signal KILL "$2"; }
