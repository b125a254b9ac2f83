# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of the map share: a copy of ui/ in the build tree, with its npm packages. Sourced, never run.

skip() { say "SKIPPED: $*" && exit 77; }

# enter_ui BUILD-DIR: goes into an up to date copy there; one test makes it, the others wait.
enter_ui() {
  command -v npm >/dev/null || skip "no npm here; tools/install-packages ui installs it"
  mkdir -p "$1/ui"
  exec 8>"$1/ui/lock"
  flock 8
  # What has gone from ui/ must go here too; the packages stay.
  find "$1/ui" -mindepth 1 -maxdepth 1 ! -name node_modules ! -name lock -exec rm -r {} +
  (cd "$repo/ui" && tar -c --exclude=./node_modules .) | tar -x -C "$1/ui"
  cd "$1/ui"
  cmp -s package-lock.json node_modules/lock || install_packages
  flock -u 8
}

install_packages() {
  if ! npm ci >npm.log 2>&1; then
    # Without the registry there is nothing to find out; what else is wrong with the packages is.
    if grep -qE 'ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH' npm.log; then
      skip "npm reaches no registry: $(grep -m 1 -oE 'E[A-Z_]{6,}' npm.log)"
    fi
    cat npm.log
    fail "npm ci"
  fi
  cp package-lock.json node_modules/lock
}

need_chromium() { [[ -x ${CHROMIUM:-/usr/bin/chromium} ]] || skip "no Chromium here; tools/install-packages ui-browser installs it"; }
