#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a cluster changes its secret while it runs, by SIGHUP, and loses no session: the new one is accepted everywhere,
# then made first, then the old one is dropped.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

hosts=(h1 h2 h3)

# configure hN FILE...: its secrets, the first its own.
configure() {
  local files
  files=$(printf '"%s", ' "${@:2}")
  {
    printf 'secret-file = [%s]\n' "${files%, }"
    [[ $1 == h1 ]] || printf 'join = ["198.51.100.1"]\n'
  } >"$scratch/$1.toml"
}

has_keys() { [[ $(key_of "$1") == "$2" ]]; }

# sessions: who has which, and since when.
sessions() {
  local host
  for host in "${hosts[@]}"; do ask "$host" links '.links | sort_by(.peer)[] | [.peer, .address, .state, .since] | @tsv'; done
}

# roll KEYS FILE...: gives every host these secrets while it runs.
roll() {
  local host
  for host in "${hosts[@]}"; do
    configure "$host" "${@:2}"
    kill -HUP "$(cat "$lab_dir/$host/pid")"
    eventually "$host has the keys $1" 10 has_keys "$host" "$1"
    expect "no session was lost" test "$before" == "$(sessions)"
  done
}

step "three hosts whose secret is named by their configuration"
lab up --hosts 3
mv "$lab_dir/secret" "$scratch/old" # or the lab would give it to all by a flag
(umask 077 && "$bin/overlayctl" token >"$scratch/new")
for host in "${hosts[@]}"; do
  configure "$host" "$scratch/old"
  lab restart "$host" -- --config "$scratch/$host.toml"
done
for host in "${hosts[@]}"; do
  eventually "$host has a session with both others" 20 holds "$host" links '[.links[] | select(.state == "established")] | length == 2'
done
old=$(key_of h1)
before=$(sessions)

step "the new secret is accepted everywhere"
# Its key id is told by a host that has it.
configure h1 "$scratch/old" "$scratch/new"
kill -HUP "$(cat "$lab_dir/h1/pid")"
two_keys() { [[ $(key_of h1) == "$old, "* ]]; }
eventually "h1 accepts a second key" 10 two_keys
new=$(key_of h1)
new=${new#"$old, "}
roll "$old, $new" "$scratch/old" "$scratch/new"

step "it is made first"
roll "$new, $old" "$scratch/new" "$scratch/old"

step "the old one is dropped"
roll "$new" "$scratch/new"

step "new sessions are made by the new secret"
lab restart h2
eventually "h2 sees both" 20 holds h2 status '.peers.reachable == 2'
expect_equal "the key of h2" "$new" "$(key_of h2)"

step "what cannot be loaded changes nothing"
before=$(sessions)
rm "$scratch/new"
kill -HUP "$(cat "$lab_dir/h3/pid")"
eventually "h3 says so" 10 grep -q 'reload.*nothing was changed' "$lab_dir/h3/log"
expect_equal "the sessions" "$before" "$(sessions)"
