#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: what the image holds is all that its programs need, and small. Method: the tree that manifests/Containerfile makes
# its last stage of, from the programs built here; each is started with that tree as its root. The whole recipe, which
# compiles once more, is tests/kube/image.sh.
#
#   tests/kube/image_tree.sh BUILD-DIRECTORY
set -euo pipefail
# shellcheck source=tools/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib/common.sh"
[[ $EUID -eq 0 ]] || { say "SKIPPED: needs root to change the root directory" && exit 77; }
readonly bytes_max=40000000
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

DESTDIR=$tree cmake --install "$1" --prefix /usr --strip >/dev/null
rm -r "${tree:?}"/usr/{share,lib}
"$repo/manifests/copy-libraries" "$tree"
for program in sbin/overlayd bin/overlayctl libexec/cni-shim; do
  chroot "$tree" "/usr/$program" --version || fail "$program does not start in its image"
done
bytes=$(tar --create --gzip --directory "$tree" . | wc -c)
say "compressed: $bytes bytes"
((bytes < bytes_max)) || fail "the image has $bytes bytes, more than $bytes_max"
