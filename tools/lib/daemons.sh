# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The lab's daemons: one overlayd per host, each with directories of its own. Sourced by tools/lab.

bin_dir=$(cd "$repo" && realpath -m "${OVERLAY_BIN:-build/release/bin}")

ctl() { "$bin_dir/overlayctl" --socket "$lab_dir/$1/run/overlayd.sock" "${@:2}"; }

need_binaries() {
  local name
  for name in overlayd overlayctl cni-shim; do
    [[ -x $bin_dir/$name ]] || refuse "no $bin_dir/$name; build it with: cmake --preset release && cmake --build --preset release"
  done
}

# runs hN: whether its overlayd does; its pid is left in $pid. A pid file can outlive its process, and a pid can be used
# again. Asked in every wait, so it starts no process.
runs() {
  local words
  pid=
  { read -r pid <"$lab_dir/$1/pid" && mapfile -d '' words <"/proc/$pid/cmdline"; } 2>/dev/null || return 1
  [[ ${words[0]:-} == */overlayd && " ${words[*]} " == *" $lab_dir/$1/state "* ]]
}

is_gone() { ! runs "$1"; }

# remember_flags hN FLAGS...: what start_daemon gives overlayd beside its directories.
remember_flags() { printf '%s\n' "${@:2}" >"$lab_dir/$1/flags"; }

# make_secret: one for all hosts of the lab, as `overlayctl token` makes it.
make_secret() { (umask 077 && "$bin_dir/overlayctl" token >"$lab_dir/secret"); }

start_daemon() {
  local dir flags
  dir=$lab_dir/$1
  mapfile -t flags < <(grep -v '^$' "$dir/flags")
  # The lab's secret, unless the flags say otherwise.
  if [[ -e $lab_dir/secret && " ${flags[*]} " != *" --secret-file "* && " ${flags[*]} " != *" --insecure "* ]]; then
    flags+=(--secret-file "$lab_dir/secret")
  fi
  # A /run/wireguard of its own: wireguard-go has a socket there, of one name on every host.
  mkdir -p "$dir"/{state,run,cni-bin,cni-conf,wireguard} /run/wireguard
  # Without the variables of ours: overlayd reads OVERLAY_* as its own flags.
  # shellcheck disable=SC2016 # the inner shell expands it
  env -u OVERLAY_BIN -u OVERLAY_LAB_DIR -u OVERLAY_PATIENCE setsid nsenter --net="/run/netns/$LAB-$1" \
    unshare --mount --propagation slave \
    sh -c 'mount --bind "$0" /run/wireguard && exec "$@"' "$dir/wireguard" "$bin_dir/overlayd" --name "$1" --state-dir "$dir/state" --run-dir "$dir/run" \
    --cni-bin-dir "$dir/cni-bin" --cni-conf-dir "$dir/cni-conf" "${flags[@]}" </dev/null >>"$dir/log" 2>&1 &
  printf '%d\n' $! >"$dir/pid"
  # Between fork and exec the process is not overlayd yet; it may also have ended already.
  wait_until 5 settled "$1" $! || fail "overlayd of $1 did not start within 5 s"
}

settled() { runs "$1" || [[ ! -e /proc/$2 || $(awk '/^State/ {print $2}' "/proc/$2/status" 2>/dev/null) == Z ]]; }

# stop_daemon hN SIGNAL: and waits until it is gone.
stop_daemon() {
  local pid
  runs "$1" || return 0
  kill "$2" "$pid" 2>/dev/null || true
  wait_until 10 is_gone "$1" || fail "overlayd of $1 (pid $pid) still runs 10 s after $2"
}

answers() {
  local status=0
  ctl "$1" status >/dev/null 2>&1 || status=$?
  ((status != 3))
}

answers_or_is_gone() { answers "$1" || is_gone "$1"; }

# not_ready hN: why, with the end of the log, and exit 1.
not_ready() {
  printf 'the last lines of its log (tools/lab logs %s):\n' "$1" >&2
  tail -n 12 "$lab_dir/$1/log" | sed 's/^/  /' >&2
  fail "$1 $2"
}

has_plugin() { [[ -e $lab_dir/$1/cni-conf/10-overlay.conflist ]]; }

# await hN CONDITION: one condition of `overlayctl wait --for`, within 30 s. Ready is, as for a runtime, when the CNI
# plugin is there too, which overlayd installs when it can first serve.
await() {
  wait_until 10 answers_or_is_gone "$1" || not_ready "$1" "does not answer on $lab_dir/$1/run/overlayd.sock"
  runs "$1" || not_ready "$1" "has stopped"
  ctl "$1" wait --for "$2" --timeout "$((30 * patience))s" >&2 || not_ready "$1" "is not there yet: $2"
  [[ $2 != ready ]] || wait_until 10 has_plugin "$1" || not_ready "$1" "has not installed its CNI plugin after 10 s"
}
