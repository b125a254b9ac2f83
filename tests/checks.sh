#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: each check of tools/ finds what it is for. Method: a tree that is clean, then one damage at a time.
set -euo pipefail
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")/../tools" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

fresh() {
  rm -rf "${tree:?}"/*
  mkdir -p "$tree"/overlay/{base,mesh,kernel,daemon,transport} "$tree"/{cni-shim,tools,docs/man}
  cp "$tools/../.clang-format" "$tree"
  put overlay/base/ok.h '#pragma once' '' 'namespace overlay {' '' 'int ok();' '' '}  // namespace overlay'
  put overlay/mesh/ok.cc '#include "overlay/base/ok.h"' '' 'int overlay::ok() { return 1; }'
}

# put FILE LINES...: after the licence line.
put() {
  mkdir -p "$(dirname "$tree/$1")"
  printf '%s\n' '// SPDX-License-Identifier: Apache-2.0' "${@:2}" >"$tree/$1"
}

# expect CHECK found|clean NAME [TEXT]: and that its output holds TEXT.
expect() {
  local output status=0
  output=$("$tools/check-$1" "$tree" 2>&1) || status=$?
  if [[ $2 == clean && $status -eq 0 ]]; then return; fi
  if [[ $2 == found && $status -eq 1 && $output == *"${4:-}"* ]]; then return; fi
  printf 'FAIL: check-%s, %s: wanted %s, got exit %d and:\n%s\n' "$1" "$3" "$2" "$status" "$output"
  failures=$((failures + 1))
}

lines() { for ((i = 0; i < $1; i++)); do echo "$2"; done; }

fresh
for check in layers format size repo; do expect "$check" clean "the clean tree"; done

while IFS='|' read -r verdict file line text; do
  fresh
  put "$file" "$line"
  expect layers "$verdict" "$line" "$text"
done <<'END'
found|overlay/base/x.cc|#include "overlay/mesh/ok.h"|may include only
found|overlay/kernel/x.cc|#include "overlay/transport/session.h"|may include only
found|overlay/new/x.cc|int x;|give it a line
found|overlay/mesh/x.cc|#include "overlay/v1/mesh.pb.h"|protobuf
found|overlay/mesh/x.cc|auto t = std::chrono::steady_clock::now();|given the time
found|overlay/mesh/x.cc|std::random_device seed;|seed replays
found|overlay/mesh/x.cc|#include <iostream>|returns effects
found|overlay/mesh/x.cc|#include <sys/socket.h>|system call
found|overlay/mesh/x.cc|#include <boost/asio.hpp>|shell
found|overlay/mesh/x.cc|std::unordered_map<int, int> table;|sorted
found|overlay/mesh/x.cc|const char* home = getenv("HOME");|daemon alone
found|overlay/kernel/x.cc|int r = system("ip link");|executes no program
found|overlay/kernel/x.cc|execvp(path, argv);|executes no program
found|overlay/kernel/x.cc|posix_spawn(&pid, path, 0, 0, argv, env);|only overlay/daemon
clean|overlay/daemon/x.cc|posix_spawn(&pid, path, 0, 0, argv, env);|
found|overlay/mesh/x_test.cc|std::this_thread::sleep_for(one_second);|deadline
found|overlay/mesh/x.cc|for (int x : std::views::reverse(all)) use(x);|clang 14
found|overlay/transport/x.cc|auto n = co_await read(stream, [&] { return 1; });|miscompiles
found|overlay/transport/x.cc|co_await send(Frame{1, 2});|miscompiles
found|overlay/transport/x.cc|if (co_await send({1, 2})) {|miscompiles
found|overlay/transport/x.cc|auto task = [this]() -> awaitable<void> { co_return; };|captures
clean|overlay/transport/x.cc|if (auto [error, n] = co_await read(buffers[1], std::move(frame)); error) { return; }|
clean|overlay/transport/x.cc|while (co_await next()) { use({1, 2}); }|
clean|overlay/mesh/x.cc|// steady_clock is not used here; "system(" neither|
clean|overlay/mesh/x.cc|boost::system::result<int> next(Time now);|
clean|overlay/mesh/x.cc|std::unordered_set<int> seen;  // layers: only counted, never iterated|
END

fresh
put overlay/mesh/x.cc 'auto n = co_await read(stream,' '    [&] { return 1; });'
expect layers found "a lambda on the line after co_await" "x.cc:2"

fresh
put overlay/mesh/x.cc 'int  x ;'
expect format found "unformatted" "x.cc:2"

fresh
{ echo 'int f() {'; lines 69 '  g();'; echo '}'; } >"$tree/overlay/mesh/long.cc"
expect size found "a function of 71 lines" "long.cc:f has 71 lines"
{ echo 'int f() {'; lines 68 '  g();'; echo '}'; } >"$tree/overlay/mesh/long.cc"
expect size clean "a function of 70 lines"
{ echo 'namespace a {'; lines 100 'int x;'; echo 'struct B {'; lines 100 '  int y;'; echo '};'; echo '}'; } >"$tree/overlay/mesh/long.cc"
expect size clean "namespaces and classes are no functions"
{ echo 'TEST(Long, OneIsFound) {'; lines 70 '  g();'; echo '}'; } >"$tree/overlay/mesh/long.cc"
expect size found "a test of 72 lines" "Long.OneIsFound has 72 lines"
lines 501 '// x' >"$tree/overlay/mesh/long.cc"
expect size found "a file of 501 lines" "more than 500"
echo 'overlay/mesh/long.cc 600 it is a table' >"$tree/tools/size-waivers"
expect size clean "a waiver with a reason"
echo 'overlay/mesh/long.cc 600' >"$tree/tools/size-waivers"
expect size found "a waiver without a reason" "without a reason"
lines 10 '// x' >"$tree/overlay/mesh/long.cc"
echo 'overlay/mesh/long.cc 600 it is a table' >"$tree/tools/size-waivers"
expect size found "a waiver no longer needed" "remove its waiver"

fresh
echo 'int x;' >"$tree/overlay/base/bare.h"
expect repo found "no licence line" "bare.h: no SPDX"
while IFS='|' read -r verdict text; do
  fresh
  printf '%s\n' '# Title' '' '## One & two' "$text" >"$tree/docs/page.md"
  expect repo "$verdict" "$text" "page.md:4"
done <<'END'
found|[gone](missing.md)
found|[gone](#three)
clean|[here](page.md), [there](#one--two), [away](https://example.org/x)
found|see /home/someone/notes
found|get it from https://proxy.example.internal/x
END
fresh
printf '%s\n' '#!/bin/bash' '# SPDX-License-Identifier: Apache-2.0' "cd \$1" >"$tree/tools/script"
chmod +x "$tree/tools/script"
expect repo found "a script shellcheck dislikes" "SC2086"
fresh
printf '%s\n' '#!/usr/bin/python3' '"""Nothing says under which licence."""' >"$tree/tools/script.py"
expect repo found "a Python script without a licence line" "script.py: no SPDX"

fresh
put overlay/mesh/ok_test.cc 'TEST(Mesh, IsThere) {}'
# shellcheck disable=SC2016 # backquotes are Markdown
printf '%s\n' '# Security' '' '| cannot | `mesh/ok_test.cc`: `IsThere` |' >"$tree/SECURITY.md"
expect repo clean "a security promise with its test"
sed -i 's/IsThere/IsGone/' "$tree/SECURITY.md"
expect repo found "a security promise whose test is gone" "IsGone: is no test"

fresh
printf '%s\n' '.\" SPDX-License-Identifier: Apache-2.0' '.TH X 8' '.NOSUCHMACRO' >"$tree/docs/man/x.8"
expect repo found "a man page with an unknown macro" "man page"

((failures == 0)) || exit 1
echo "all checks find what they are for"
