#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: the first host makes the cluster's secret and says how the next one joins; as it says, so it works.
# Method: the lab's own secret is taken away.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

log_says() { lab logs "$1" | grep -E "$2" >/dev/null; }

step "the first host makes a secret, keeps it to itself, and says how the next one joins"
lab up --hosts 3 --idle
rm "$lab_dir/secret"
lab restart h1 -- --bootstrap
secret=$lab_dir/h1/state/secret
expect_equal "the secret's mode" 600 "$(stat -c %a "$secret")"
expect "the log says how to join" log_says h1 "overlayd --join 198\.51\.100\.1 --secret-file"
if lab logs h1 | grep -F "$(cat "$secret")" >/dev/null; then broken "the log holds the secret"; fi

step "the next one does so"
install -m 600 "$secret" "$scratch/secret"
lab restart h2 -- --join 198.51.100.1 --secret-file "$scratch/secret"
for host in h1 h2; do
  expect "$host and the other see each other" lab ctl "$host" -- wait --for peers=1 --timeout 30s
  expect "$host is authenticated" holds "$host" status '.cluster.authenticated'
done
lab pod add h1 a
lab pod add h2 b
all_pods_reach_all 4

step "without a secret, or with one that others can read, overlayd does not start"
h3() {
  lab exec h3 -- timeout -s KILL 10 "$bin/overlayd" --name h3 --state-dir "$scratch/state" --run-dir "$scratch/run" \
    --cni-bin-dir "" --cni-conf-dir "" --join 198.51.100.1 "$@"
}
expect_exit "no secret" 2 h3
expect_says "no secret" "--secret-file"
install -m 644 "$secret" "$scratch/open"
expect_exit "an open secret" 2 h3 --secret-file "$scratch/open"
expect_says "an open secret" "$scratch/open"
