#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: one command makes the image, under 40 MB compressed, and twice the same.
set -euo pipefail
# shellcheck source=tools/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib/common.sh"
[[ -n ${OVERLAY_FULL:-} ]] || { say "SKIPPED: compiles everything twice more; tools/test --full does it" && exit 77; }
readonly bytes_max=40000000
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$repo/tools/image" "$scratch/one.tar"
"$repo/tools/image" "$scratch/two.tar"
cmp "$scratch/one.tar" "$scratch/two.tar" || fail "two builds of one commit differ"
bytes=$(gzip --stdout "$scratch/one.tar" | wc -c)
say "compressed: $bytes bytes"
((bytes < bytes_max)) || fail "the image has $bytes bytes, more than $bytes_max"
