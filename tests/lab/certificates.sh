#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a cluster by certificates instead of a secret: each host proves its node by the authority's word, takes up a renewed
# one while it runs, and a host of another authority, with another's certificate or with a secret stays out and is told why.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

hosts=(h1 h2 h3)
readonly addresses=([1]=198.51.100.1 [2]=198.51.100.2 [3]=198.51.100.3)

# ---- an authority, by the commands that the manual names ----

authority() {
  openssl req -x509 -newkey ed25519 -noenc -subj "/CN=$1" -days 1 -keyout "$scratch/$1.key" -out "$scratch/$1.crt" 2>/dev/null
}
# issue HOST AUTHORITY NODE-ID: HOST's tls.crt and tls.key.
issue() {
  local dir=$scratch/$1
  mkdir -p "$dir"
  rm -f "$dir/new.key"
  (umask 077 && openssl req -new -newkey ed25519 -noenc -subj "/CN=$1" -addext "subjectAltName=URI:overlay:node:$3" \
    -keyout "$dir/new.key" -out "$dir/csr" 2>/dev/null)
  openssl x509 -req -in "$dir/csr" -CA "$scratch/$2.crt" -CAkey "$scratch/$2.key" -CAcreateserial -days 1 \
    -copy_extensions copy -out "$dir/new.crt" 2>/dev/null
  mv "$dir/new.crt" "$dir/tls.crt"
  mv "$dir/new.key" "$dir/tls.key"
}
flags_of() { printf '%s\n' --tls-ca "$scratch/ca.crt" --tls-cert "$scratch/$1/tls.crt" --tls-key "$scratch/$1/tls.key"; }

# start hN FLAGS...: in the background, waiting for nothing.
start() {
  local dir=$lab_dir/$1
  mkdir -p "$dir"/{state,run}
  nsenter --net="/run/netns/$LAB-$1" "$bin/overlayd" --name "$1" --state-dir "$dir/state" --run-dir "$dir/run" \
    --cni-bin-dir "" --cni-conf-dir "" "${@:2}" </dev/null >>"$dir/log" 2>&1 &
  printf '%d\n' $! >"$dir/pid"
}
# refused hN FLAGS...: it ends at once; what it says is left in $output.
refused() {
  local dir=$lab_dir/$1
  mkdir -p "$dir"/{state,run}
  expect_exit "$1" 2 lab exec "$1" -- timeout -s KILL 10 "$bin/overlayd" --name "$1" --state-dir "$dir/state" --run-dir "$dir/run" \
    --cni-bin-dir "" --cni-conf-dir "" "${@:2}"
}
sees() { holds "$1" status ".peers.reachable == $2"; }
says() { grep -qF -- "$2" "$lab_dir/$1/log"; }
link_says() { [[ $(ask "$1" links '.links[].error' 2>/dev/null) == *"$2"* ]]; }
sessions() { ask "$1" links '.links | sort_by(.peer)[] | select(.state == "established") | [.peer, .since] | @tsv'; }

step "a host whose certificate is of no node is told which name it needs"
lab up --hosts 3 --idle
authority ca
authority other
declare -A id
for host in "${hosts[@]}"; do
  issue "$host" ca 00000000000000000000000000000000
  mapfile -t flags < <(flags_of "$host")
  refused "$host" --bootstrap "${flags[@]}"
  expect_says "$host" "have it issued with the subject alternative name URI:overlay:node:"
  id[$host]=${output##*URI:overlay:node:}
  [[ ${id[$host]} =~ ^[0-9a-f]{32}$ ]] || broken "no id in: $output"
done

step "with it, three hosts are one cluster, and no secret is made"
for host in "${hosts[@]}"; do issue "$host" ca "${id[$host]}"; done
mapfile -t flags < <(flags_of h1)
start h1 --bootstrap "${flags[@]}"
for host in h2 h3; do
  mapfile -t flags < <(flags_of "$host")
  start "$host" --join "${addresses[1]}" "${flags[@]}"
done
for host in "${hosts[@]}"; do eventually "$host sees both" 20 sees "$host" 2; done
expect "status says that sessions are authenticated" holds h1 status '.cluster.authenticated'
expect_equal "secrets" "" "$(find "$lab_dir"/h*/state -name secret)"

step "a renewed certificate is taken up without a signal, and no session is lost"
before=$(sessions h2)
cut=$(wc -l <"$lab_dir/h2/log")
issue h2 ca "${id[h2]}"
taken_up() { tail -n "+$((cut + 1))" "$lab_dir/h2/log" | grep -qF 'security certificate="CN = h2'; }
eventually "h2 takes it up" 20 taken_up
expect_equal "the sessions of h2" "$before" "$(sessions h2)"

step "one that does not fit stays out, and the one before it stays"
cp "$scratch/h2/tls.crt" "$scratch/h2/kept"
cp "$scratch/h1/tls.crt" "$scratch/h2/tls.crt"
kill -HUP "$(cat "$lab_dir/h2/pid")"
eventually "h2 says so" 20 says h2 "it is not the key of"
cp "$scratch/h2/kept" "$scratch/h2/tls.crt"

step "who has stolen a certificate has not stolen its node"
lab kill h3
cp -a "$scratch/h3" "$scratch/kept"
cp "$scratch"/h2/tls.{crt,key} "$scratch/h3/"
mapfile -t flags < <(flags_of h3)
refused h3 "${flags[@]}" --join "${addresses[1]}"
expect_says h3 "it is of the node ${id[h2]} and this node is ${id[h3]}"

step "another authority's word counts nothing, and both sides say so"
issue h3 other "${id[h3]}"
cat "$scratch/ca.crt" "$scratch/other.crt" >"$scratch/both.crt"
start h3 --join "${addresses[1]}" --tls-ca "$scratch/both.crt" --tls-cert "$scratch/h3/tls.crt" --tls-key "$scratch/h3/tls.key"
eventually "h1 logs it" 20 says h1 "our --tls-ca does not vouch for the peer's certificate"
eventually "the links of h3 say it" 20 link_says h3 "the peer refuses our certificate"

step "nor does a secret"
lab kill h3
(umask 077 && "$bin/overlayctl" token >"$scratch/secret")
start h3 --join "${addresses[1]}" --secret-file "$scratch/secret"
eventually "h3 says that h1 has certificates" 20 says h3 "it runs with --tls-cert"
lab kill h3

step "with its own it is back"
rm -r "$scratch/h3"
mv "$scratch/kept" "$scratch/h3"
mapfile -t flags < <(flags_of h3)
start h3 --join "${addresses[1]}" "${flags[@]}"
eventually "h3 sees both" 20 sees h3 2
