#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: what cannot work is refused in one sentence that names it and the cure, with exit 2, and changes nothing; what
# strangers send costs their connection and nothing else.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# run_overlayd hN FLAGS...: a second daemon with directories of its own; it ends by itself, or after 10 s by force.
run_overlayd() {
  lab exec "$1" -- timeout -s KILL 10 "$bin/overlayd" --name second --state-dir "$scratch/state" --run-dir "$scratch/run" \
    --cni-bin-dir "" --cni-conf-dir "" --metrics 127.0.0.1:7782 --insecure "${@:2}"
}

# refuses hN WHAT WORDS FLAGS...: exit 2, one line with these words (a pattern), and no trace.
refuses() {
  local links
  rm -rf "${scratch:?}"/{state,run}
  links=$(lab exec "$1" -- ip -br link | awk '{print $1}')
  expect_exit "$2" 2 run_overlayd "$1" "${@:4}"
  expect_says "$2" "$3"
  expect_equal "$2: lines of the refusal ($output)" 1 "$(wc -l <<<"$output")"
  expect_equal "$2: links of $1" "$links" "$(lab exec "$1" -- ip -br link | awk '{print $1}')"
  say "   $2: $output"
}

step "a host without a daemon (h1), and one that serves (h2)"
lab up --hosts 3 --idle
lab restart h2 -- --bootstrap
lab pod add h2 b

step "flags that mean nothing, or not together"
refuses h1 "an unknown flag" "--frobnicate" --bootstrap --frobnicate
refuses h1 "a pool that is no prefix" "10.32.0.0" --bootstrap --pool 10.32.0.0
refuses h1 "a pool with host bits" "10.32.0.0/12" --bootstrap --pool 10.32.0.1/12
refuses h1 "two pools that overlap" "--pool" --bootstrap --pool 10.32.0.0/12 --pool 10.33.0.0/16
refuses h1 "blocks larger than the pool" "--block-prefix" --bootstrap --pool 10.32.0.0/24 --block-prefix 20
refuses h1 "an MTU that is none" "--mtu" --bootstrap --mtu banana
refuses h1 "a port out of range" "--vxlan-port" --bootstrap --vxlan-port 70000
refuses h1 "a VNI out of range" "--vni" --bootstrap --vni 16777216
refuses h1 "a join target that is none" "--join" --join "http://h2"
refuses h1 "a log level that does not exist" "--log-level" --bootstrap --log-level loud
refuses h1 "a secret and none" "--insecure and --secret-file" --bootstrap --secret-file "$lab_dir/secret"
refuses h1 "a configuration file that is not there" "$scratch/no.toml" --config "$scratch/no.toml"

step "addresses that cannot be used here"
refuses h1 "an underlay address of another host" "203.0.113.77" --bootstrap --underlay-address 203.0.113.77
refuses h1 "a pool that holds the underlay address" "198.51.100.1" --bootstrap --pool 198.51.0.0/16
lab exec h1 -- ip route add 10.40.7.0/24 via 198.51.100.254
refuses h1 "a pool that holds a host's route" "10.40.7.0/24" --bootstrap
lab exec h1 -- ip route del 10.40.7.0/24
refuses h2 "a mesh port that is taken" "6783" --join 198.51.100.3
refuses h1 "a mesh address of another host" "203.0.113.77" --bootstrap --listen 203.0.113.77:6783

step "state that cannot be read"
refuses h1 "a state directory that is a file" "/dev/null" --bootstrap --state-dir /dev/null/state
expect "h2 still serves" holds h2 status '.node.ready'

step "state that is damaged is named and left as it is"
lab kill h2
state=$(find "$lab_dir/h2/state" -type f -size +0 -printf '%s %p\n' | sort -n | tail -n 1)
state=${state#* }
cp -a "$lab_dir/h2/state" "$scratch/good"
printf 'DAMAGED!' | dd of="$state" bs=1 seek=40 conv=notrunc status=none
damaged=$(sha256sum "$state")
expect_exit "damaged state" 2 lab exec h2 -- timeout -s KILL 10 "$bin/overlayd" --name h2 --state-dir "$lab_dir/h2/state" \
  --run-dir "$lab_dir/h2/run" --cni-bin-dir "" --cni-conf-dir "" --secret-file "$lab_dir/secret"
expect_says "damaged state" "$lab_dir/h2/state"
expect_equal "the damaged file is left" "$damaged" "$(sha256sum "$state")"
say "   damaged state: $output"
rm "$state"
for attempt in first second; do
  expect_exit "lost state log, $attempt start" 2 lab exec h2 -- timeout -s KILL 10 "$bin/overlayd" --name h2 \
    --state-dir "$lab_dir/h2/state" --run-dir "$lab_dir/h2/run" --cni-bin-dir "" --cni-conf-dir "" \
    --secret-file "$lab_dir/secret"
  expect_says "lost state log, $attempt start" "state.log was lost"
done
rm -rf "$lab_dir/h2/state"
cp -a "$scratch/good" "$lab_dir/h2/state"
lab restart h2
expect "the pod kept its address" holds h2 status '.ipam.addresses == 1'

step "strangers on the mesh port"
talk() { # talk FILE: sends it from h3 to h2 and returns when h2 has closed the connection
  timeout 15 nsenter --net="/run/netns/$LAB-h3" bash -c "exec 3<>/dev/tcp/198.51.100.2/6783; cat '$1' >&3; cat <&3 >/dev/null"
}
head -c 4096 /dev/urandom >"$scratch/noise"
printf '\xff\xff\xff\xff' >"$scratch/endless"
printf 'GET / HTTP/1.1\r\nHost: h2\r\n\r\n' >"$scratch/http"
: >"$scratch/silence"
for stranger in noise endless http silence; do
  expect "h2 ends the connection of $stranger" talk "$scratch/$stranger" 2>/dev/null
  expect "h2 still serves after $stranger" holds h2 status '.node.ready'
done
expect "h2 says who it was" grep -q '198\.51\.100\.3' "$lab_dir/h2/log"

step "garbage on the control socket"
# However the connection ends: what counts is that it does, and what comes after.
timeout 15 curl -sS --unix-socket "$lab_dir/h2/run/overlayd.sock" telnet://overlay <"$scratch/noise" >/dev/null 2>&1 \
  || expect_equal "the daemon ends a connection of noise within 15 s" 56 $?
expect_equal "an unknown path" 404 "$(curl -sS -o /dev/null -w '%{http_code}' --unix-socket "$lab_dir/h2/run/overlayd.sock" http://overlay/v1/lunch)"
expect_equal "a body that is not JSON" 400 "$(curl -sS -o /dev/null -w '%{http_code}' --unix-socket "$lab_dir/h2/run/overlayd.sock" -d 'not json' http://overlay/v1/cni/add)"
expect "h2 still serves" holds h2 status '.node.ready'
lab pod add h2 b2
expect "pods still reach each other" reaches b "$(address_of b2)"
