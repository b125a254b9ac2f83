#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: what underlay.sh shows holds over an underlay that has IPv6 alone.
exec "$(dirname "${BASH_SOURCE[0]}")/underlay.sh" 6
