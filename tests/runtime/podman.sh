# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # scratch, server and published_port are the caller's
# podman with its CNI backend. It has no daemon, so a sleeper holds the view.

# shellcheck disable=SC2034 # read by tests/runtime/run
needed_commands=(podman runc)
# shellcheck disable=SC2034
view_command=(sleep infinity)

start() {
  local dir=$scratch/$1
  cat >"$dir/containers.conf" <<END
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
static_dir = "$dir/static"
volume_path = "$dir/volumes"
tmp_dir = "$dir/tmp"
[network]
network_backend = "cni"
cni_plugin_dirs = ["/opt/cni/bin"]
network_config_dir = "/etc/cni/net.d"
default_network = "overlay"
END
  printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/storage"\nrunroot = "%s/run"\n' "$dir" "$dir" >"$dir/storage.conf"
  expect "podman of $1 reads our network" on "$1" network inspect overlay >/dev/null
}

on() {
  in_view "$1" env CONTAINERS_CONF="$scratch/$1/containers.conf" CONTAINERS_STORAGE_CONF="$scratch/$1/storage.conf" \
    podman "${@:2}"
}

# With limits given, for podman's own may be above what this root may set.
run_container() {
  on "$1" run --detach --name "$2" --network overlay --cgroup-parent "/$LAB" --ulimit nofile=1024:1024 \
    --ulimit nproc=1024:1024 --publish "$published_port:80" --rootfs "$scratch/$1/rootfs" "${server[@]}" >/dev/null
}

inside() { on "$1" exec "${@:2}"; }

remove() { on "$1" rm --force --time 0 "$2" >/dev/null; }
