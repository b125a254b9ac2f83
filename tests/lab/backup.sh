#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: the drill of docs/recover.md, "A host lost its state". A voter is backed up, goes on, and loses its disk; restored
# from the older file it has its identity and all its blocks, no address is given out twice, and no word of its forgotten
# votes counts. The same file on another host, beside the living one, makes nobody a second h2.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Three addresses for pods in each block.
together=(--bootstrap-expect 3 --join 198.51.100.1 --join 198.51.100.2 --join 198.51.100.3 --block-prefix 30)
state_of_host() { printf '%s/state' "$lab_dir/$1"; }
backup() { lab ctl "$1" -- backup "${@:2}" --state-dir "$(state_of_host "$1")"; }
restore() { lab ctl "$1" -- restore "${@:2}" --state-dir "$(state_of_host "$1")"; }
sees_others() { holds "$1" status '.peers | .known == .reachable and .known == 2'; }
alarm_of() { ask "$1" status ".alarms[] | select(.name == \"$2\") | .text"; }
has_no_alarm() { [[ -z $(alarm_of "$1" "$2") ]]; }
# blocks_of hA hB: of hB, as hA sees them.
blocks_of() { ask "$1" ipam "[.blocks[] | select(.owner == \"$2\" and .state == \"owned\") | .prefix] | sort | join(\" \")"; }
owns_more() { (($(blocks_of h1 h2 | wc -w) > $1)); }
# in_blocks POD BLOCKS: of four addresses each.
in_blocks() {
  local block last
  last=$(address_of "$1")
  last=${last##*.}
  for block in $2; do
    [[ $(address_of "$1") != "${block%.*}".* ]] || ((last - last % 4 != $(sed 's/.*\.\(.*\)\/.*/\1/' <<<"$block"))) || return 0
  done
  return 1
}

step "three voters, pods on two of them; a backup of h2 while it runs"
lab up --hosts 4 --idle
for host in h1 h2 h3; do lab restart "$host" -- "${together[@]}" & done
wait
for host in h1 h2 h3; do eventually "$host sees the others" 30 sees_others "$host"; done
lab pod add h1 a
lab pod add h2 b
id=$(ask h2 status .node.id)
file=$scratch/h2.backup
expect_exit "backup" 0 backup h2 "$file"
say "   $output"
expect_says "backup" "has h2 (${id:0:8} of cluster"
expect_equal "its mode" 600 "$(stat -c %a "$file")"
expect_exit "a second one of that name" 1 backup h2 "$file"
expect_says "the refusal" "is there already; give another name, or --force to replace it"
expect_exit "a restore under a running daemon" 1 restore h2 "$file"
expect_says "the refusal" "stop it first"

step "things change: h2 takes three more pods, for which it needs another block"
old_blocks=$(blocks_of h1 h2)
lab pod add h2 c
lab pod add h2 d
eventually "h2 has another block" 20 owns_more "$(wc -w <<<"$old_blocks")"
lab pod add h2 e
in_blocks e "$old_blocks" && broken "e has an address of a block that the backup does not know"
blocks=$(blocks_of h1 h2)

step "h2 dies; without a daemon its state directory can be backed up; then it is lost"
lab kill h2 -9
expect_exit "backup of a state directory" 0 backup h2 "$scratch/newest"
expect_says "it knows more" "addresses leased: 4"
rm -rf "$(state_of_host h2)"

step "a damaged backup restores nothing"
head -c -1 "$file" >"$scratch/cut"
chmod 600 "$scratch/cut"
expect_exit "a cut file" 1 restore h2 "$scratch/cut"
expect_says "the refusal" "nothing was restored"
[[ ! -e $(state_of_host h2) ]] || broken "nothing is made of a damaged backup"

step "restored from the older one, h2 is who it was and has what it had"
expect_exit "restore" 0 restore h2 "$file"
say "   $output"
expect_says "what follows" "it asks the voters what has changed since"
expect_exit "once more" 1 restore h2 "$file"
expect_says "the refusal" "holds the state of a node already (identity, state.log)"
lab restart h2
for host in h1 h2 h3; do eventually "$host sees the others" 30 sees_others "$host"; done
expect_equal "its identity" "$id" "$(ask h2 status .node.id)"
for block in $blocks; do
  for host in h1 h2; do
    expect "$block is h2's, as $host sees it" grep -qw "$block" <<<"$(blocks_of "$host" h2)"
  done
done
output=$(alarm_of h2 rolled-back)
expect_says "the alarm for the pods that the backup does not know" "start them anew"
output=$(alarm_of h2 voter)
expect_says "its vote is gone" "h2 is a voter whose disk was rolled back, so it votes no more"
expect "b goes on" reaches a "$(address_of b)"

step "no address of a running pod is given out again, not even one that the backup does not know"
lab pod add h2 f
in_blocks f "$blocks" && broken "f has an address of a block where forgotten pods run"
for pod in c d e; do
  lab pod del "$pod"
  lab pod add h2 "$pod"
done
eventually "the alarm goes with those pods" 60 has_no_alarm h2 rolled-back
expect_equal "addresses" 6 "$(for pod in a b c d e f; do address_of "$pod"; done | sort -u | wc -l)"
all_pods_reach_all 4

step "the same file on h4, while h2 lives: it is recognised as a copy"
expect_exit "restore" 0 restore h4 "$file"
lab restart h4 -- --join 198.51.100.1 --join 198.51.100.3
[[ $(ask h4 status .node.id) != "$id" ]] || broken "the copy has an identity of its own"
output=$(alarm_of h4 identity)
say "   $output"
expect_says "the copy's alarm" "h4 has a new identity, for another node lives under the same identity"
expect_equal "h2's identity" "$id" "$(ask h2 status .node.id)"
lab pod add h4 g
all_pods_reach_all 4
expect_equal "owners of each block" "" "$(ask h1 ipam '.blocks[] | select(.state == "owned") | .prefix' | sort | uniq -d)"
