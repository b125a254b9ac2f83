# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The suite's own tests, on Debian's kernel. Sourced by tools/vm-test.

readonly there=/opt/overlay # where the tree is, on a machine
# Those whose subject is the kernel; the others would only be slower than on the machine that builds.
readonly kernel_labs=(three_hosts dual_stack routed restart_keeps_traffic repairs teardown adopt paths attach)

# copy_tree hN: programs and scripts, laid out as in the repository.
copy_tree() {
  on "$1" test ! -e "$there" || return 0
  on "$1" mkdir -p "$there/build/release"
  tar -C "$repo" -cf - tools tests/lab | feed "$1" tar -C "$there" -xf -
  tar -C "$build" -cf - bin/{overlayd,overlayctl,cni-shim,kernel_test,netlink_test} | feed "$1" tar -C "$there/build/release" -xf -
}

step_kernel() {
  local name
  step "the tests of overlay/kernel"
  copy_tree h1
  for name in netlink_test kernel_test; do
    expect "$name" on h1 "$there/build/release/bin/$name" --gtest_brief=1
  done
}

step_labs() {
  local name begun failed=()
  copy_tree h1
  for name in "${kernel_labs[@]}"; do
    step "tests/lab/$name.sh"
    begun=$SECONDS
    on h1 env OVERLAY_PATIENCE="$patience" timeout -k 30 $((300 * patience)) "$there/tests/lab/$name.sh" >"$scratch/$name.log" 2>&1 || failed+=("$name")
    say "   $(tail -n 1 "$scratch/$name.log") ($((SECONDS - begun)) s)"
  done
  for name in "${failed[@]}"; do printf '\n-- %s\n' "$name" && cat "$scratch/$name.log"; done
  expect_equal "labs that failed" "" "${failed[*]}"
}
