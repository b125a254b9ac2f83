#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: the first command of the README works, twice, within 20 seconds once built, and `down` leaves nothing.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

step "quickstart"
begun=$SECONDS
expect_exit "quickstart" 0 "$repo/tools/quickstart"
say "$output"
((SECONDS - begun < 20)) || broken "it took $((SECONDS - begun)) s"
expect_says "it shows the status" "10.32.0.0/12"
expect_says "it says how to go on" "tools/quickstart down"

step "once more, over what is running"
expect_exit "quickstart again" 0 "$repo/tools/quickstart"

step "down"
expect_exit "quickstart down" 0 "$repo/tools/quickstart" down
expect_equal "namespaces left" "" "$(ip netns list | grep "^$LAB-" || true)"
[[ ! -e $lab_dir ]] || broken "$lab_dir is left"
# shellcheck disable=SC2009 # pgrep would not show whole command lines
expect_equal "processes left" "" "$(ps -eo args | grep -F "$lab_dir/" | grep -v grep || true)"
expect_exit "down with nothing there" 0 "$repo/tools/quickstart" down
