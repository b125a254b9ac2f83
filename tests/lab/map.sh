#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: the map of a running overlay shows it as it is, in a browser on the host; and to callers on the host alone, unless
# it is to be shown to all.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/ui/lib.sh
. "$repo/tests/ui/lib.sh"
need_chromium
enter_ui "$(dirname "$bin")"

# sees TEXT...: the page on h1 comes to show these texts.
sees() { lab exec h1 -- timeout 100 node test/live.mjs http://127.0.0.1:6782/ui "$@"; }
# answer HOST URL [CURL-FLAGS...]: the status; the body is left in $scratch/body.
answer() { lab exec "$1" -- curl --silent --max-time 5 --output "$scratch/body" --write-out '%{http_code}' "${@:3}" "$2"; }

step "whole"
lab up --hosts 3
lab pod add h2 a
expect "three hosts, and nothing to do" sees "all well" "h1" "h2" "h3" "direct" "this host" "authenticated" "Nothing needs you"
expect_equal "peers in the answer" 3 "$(lab exec h1 -- curl --silent http://127.0.0.1:6782/ui/data.json | jq '.peers | length')"
expect "each daemon is linked with both others" test "$(lab exec h1 -- curl --silent http://127.0.0.1:6782/ui/data.json | jq -c '[.linked[].to]')" = '[[1,2],[0,2],[0,1]]'

step "who may see it"
expect_equal "another host" 000 "$(answer h2 "http://$(underlay_address h1):6782/ui" || true)"
lab restart h1 -- --metrics 0.0.0.0:6782
expect_equal "another host, where the listener is open" 403 "$(answer h2 "http://$(underlay_address h1):6782/ui/data.json")"
expect "the refusal says the cure" grep -qF -- "--map all" "$scratch/body"
expect_equal "its metrics" 200 "$(answer h2 "http://$(underlay_address h1):6782/metrics")"
expect_equal "the host itself" 200 "$(answer h1 http://127.0.0.1:6782/ui)"
expect_equal "a page of elsewhere that was led here" 403 "$(answer h1 http://127.0.0.1:6782/ui/data.json --header 'Host: rebound.example')"
lab restart h1 -- --metrics 0.0.0.0:6782 --map all
expect_equal "another host, where the map is open too" 200 "$(answer h2 "http://$(underlay_address h1):6782/ui")"
