# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # scratch, lab_dir and repo are lib.sh's
# A Kubernetes cluster on a lab whose hosts run no overlayd: h1 is the control plane, the others are nodes. Who may do
# what is told by static tokens, the API server's certificate is of its own making; nothing of it outlives the test.
# Sourced by tests/kube/run, after lib.sh.

# What the cluster speaks: `families` is ipv4, ipv6 or dual. Where it is both, IPv4 comes first, as it does by default
# elsewhere too. `wrong_pools` hold the services. `ipam` is overlayd's.
case ${families:=ipv4} in
  ipv4) readonly spoken=(4) services=10.96.0.0/12 pools=10.32.0.0/12 wrong_pools=10.96.0.0/12 ;;
  ipv6) readonly spoken=(6) services=fd96::/112 pools=fd44::/48 wrong_pools=fd96::/48 ;;
  dual) readonly spoken=(4 6) services=10.96.0.0/12,fd96::/112 pools=10.32.0.0/16,fd44::/48 wrong_pools=10.96.0.0/16,fd96::/48 ;;
  *) refuse "families are ipv4, ipv6 or dual, not '$families'" ;;
esac
# address_of hN FAMILY; in_url ADDRESS; family_of ADDRESS.
address_of() { if [[ $2 == 4 ]]; then printf '198.51.100.%d' "${1#h}"; else printf '2001:db8:1::%d' "${1#h}"; fi; }
in_url() { if [[ $1 == *:* ]]; then printf '[%s]' "$1"; else printf '%s' "$1"; fi; }
family_of() { if [[ $1 == *:* ]]; then printf 6; else printf 4; fi; }
addresses_of() {
  local family
  for family in "${spoken[@]}"; do address_of "$1" "$family" && printf '\n'; done
}
api=$(address_of h1 "${spoken[0]}")
readonly api
readonly needed_programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl)
readonly needed_commands=(etcd containerd runc conntrack iptables buildah busybox openssl)
cgroup=/overlay-$LAB
declare -A control_plane=() # what of it -> its process
declare -A init=() # host -> the process that its node lives by

k() { nsenter --net="/run/netns/$LAB-h1" "$scratch/bin/kubectl" --kubeconfig="$scratch/admin.conf" "$@"; }
k_quiet() { k "$@" >/dev/null 2>&1; }
nodes() { lab status | awk '$1 != "h1" && /^h/ {print $1}'; }

# kubeconfig USER GROUPS FILE: a token for that user, who is of those groups.
kubeconfig() {
  local token
  token=$(openssl rand -hex 16)
  printf '%s,%s,%s,"%s"\n' "$token" "$1" "$1" "$2" >>"$scratch/tokens.csv"
  cat >"$3" <<END
apiVersion: v1
kind: Config
clusters: [{name: lab, cluster: {server: "https://$(in_url "$api"):6443", certificate-authority: $scratch/certificates/apiserver.crt}}]
users: [{name: user, user: {token: $token}}]
contexts: [{name: lab, context: {cluster: lab, user: user}}]
current-context: lab
END
}

make_accounts() {
  local host
  kubeconfig admin system:masters "$scratch/admin.conf"
  kubeconfig system:kube-controller-manager '' "$scratch/controller-manager.conf"
  kubeconfig system:kube-scheduler '' "$scratch/scheduler.conf"
  kubeconfig system:kube-proxy '' "$scratch/kube-proxy.conf"
  for host in "$@"; do
    mkdir -p "$scratch/$host"
    kubeconfig "system:node:$host" system:nodes "$scratch/$host/kubelet.conf"
  done
  openssl genpkey -quiet -algorithm RSA -out "$scratch/account.key" 2>/dev/null
}

# in_control_plane LOG COMMAND...: runs until the lab goes down, which ends whatever is in its namespaces.
in_control_plane() {
  setsid nsenter --net="/run/netns/$LAB-h1" "${@:2}" >>"$scratch/log/$1" 2>&1 </dev/null &
  control_plane[$1]=$!
  disown
}

start_control_plane() {
  mkdir -p "$scratch"/{log,certificates}
  in_control_plane etcd etcd --data-dir "$scratch/etcd" --unsafe-no-fsync --listen-client-urls http://127.0.0.1:2379 \
    --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380
  start_api_server
  in_control_plane controller-manager "$scratch/bin/kube-controller-manager" --kubeconfig="$scratch/controller-manager.conf" \
    --authentication-kubeconfig="$scratch/controller-manager.conf" --authorization-kubeconfig="$scratch/controller-manager.conf" \
    --leader-elect=false --use-service-account-credentials=true --service-account-private-key-file="$scratch/account.key" \
    --root-ca-file="$scratch/certificates/apiserver.crt" --cert-dir="$scratch/certificates" \
    --service-cluster-ip-range="$services" --allocate-node-cidrs="$([[ $ipam == kubernetes ]] && echo true || echo false)" \
    --cluster-cidr="$pools"
  in_control_plane scheduler "$scratch/bin/kube-scheduler" --kubeconfig="$scratch/scheduler.conf" --leader-elect=false \
    --authentication-kubeconfig="$scratch/scheduler.conf" --authorization-kubeconfig="$scratch/scheduler.conf"
}

