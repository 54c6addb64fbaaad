#!/usr/bin/env bash
# Lists the scripts, each with what it says of itself first.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The first sentence of the comment at the top of $1.
sentence() {
    sed -nE '2,$ { /^#/!q; s/^# ?//p }' "$1" | tr '\n' ' ' | sed -E 's/\. .*//; s/\. *$//'
}

for script in scripts/*.sh scripts/bench/*.sh; do
    printf '%-24s %s\n' "$script" "$(sentence "$script")"
done
