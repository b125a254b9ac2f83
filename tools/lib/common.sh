# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts share: messages of one line, refusals, and waiting for conditions. Sourced, never run.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf '%s\n' "$*"; }

# The request was understood and did not work: exit 1.
fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# The request itself is wrong: exit 2.
refuse() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 2
}

need_root() { [[ $EUID -eq 0 ]] || refuse "needs root: $1"; }

# Microseconds since the epoch; the decimal sign of EPOCHREALTIME depends on the locale.
now_us() { printf '%s' "${EPOCHREALTIME/[.,]/}"; }

# Whatever is waited for may take so many times longer, where a machine is slow: one that is emulated.
patience=${OVERLAY_PATIENCE:-1}

# wait_until SECONDS COMMAND...: true as soon as COMMAND succeeds, false when SECONDS have passed without that. It looks
# every 20 ms at first; later less often, since a look may cost as much as what it waits for.
wait_until() {
  local begun now deadline pause # read as now_us does, but without a process for each look
  begun=${EPOCHREALTIME/[.,]/}
  deadline=$((begun + $1 * patience * 1000000))
  shift
  until "$@"; do
    now=${EPOCHREALTIME/[.,]/}
    ((now < deadline)) || return 1
    pause=$(((now - begun) / 10))
    pause=$((pause < 20000 ? 20000 : pause > 250000 ? 250000 : pause))
    sleep "0.$(printf '%06d' "$pause")"
  done
}

# list_files PATTERN...: the files of the repository here (git's view, or all but build/ in an unpacked archive).
list_files() {
  local pattern
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files --cached --others --exclude-standard -- "$@" | while IFS= read -r pattern; do
      [[ ! -f $pattern ]] || printf '%s\n' "$pattern"
    done
  else
    for pattern in "$@"; do find . -path ./build -prune -o -type f -path "./$pattern" -printf '%P\n'; done
  fi | LC_ALL=C sort -u
}

# newest_package BUILD-DIR: the Debian package that was made there last.
newest_package() {
  local found
  found=$(find "$1" -maxdepth 1 -name 'overlay_*.deb' -printf '%T@ %p\n' 2>/dev/null | sort -n | tail -n 1 | cut -d ' ' -f 2)
  [[ -n $found ]] || refuse "no Debian package in $1; make it with: tools/package"
  printf '%s' "$found"
}