start_api_server() {
  in_control_plane apiserver "$scratch/bin/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 --advertise-address="$api" \
    --bind-address="$([[ $api == *:* ]] && echo :: || echo 0.0.0.0)" \
    --service-cluster-ip-range="$services" --allow-privileged=true --authorization-mode=Node,RBAC \
    --enable-admission-plugins=NodeRestriction --token-auth-file="$scratch/tokens.csv" --cert-dir="$scratch/certificates" \
    --kubelet-preferred-address-types=InternalIP --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file="$scratch/account.key" --service-account-signing-key-file="$scratch/account.key"
  eventually "the API server is ready" 120 k_quiet get --raw /readyz
}
stop_api_server() {
  kill -KILL "${control_plane[apiserver]}"
  eventually "the API server is away" 20 is_away
}
is_away() { ! k_quiet get --raw /readyz; }

# make_cgroup hN: where the kubelet puts its pods, in every hierarchy of the machine.
make_cgroup() {
  local hierarchy file
  for hierarchy in $(hierarchies); do
    mkdir -p "$hierarchy$cgroup/$1"
    for file in cpuset.cpus cpuset.mems; do
      [[ ! -e $hierarchy/$file || -e $hierarchy/cgroup.controllers ]] || {
        cat "$hierarchy/$file" >"$hierarchy$cgroup/$file"
        cat "$hierarchy/$file" >"$hierarchy$cgroup/$1/$file"
      }
    done
  done
}
hierarchies() { find /sys/fs/cgroup -maxdepth 2 -name cgroup.procs -printf '%h\n'; }

# start_node hN: as a machine that is switched on. stop_node hN: as one whose power fails; its disk stays, and nothing of
# the overlay in its kernel.
start_node() {
  make_cgroup "$1"
  lab exec "$1" -- sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  setsid nsenter --net="/run/netns/$LAB-$1" unshare --mount --uts --ipc --pid --fork --kill-child --mount-proc \
    "$repo/tests/kube/node" "$scratch/$1" "$1" "$(addresses_of "$1" | paste -sd ,)" "$cgroup/$1" "$pools" >"$scratch/$1/out" 2>&1 </dev/null &
  init[$1]=$!
}
stop_node() {
  local device
  kill -KILL "${init[$1]}"
  wait "${init[$1]}" 2>/dev/null || true
  unset "init[$1]"
  for device in overlay0 overlay.vx overlay.wg; do ip -n "$LAB-$1" link delete "$device" 2>/dev/null || true; done
  ip -n "$LAB-$1" nexthop flush >/dev/null 2>&1 || true
}

# on_node hN COMMAND...: among the node's processes, files and interfaces.
on_node() {
  local first
  first=$(pgrep --parent "${init[$1]}")
  nsenter --target "$first" --mount --uts --ipc --net --pid -- "${@:2}"
}

no_process_left() { [[ -z $(find /sys/fs/cgroup -path "*$cgroup/*" -name cgroup.procs -exec cat {} + 2>/dev/null) ]]; }
clean_up() {
  local host hierarchy
  for host in "${!init[@]}"; do stop_node "$host"; done
  wait_until 20 no_process_left || true
  for hierarchy in $(hierarchies); do
    [[ ! -d $hierarchy$cgroup ]] || find "$hierarchy$cgroup" -depth -type d -exec rmdir {} +
  done
}

# ---- images, without a registry ----

# pod_image: a web server that tells who asked, ping and curl; and as the sandbox of pods, something that sleeps.
pod_image() {
  local tree=$scratch/pod-tree container program
  mkdir -p "$tree"/{bin,tmp,etc,www/cgi-bin}
  cp /bin/busybox "$tree/bin/"
  printf 'root:x:0:0:root:/:/bin/busybox\n' >"$tree/etc/passwd"
  # shellcheck disable=SC2016 # the server's
  printf '%s\n' '#!/bin/busybox sh' 'who=${REMOTE_ADDR#?} who=${who%?}' 'printf "Content-Type: text/plain\n\n%s\n" "${who#::ffff:}"' >"$tree/www/cgi-bin/who"
  chmod +x "$tree/www/cgi-bin/who"
  for program in ping curl; do cp --dereference "$(command -v "$program")" "$tree/bin/"; done
  "$repo/manifests/copy-libraries" "$tree"
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$tree" / >/dev/null
  buildah config --cmd '["/bin/busybox", "sleep", "infinity"]' "$container"
  buildah commit --quiet --rm "$container" "docker-archive:$scratch/images/pod.tar:localhost/pod:1" >/dev/null
}

# diagnose is lib.sh's; of a cluster there is more to see.
diagnose() {
  local host log
  printf '\n-- the cluster as it is:\n'
  timeout 20 "$scratch/bin/kubectl" version --client 2>&1 || true
  timeout 20 nsenter --net="/run/netns/$LAB-h1" "$scratch/bin/kubectl" --kubeconfig="$scratch/admin.conf" get nodes,pods -A -o wide 2>&1 || true
  k get events -A --sort-by=.lastTimestamp 2>&1 | tail -n 25 || true
  k -n overlay-system logs -l app.kubernetes.io/name=overlay --prefix --tail 20 2>&1 || true
  for log in "$scratch"/log/* "$scratch"/h*/log/* "$scratch"/h*/out; do
    [[ -s $log ]] || continue
    printf -- '-- %s\n' "${log#"$scratch"/}" && tail -n 8 "$log"
  done
}
