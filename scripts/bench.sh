#!/usr/bin/env bash
# Measures parts of bn: all of scripts/bench/, or those that are named. --check fails where one is slower than its bound.
#
#   scripts/bench.sh [--check] [NAME…]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ ${1:-} == --check ]]; then
    export BENCH_CHECK=yes
    shift
fi
if (($# == 0)); then
    for script in scripts/bench/*.sh; do set -- "$@" "$(basename "$script" .sh)"; done
fi
for name in "$@"; do
    if [[ ! -x scripts/bench/$name.sh ]]; then
        printf 'there is no measurement called %s; there are:%s\n' "$name" "$(printf ' %s' scripts/bench/*.sh)" >&2
        exit 2
    fi
    printf '== %s\n' "$name"
    "scripts/bench/$name.sh"
done
