#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: what docs/metrics.md lists is what overlayd serves, no more and no less; alert rules and dashboard use nothing
# else and are what Prometheus takes; health means what it says.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
observe=$repo/manifests/observe

scrape() { lab exec h1 -- curl --silent --max-time 5 "http://127.0.0.1:6782$1"; }
health() { lab exec h1 -- curl --silent --max-time 5 --output "$scratch/body" --write-out '%{http_code}' "http://127.0.0.1:6782$1"; }
# shellcheck disable=SC2016 # the backquotes are Markdown
documented() { sed -nE 's/^\| `([a-z0-9_]+)[{`].*/\1/p' "$repo/docs/metrics.md" | sort; }

step "rules and dashboard"
command -v promtool >/dev/null || { say "SKIPPED: no promtool here; tools/install-packages test installs it" && exit 77; }
expect "the rules are valid" promtool check rules "$observe/rules.yaml"
expect "each rule is heard when its fault has stood long enough, and not before" promtool test rules "$repo/tests/observe/rules_test.yaml"
# Each expression as a rule of its own, with Grafana's variable filled in.
jq '{groups: [{name: "dashboard", rules: [[.panels[].targets[].expr | gsub("\\$instance"; "h1")] | to_entries[] | {record: "panel\(.key)", expr: .value}]}]}' \
  "$observe/dashboard.json" >"$scratch/dashboard.yaml"
promtool check rules "$scratch/dashboard.yaml" | grep -F "rules found" || broken "the dashboard's expressions are PromQL"
unknown=$(cat "$observe/rules.yaml" "$scratch/dashboard.yaml" | grep -oE '\b(overlay|process)_[a-z_]+' \
  | sed -E 's/_(bucket|sum|count)$//' | sort -u | comm -23 - <(documented))
expect_equal "metrics that are used and not documented" "" "$unknown"

step "a host that waits, and one that serves"
lab up --hosts 1 --idle
lab restart h1 -- >/dev/null 2>&1 || true # it has no cluster to be ready in
expect_equal "/healthz of one that waits" 200 "$(health /healthz)"
expect_equal "/readyz of one that waits" 503 "$(health /readyz)"
expect "it says for what" grep -q bootstrap "$scratch/body"
lab restart h1 -- --bootstrap
expect_equal "/readyz of one that serves" 200 "$(health /readyz)"
lab pod add h1 a
scrape /metrics >"$scratch/metrics"
expect_equal "metrics that are served or documented alone" "" \
  "$(sed -nE 's/^# TYPE ([a-z0-9_]+) .*/\1/p' "$scratch/metrics" | sort | comm -3 - <(documented))"
expect "promtool finds nothing to say of them" promtool check metrics <"$scratch/metrics"
expect "the ADD was counted" grep -qE '^overlay_cni_seconds_count\{call="add"\} 1' "$scratch/metrics"
expect "the log was written" grep -qE '^overlay_log_write_seconds_count [1-9]' "$scratch/metrics"
expect "the kernel was programmed" grep -qE '^overlay_kernel_operations_total [1-9]' "$scratch/metrics"
expect "probes of no peer were counted" grep -qE '^overlay_path_rtt_seconds_count 0' "$scratch/metrics"
expect "changes were counted" grep -qE '^overlay_events_total\{kind="cluster",level="info"\} 1' "$scratch/metrics"
say "$(grep -vc '^#' "$scratch/metrics") series"
