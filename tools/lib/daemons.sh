# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The lab's daemons: one overlayd per host, each with directories of its own. Sourced by tools/lab.

bin_dir=$(cd "$repo" && realpath -m "${OVERLAY_BIN:-build/release/bin}")

host_dir() { printf '%s/%s' "$lab_dir" "$1"; }
socket_of() { printf '%s/run/overlayd.sock' "$(host_dir "$1")"; }
ctl() { "$bin_dir/overlayctl" --socket "$(socket_of "$1")" "${@:2}"; }

need_binaries() {
  local name
  for name in overlayd overlayctl cni-shim; do
    [[ -x $bin_dir/$name ]] || refuse "no $bin_dir/$name; build it with: cmake --preset release && cmake --build --preset release"
  done
}

# pid_of hN: the pid of its overlayd while it runs. A pid file can outlive its process, and a pid can be used again.
pid_of() {
  local pid
  pid=$(cat "$(host_dir "$1")/pid" 2>/dev/null) || return 1
  [[ $(readlink "/proc/$pid/exe" 2>/dev/null) == */overlayd* ]] || return 1
  tr '\0' '\n' <"/proc/$pid/cmdline" | grep -xF "$(host_dir "$1")/state" >/dev/null || return 1
  printf '%s' "$pid"
}

runs() { pid_of "$1" >/dev/null; }
is_gone() { ! runs "$1"; }

# remember_flags hN FLAGS...: what start_daemon gives overlayd beside its directories.
remember_flags() { printf '%s\n' "${@:2}" >"$(host_dir "$1")/flags"; }

# make_secret: one for all hosts of the lab, as `overlayctl token` makes it.
make_secret() { (umask 077 && "$bin_dir/overlayctl" token >"$lab_dir/secret"); }

start_daemon() {
  local dir flags
  dir=$(host_dir "$1")
  mapfile -t flags < <(grep -v '^$' "$dir/flags")
  # The lab's secret, unless the flags say otherwise.
  if [[ -e $lab_dir/secret && " ${flags[*]} " != *" --secret-file "* && " ${flags[*]} " != *" --insecure "* ]]; then
    flags+=(--secret-file "$lab_dir/secret")
  fi
  # A /run/wireguard of its own: wireguard-go has a socket there, of one name on every host.
  mkdir -p "$dir"/{state,run,cni-bin,cni-conf,wireguard} /run/wireguard
  # Without the variables of ours: overlayd reads OVERLAY_* as its own flags.
  # shellcheck disable=SC2016 # the inner shell expands it
  env -u OVERLAY_BIN -u OVERLAY_LAB_DIR -u OVERLAY_PATIENCE setsid nsenter --net="/run/netns/$(host_ns "$1")" \
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
  pid=$(pid_of "$1") || return 0
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
  tail -n 12 "$(host_dir "$1")/log" | sed 's/^/  /' >&2
  fail "$1 $2"
}

has_plugin() { [[ -e $(host_dir "$1")/cni-conf/10-overlay.conflist ]]; }

# await hN CONDITION: one condition of `overlayctl wait --for`, within 30 s. Ready is, as for a runtime, when the CNI
# plugin is there too, which overlayd installs when it can first serve.
await() {
  wait_until 10 answers_or_is_gone "$1" || not_ready "$1" "does not answer on $(socket_of "$1")"
  runs "$1" || not_ready "$1" "has stopped"
  ctl "$1" wait --for "$2" --timeout "$((30 * patience))s" >&2 || not_ready "$1" "is not there yet: $2"
  [[ $2 != ready ]] || wait_until 10 has_plugin "$1" || not_ready "$1" "has not installed its CNI plugin after 10 s"
}
