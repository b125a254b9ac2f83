#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: what overlayctl says of itself completes its commands, options and values in the shells it is for.
#
#   tests/completion.sh OVERLAYCTL
set -euo pipefail
# shellcheck disable=SC2034 # $repo, of the library
# shellcheck source=tools/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tools/lib/common.sh"
program=$(realpath "$1")

# offers WORDS... : what bash offers when the last of them is being typed.
offers() {
  bash -c 'source <("$1" completion bash); shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _overlayctl; printf "%s " "${COMPREPLY[@]}"' \
    offers "$program" "$@"
}
# expect WANTED WORDS...
expect() {
  local got
  got=$(offers "${@:2}")
  [[ $got == "$1" ]] || fail "bash offers '$got' for '${*:2}', not '$1'"
}
expect "status " overlayctl sta
expect "peers " overlayctl pe
expect "table wide json " overlayctl peers -o ""
expect "addresses assign " overlayctl ipam a
expect "--timeout " overlayctl wait --for ready --t
expect "ready " overlayctl wait --for re
for shell in zsh fish; do
  command -v "$shell" >/dev/null || refuse "no $shell; install it with: tools/install-packages test"
  "$program" completion "$shell" | "$shell" -n /dev/stdin || fail "$shell does not take its completion"
done
# shellcheck disable=SC2016 # expanded by fish
fish --no-config -c 'source (eval $argv[1] completion fish | psub); complete -C "overlayctl sta"' "$program" | grep -q '^status' \
  || fail "fish does not offer status"
say "completions work"
