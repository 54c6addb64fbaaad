#!/usr/bin/env bash
# Makes docs/session.svg, the picture in the README: a session with five runs, as a terminal of 100 columns shows it.
#
#   scripts/picture.sh [IMAGE]     IMAGE: one that `bn container build` has made (default: localhost/binnacle-self:demo)
#
# It needs a containerd that runs (CONTAINERD_ADDRESS names another than the machine's), script and python3.
set -euo pipefail

HERE=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
readonly HERE COLUMNS_SHOWN=100
# shellcheck source=scripts/common.sh
source "$HERE/common.sh"

readonly IMAGE=${1:-localhost/binnacle-self:demo}
BN=$(realpath -m "${BN:-$HERE/../target/x86_64-unknown-linux-gnu/debug/bn}")

make_repository() {
    export HOME=$PLACE/home XDG_RUNTIME_DIR=$PLACE/run
    mkdir -p "$HOME/.config/binnacle" "$XDG_RUNTIME_DIR" bin
    chmod 0700 "$XDG_RUNTIME_DIR"
    ln -s "$BN" bin/bn
    export PATH=$PLACE/bin:$PATH
    echo "tag = \"$IMAGE\"" >"$HOME/.config/binnacle/config.toml"
    git config --global user.name You
    git config --global user.email you@example.org
    git init -q -b main shop
    echo 'A shop' >shop/README
    git -C shop add README
    git -C shop commit -q -m "Begin"
}

# A run that somebody has begun before. $1: its name, then what its agent does.
begun() { (cd shop && bn container run -d --create -b "$1" --name "$1" "../$1" -- bash -c "$2" >/dev/null 2>&1); }

# What a person types, and what comes of it, at a terminal.
typed() {
    local line
    for line in "$@"; do
        printf '\e[1m$ %s\e[0m\n' "$line"
        (cd shop && script -qec "stty -echo cols $COLUMNS_SHOWN; $line" /dev/null </dev/null)
        echo
    done
}

session() {
    local commit='git add . && git commit -qm'
    begun prices "echo 12 >prices && $commit 'Show prices'"
    (cd shop && bn container wait prices >/dev/null 2>&1)
    begun search "echo search >search && $commit 'Search by name'; sleep 300"
    begun cart "echo cart >README && $commit 'Add a cart'; sleep 4"
    begun mails "echo 'cannot reach the mail server'; exit 3"
    begun readme "echo 'A shop for everything' >README && $commit 'Say what it is'"
    (cd shop && bn container wait cart mails readme >/dev/null 2>&1) || true # their exit codes are in the list
    typed "bn container list" "bn container diff search --stat" "git log --oneline"
    (cd shop && bn container stop search >/dev/null 2>&1)
}

main() {
    have script || die "script is missing (on Debian/Ubuntu: apt install bsdutils)"
    PLACE=$(mktemp -d)
    trap 'rm -rf "$PLACE"' EXIT
    cd "$PLACE"
    make_repository
    # Where it lies on this machine is nothing to look at.
    session | sed "s|$PLACE|/home/you|g" >shown
    python3 "$HERE/terminal-svg.py" "$COLUMNS_SHOWN" <shown >"$HERE/../docs/session.svg"
}

main
