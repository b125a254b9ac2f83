# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the benches share: a lab of their own that is removed at the end, and the arithmetic. Sourced, never run.
# shellcheck source=tools/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib/common.sh"

need_root "network namespaces are made and entered"
export LAB=b$$
# shellcheck disable=SC2034 # for the benches
bin=$(cd "$repo" && realpath "${OVERLAY_BIN:-build/release/bin}")
lab_dir=${OVERLAY_LAB_DIR:-/run/overlay-lab}/$LAB
scratch=$(mktemp -d)
trap finish EXIT
trap 'exit 143' TERM INT

# What a bench has made beside the lab; overridden by those that did.
clean_up() { :; }

finish() {
  local status=$?
  trap - EXIT TERM INT
  clean_up
  ask_lab down >/dev/null || true
  rm -rf "$scratch"
  exit "$status"
}

# Progress goes to stderr, so that the table alone can be kept.
lab() { "$repo/tools/lab" "$@" >&2; }
ask_lab() { "$repo/tools/lab" "$@"; }
note() { printf '%s\n' "$*" >&2; }
need() { command -v "$1" >/dev/null || refuse "no $1; install it with: tools/install-packages bench"; }
# pod_address POD [4|6]
pod_address() {
  jq -r --arg sign "$([[ ${2:-4} == 6 ]] && echo : || echo .)" \
    '[.ips[].address | select(contains($sign))][0] | sub("/.*"; "")' "$lab_dir/pods/$1/result.json"
}

# gbits CLIENT-NS SERVER-NS ADDRESS SECONDS [STREAMS]: TCP, one run.
gbits() {
  local server
  nsenter --net="/run/netns/$2" iperf3 -s -1 -p 5201 >/dev/null 2>&1 &
  server=$!
  wait_until 5 listens "$2" || fail "iperf3 does not listen in $2"
  nsenter --net="/run/netns/$1" iperf3 -c "$3" -p 5201 -t "$4" -P "${5:-1}" -J | jq '.end.sum_received.bits_per_second / 1e9'
  wait "$server"
}

listens() { [[ -n $(nsenter --net="/run/netns/$1" ss -Hltn 'sport = 5201') ]]; }

heading() {
  # shellcheck disable=SC2016 # the backquotes are Markdown
  printf '## %s\n\ncommand: `%s`; %s, kernel %s, %s cores, %s\n\n' "$1" "bench/${0##*/}${2:+ $2}" \
    "$(date -u +%Y-%m-%d)" "$(uname -r)" "$(nproc)" "$(git -C "$repo" rev-parse --short HEAD 2>/dev/null || echo 'no git')"
}

# Numbers on stdin to: "median lowest highest", with FORMAT (of printf) each.
median() {
  LC_ALL=C sort -n | awk -v format="$1" '{v[NR] = $1} END {
    middle = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
    printf format " " format " " format "\n", middle, v[1], v[NR] }'
}

# Numbers on stdin to: "mean low high", the two-sided 95 % confidence interval of the mean (Student's t).
confidence() {
  LC_ALL=C awk '{ n++; sum += $1; squares += $1 * $1 } END {
    # t for 97.5 % by degrees of freedom; between two of the table the smaller df is taken, which widens the interval.
    split("1 12.706 2 4.303 3 3.182 4 2.776 5 2.571 6 2.447 7 2.365 8 2.306 9 2.262 10 2.228 11 2.201 12 2.179 13 2.160 " \
          "14 2.145 15 2.131 16 2.120 17 2.110 18 2.101 19 2.093 20 2.086 25 2.060 30 2.042 40 2.021 60 2.000", table, " ")
    if (n < 2) { print "needs two numbers or more" > "/dev/stderr"; exit 1 }
    for (i = 1; i in table && table[i] <= n - 1; i += 2) t = table[i + 1]
    mean = sum / n; variance = (squares - n * mean * mean) / (n - 1); if (variance < 0) variance = 0
    half = t * sqrt(variance / n)
    printf "%.3f %.3f %.3f\n", mean, mean - half, mean + half }'
}
