#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a host with another secret stays out, and both sides say why, by key ids alone; no secret shows anywhere; with the
# right one the host joins. The daemon has given up what of root it does not need.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# log_says hN WORDS...: one line of its log has them all.
log_says() {
  local word lines
  lines=$(lab logs "$1")
  for word in "${@:2}"; do lines=$(grep -F -- "$word" <<<"$lines") || return 1; done
}
link_says() { [[ $(ask "$1" links '.links[].error' 2>/dev/null) == *"$2"* ]]; }

# start_h3 FLAGS...: without waiting until it is ready, for it will not be.
start_h3() {
  local dir=$lab_dir/h3
  mkdir -p "$dir"/{state,run}
  nsenter --net="/run/netns/$LAB-h3" "$bin/overlayd" --name h3 --state-dir "$dir/state" --run-dir "$dir/run" \
    --cni-bin-dir "" --cni-conf-dir "" --join 198.51.100.1 "$@" </dev/null >>"$dir/log" 2>&1 &
  printf '%d\n' $! >"$dir/pid"
}

# shows_no_secret WHAT FILE: neither secret is in it.
shows_no_secret() {
  if grep -qF -e "$(cat "$lab_dir/secret")" -e "$(cat "$scratch/wrong")" "$2"; then broken "$1 holds a secret"; fi
}

step "a cluster, and a host with another secret"
lab up --hosts 3 --idle
lab restart h1
lab restart h2
(umask 077 && "$bin/overlayctl" token >"$scratch/wrong")
start_h3 --secret-file "$scratch/wrong"
eventually "h3 names its key" 10 log_says h3 "security keys="
ours=$(key_of h1)
theirs=$(key_of h3)
[[ $ours =~ ^[0-9a-f]{16}$ && $theirs =~ ^[0-9a-f]{16}$ && $ours != "$theirs" ]] || broken "key ids: '$ours', '$theirs'"
eventually "h1 logs which key it was and which is its own" 10 log_says h1 198.51.100.3 "$theirs" "none of ours" "$ours"
eventually "h3 logs that its key is refused" 10 log_says h3 "refuses our key" "$theirs"
eventually "the links of h3 say it" 10 link_says h3 "$theirs"
expect "h1 counts one peer" holds h1 status '.peers == {known: 1, reachable: 1}'

step "a password is no secret, and is not repeated"
(umask 077 && echo hunter2 >"$scratch/password")
lab kill h3
expect_exit "a password" 2 lab exec h3 -- timeout -s KILL 10 "$bin/overlayd" --name h3 --state-dir "$lab_dir/h3/state" \
  --run-dir "$lab_dir/h3/run" --join 198.51.100.1 --secret-file "$scratch/password"
expect_says "a password" "overlayctl token"
expect_equal "what is said" "${output/hunter2/}" "$output"

step "one without encryption is told as well"
start_h3 --insecure
eventually "h1 says that it does not speak TLS" 10 log_says h1 198.51.100.3 "does not speak TLS" "--insecure"
eventually "h3 says that h1 does" 10 log_says h3 "speaks TLS" "--insecure"

step "with the secret of h1 it joins"
lab kill h3
lab restart h3
for host in h1 h2 h3; do
  eventually "$host sees two peers" 20 holds "$host" status '.peers == {known: 2, reachable: 2}'
  expect "$host is authenticated" holds "$host" status '.cluster.authenticated'
done

step "no secret in logs, reports or command lines"
for host in h1 h2 h3; do
  lab logs "$host" >"$scratch/log"
  lab ctl "$host" -- report >"$scratch/report"
  tr '\0' '\n' <"/proc/$(cat "$lab_dir/$host/pid")/cmdline" >"$scratch/cmdline"
  for what in log report cmdline; do
    expect "$what of $host is not empty" test -s "$scratch/$what"
    shows_no_secret "$what of $host" "$scratch/$what"
  done
done

step "the daemon can do little beyond the network, and leaves no core dump"
# capabilities(7): CHOWN 0, NET_BIND_SERVICE 10, NET_ADMIN 12, NET_RAW 13
for host in h1 h2 h3; do
  status=/proc/$(cat "$lab_dir/$host/pid")/status
  expect_equal "its capabilities" 0000000000003401 "$(awk '/^CapEff:/ {print $2}' "$status")"
  expect_equal "those it could take back" 0000000000003401 "$(awk '/^CapPrm:/ {print $2}' "$status")"
  expect_equal "NoNewPrivs" 1 "$(awk '/^NoNewPrivs:/ {print $2}' "$status")"
done
expect_equal "what of its state others may read" "" "$(find "$lab_dir/h1/state" -type f -perm /077)"
expect "it has state" test -s "$lab_dir/h1/state/identity"
