#!/usr/bin/env bash
# What the tests in tests/real need: a private containerd, a base image, the image under test, and, for root,
# two users. The machine's own containerd is neither asked nor touched.
#
#   eval "$(scripts/test-env.sh start)"    makes it, and prints the variables
#   cargo test --test real
#   scripts/test-env.sh stop
#
# What was built and stored stays in BN_TEST_DIR (default /var/lib/binnacle-test) for the next time.
set -euo pipefail

HERE=$(dirname "${BASH_SOURCE[0]}")
readonly HERE
# shellcheck source=scripts/common.sh
source "$HERE/common.sh"

readonly DIR=${BN_TEST_DIR:-/var/lib/binnacle-test}
readonly BASE=localhost/binnacle-base:debian
readonly IMAGE=localhost/binnacle-test:${DIR##*/}
readonly BN=$HERE/../target/x86_64-unknown-linux-gnu/debug/bn

# The users build images, too: each has a store of its own.
share_base() {
    local user
    if [[ ! -s $DIR/base.tar ]]; then
        buildah push -q "$BASE" "docker-archive:$DIR/base.tar.part:$BASE"
        mv "$DIR/base.tar.part" "$DIR/base.tar"
    fi
    for user in bn-test-nopass bn-test-pass; do
        runuser -l "$user" -c "buildah images -q '$BASE' >/dev/null 2>&1 || buildah pull -q 'docker-archive:$DIR/base.tar'" >&2
    done
}

start() {
    local address
    address=$(as_root "$HERE/containerd.sh" start "$DIR")
    choose_isolation
    "$HERE/base-image.sh" --ref "$BASE"
    CONTAINERD_ADDRESS=$address "$BN" container build --tag "$IMAGE" --base-image "$BASE" --agent none >&2
    if ((EUID == 0)); then
        "$HERE/test-users.sh" add
        share_base
    fi
    printf 'export BN_TEST_CONTAINERD=%q BN_TEST_IMAGE=%q BN_TEST_BASE=%q\n' "$address" "$IMAGE" "$BASE"
}

stop() {
    as_root "$HERE/containerd.sh" stop "$DIR"
    if ((EUID == 0)); then "$HERE/test-users.sh" remove; fi
}

case ${1:-} in
    start) start ;;
    stop) stop ;;
    *) die "usage: test-env.sh start | stop" ;;
esac
