#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: whatever is killed whenever, no address is leaked or doubled and no interface left. Method: random ADD, DEL,
# CHECK and GC of a few containers with several interfaces; the plugin, and overlayd in the middle of the plugin's work,
# are killed at random moments; after each step no two living interfaces have one address, and at the end GC leaves
# nothing. STEPS and SEED from outside; `tools/test --full` takes 2000 steps.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/lab/cni.sh
. "$(dirname "${BASH_SOURCE[0]}")/cni.sh"

steps=${STEPS:-${OVERLAY_FULL:+2000}}
steps=${steps:-40}
seed=${SEED:-$RANDOM}
RANDOM=$seed
readonly containers=(s1 s2 s3 s4 s5 s6) interfaces=(eth0 net1)
declare -A given=() # CONTAINER/IFNAME -> the address of its last ADD that succeeded, until a DEL

# of LIST...: one of them.
of() { printf '%s' "${@:$((RANDOM % $# + 1)):1}"; }

# addresses_there: those that the containers' interfaces really have, one a line.
addresses_there() {
  local name
  for name in "${containers[@]}"; do
    ip -n "$LAB-pod-$name" -o -4 addr show scope global | awk '{print $4}'
  done
}

none_is_doubled() {
  local doubled
  doubled=$(addresses_there | sort | uniq -d)
  [[ -z $doubled ]] || broken "seed $seed, step $1: $doubled is on two interfaces"
}

random_step() {
  local name interface key
  name=$(of "${containers[@]}")
  interface=$(of "${interfaces[@]}")
  key=$name/$interface
  case $((RANDOM % 20)) in
    [0-7])
      plugin h1 ADD "$name" "$interface"
      if ((code == 0)); then given[$key]=$answer; fi
      ;;
    [8-9] | 1[0-2])
      plugin h1 DEL "$name" "$interface"
      ((code != 0)) || unset "given[$key]"
      ;;
    13) [[ -z ${given[$key]:-} ]] || must_or_away h1 CHECK "$name" "$interface" ".prevResult = ${given[$key]}" ;;
    14) must_or_away h1 GC "" "" "$(names_valid "${!given[@]}")" ;;
    15) lifetime=$(moment) interrupted "$(of ADD DEL GC)" "$name" "$interface" ;;
    16 | 17)
      if runs_overlayd; then
        { sleep "$(moment)" && kill -KILL "$(cat "$lab_dir/h1/pid")"; } &
        interrupted "$(of ADD DEL GC)" "$name" "$interface"
        wait $!
      fi
      ;;
    *) runs_overlayd || lab restart h1 >/dev/null ;;
  esac
}

# moment: within the 30 ms that a call takes at most, with the start of all programs.
moment() { printf '0.%05d' $((RANDOM % 3000 + 1)); }

# interrupted COMMAND CONTAINER IFNAME: and then the DEL that every runtime sends after a call that came to no end.
interrupted() {
  local key=$2/$3
  if [[ $1 == GC ]]; then
    plugin h1 GC "" "" "$(names_valid "${!given[@]}")"
    return
  fi
  plugin h1 "$@"
  lifetime='' plugin h1 DEL "$2" "$3"
  ((code != 0)) || unset "given[$key]"
}

runs_overlayd() { lab ctl h1 -- version >/dev/null 2>&1; }
# must_or_away ...: it succeeds, or overlayd is away and it says so.
must_or_away() {
  plugin "$@"
  ((code == 0)) || [[ $(jq -r .code <<<"$answer") == 11 ]] || broken "seed $seed: $2 of $3 $4: $answer"
}

step "$steps random steps, seed $seed"
lab up --hosts 1
for name in "${containers[@]}"; do container "$name"; done
for ((i = 1; i <= steps; i++)); do
  random_step
  none_is_doubled "$i"
done

step "afterwards every lease has its interface and every interface its lease"
runs_overlayd || lab restart h1
collect h1 "${!given[@]}"
expect_equal "seed $seed: leases" "$(printf 'overlay/%s\n' "${!given[@]}" | grep -v '/$' | LC_ALL=C sort | xargs)" "$(leases h1)"
expect_equal "seed $seed: interfaces" "${#given[@]}" "$(ports h1)"
collect h1
nothing_left h1
say "seed $seed: $steps steps left nothing"
