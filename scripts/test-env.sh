#!/usr/bin/env bash
# What the tests in tests/real need: a private containerd, a base image, the image under test, and, for root,
# two users. The machine's own containerd is neither asked nor touched.
#
#   eval "$(scripts/test-env.sh start)"    makes it, and prints the variables
#   cargo test --test real
#   scripts/test-env.sh stop
#
# What was built and stored stays in BN_TEST_DIR (default /var/lib/binnacle-test) for the next time. A containerd that
# BN_TEST_CONTAINERD names is taken as it is, in a machine that is there for the tests alone; then there is no image with
# package managers, which comes from the network.
set -euo pipefail

HERE=$(dirname "${BASH_SOURCE[0]}")
readonly HERE
# shellcheck source=scripts/common.sh
source "$HERE/common.sh"

readonly DIR=${BN_TEST_DIR:-/var/lib/binnacle-test}
readonly BASE=localhost/binnacle-base:debian
readonly IMAGE=localhost/binnacle-test:${DIR##*/}
readonly TOOLS_IMAGE=localhost/binnacle-test:${DIR##*/}-tools
readonly ARCHIVE=$DIR/base-image.tar
readonly BN=${BN_TEST_BN:-$HERE/../target/x86_64-unknown-linux-gnu/debug/bn}

# For the stores of other users.
archive_base() {
    if [[ -s $ARCHIVE ]]; then return; fi
    buildah push -q "$BASE" "docker-archive:$ARCHIVE.part:$BASE" >&2
    as_root chmod 0644 "$ARCHIVE.part"
    mv "$ARCHIVE.part" "$ARCHIVE"
}

# Newer ones than the cargo of Debian 12 ask a registry without git.
cargo_package() {
    if have apt-cache && ! apt-cache show cargo-web >/dev/null 2>&1; then echo cargo; else echo cargo-web; fi
}

build() {
    "$BN" container build --base-image "$BASE" --agent none "$@" >&2
}

# Who made them takes them away.
add_users() {
    if id bn-test-pass >/dev/null 2>&1; then return; fi
    touch "$DIR/users"
    "$HERE/test-users.sh" add
}

remove_users() {
    if [[ ! -e $DIR/users ]]; then return; fi
    "$HERE/test-users.sh" remove
    rm "$DIR/users"
}

start() {
    export CONTAINERD_ADDRESS=${BN_TEST_CONTAINERD:-}
    if [[ -z $CONTAINERD_ADDRESS ]]; then CONTAINERD_ADDRESS=$(as_root "$HERE/containerd.sh" start "$DIR"); fi
    "$HERE/base-image.sh" --ref "$BASE"
    build --tag "$IMAGE"
    if [[ -z ${BN_TEST_CONTAINERD:-} ]]; then
        build --tag "$TOOLS_IMAGE" --package python3-pip npm openssh-server "$(cargo_package)"
    fi
    if ((EUID == 0)); then
        add_users
        archive_base
    fi
    printf 'export BN_TEST_CONTAINERD=%q BN_TEST_IMAGE=%q BN_TEST_TOOLS_IMAGE=%q BN_TEST_BASE=%q BN_TEST_BASE_ARCHIVE=%q\n' \
        "$CONTAINERD_ADDRESS" "$IMAGE" "$TOOLS_IMAGE" "$BASE" "$ARCHIVE"
}

stop() {
    as_root "$HERE/containerd.sh" stop "$DIR"
    if ((EUID == 0)); then remove_users; fi
}

case ${1:-} in
    start) start ;;
    stop) stop ;;
    *) die "usage: test-env.sh start | stop" ;;
esac
