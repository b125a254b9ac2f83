#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: container runtimes find our network configuration from when the host can first serve, and never half of it or
# none again. What sorts before it is doctor's (doctor.sh).
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

configuration=$lab_dir/h2/cni-conf/10-overlay.conflist
waits() { holds h2 status '.node.ready == false and (.node.waiting_for | length) > 0'; }
plugins() { jq -r '[.plugins[].type] | join(" ")' "$configuration"; }

step "a host that cannot serve yet has none"
lab up --hosts 2 --idle
lab restart h2 -- --join 198.51.100.1 >"$scratch/joined" 2>&1 &
joining=$!
eventually "h2 waits" 20 waits
expect_equal "configurations" "" "$(find "$lab_dir/h2/cni-conf" "$lab_dir/h2/cni-bin" -type f)"

step "it has one as soon as it can"
lab restart h1 -- --bootstrap
wait "$joining" || broken "h2 is ready: $(cat "$scratch/joined")"
expect_equal "configurations" "$configuration" "$(find "$lab_dir/h2/cni-conf" -type f)"
expect_equal "plugins" overlay "$(plugins)"

step "it stays when overlayd ends, is killed, and does not know yet whether it can serve"
lab kill h2
expect "it is there after the end" test -s "$configuration"
lab restart h2
lab kill h2 -9
expect "it is there after the death" test -s "$configuration"
file=$(stat -c '%i %Y' "$configuration")
lab kill h1 -9
lab restart h2 >/dev/null 2>&1 &
joining=$!
eventually "h2 waits again" 20 waits
expect_equal "the file" "$file" "$(stat -c '%i %Y' "$configuration")"
lab restart h1
wait "$joining" || broken "h2 is ready again"
expect_equal "the file, which had not to change" "$file" "$(stat -c '%i %Y' "$configuration")"

step "one that is to be another is replaced by a whole one"
cp /bin/true "$lab_dir/h2/cni-bin/portmap"
lab restart h2
has_both() { [[ $(plugins) == "overlay portmap" ]]; }
eventually "both plugins are in it" 10 has_both
if [[ $file == "$(stat -c '%i' "$configuration") "* ]]; then broken "the file was written in place, where readers see half of it"; fi
expect_equal "what else is there" "$configuration" "$(find "$lab_dir/h2/cni-conf" -type f)"
