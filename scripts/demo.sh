#!/usr/bin/env bash
# The whole way once: builds bn and an image, makes a sample repository with a worktree and a task, runs a scripted
# agent in a container, and shows its work on main. Needs no token. What is missing is installed.
#
#   demo.sh [--bn FILE]     FILE: a bn that is built already
set -euo pipefail

ROOT=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
readonly ROOT
# shellcheck source=scripts/common.sh
source "$ROOT/scripts/common.sh"

readonly LOCAL_BASE=localhost/binnacle-base:debian
readonly PRIVATE=/var/lib/binnacle-demo

# Shows a command as it would be typed, then runs it.
show() {
    local word line=
    for word in "$@"; do
        if [[ $word == *' '* ]]; then word="\"$word\""; fi
        line+=" $word"
    done
    printf '\n$%s\n' "$line"
    "$@"
}

containerd_answers() {
    as_root ctr --address "${CONTAINERD_ADDRESS:-/run/containerd/containerd.sock}" version >/dev/null 2>&1
}

# The machine's own where it runs or systemd can start it; else one for the demo, which ends with it.
start_containerd() {
    if containerd_answers; then return; fi
    if [[ -d /run/systemd/system ]] && confirm "Start containerd with systemctl enable --now?"; then
        as_root systemctl enable --now containerd
        return
    fi
    CONTAINERD_ADDRESS=$(as_root "$ROOT/scripts/containerd.sh" start "$PRIVATE")
    export CONTAINERD_ADDRESS
    trap 'as_root "$ROOT/scripts/containerd.sh" stop "$PRIVATE"' EXIT
}

# $1: one that is there, if it is.
find_bn() {
    if [[ $1 ]]; then
        [[ -x $1 && ${1##*/} == bn ]] || die "$1 is no program that is called bn"
        FOLDER=$(realpath "$(dirname "$1")")
    else
        say "building bn"
        (cd "$ROOT" && cargo build --release --locked)
        FOLDER=$(cd "$ROOT" && cargo metadata --format-version 1 --no-deps | jq -r .target_directory)/x86_64-unknown-linux-gnu/release
    fi
    PATH=$FOLDER:$PATH
}

default_base() { sed -n 's/^ARG BASE_IMAGE=//p' "$ROOT/container/Containerfile"; }

# From bn's own default where a registry answers, else from this distribution's packages.
build_image() {
    local base
    base=$(default_base)
    if [[ $(buildah images -q "$LOCAL_BASE" 2>/dev/null) ]]; then
        base=$LOCAL_BASE
    elif ! timeout 120 buildah pull -q "$base" >/dev/null 2>&1; then
        say "no registry has $base for us, so the base is made from this distribution's packages"
        base=$LOCAL_BASE
        "$ROOT/scripts/base-image.sh" --ref "$base"
    fi
    show bn container build --tag demo --base-image "$base" --agent none
}

# In a folder of its own, with the graph and the records beside it, so that one rm takes it all away.
sample_repository() {
    SAMPLE=$(mktemp -d "${TMPDIR:-/tmp}/binnacle-demo.XXXXXX")
    export XDG_DATA_HOME=$SAMPLE/data XDG_STATE_HOME=$SAMPLE/state
    git init --quiet --initial-branch=main "$SAMPLE/project"
    cd "$SAMPLE/project"
    git config user.name "${GIT_AUTHOR_NAME:-Demo}"
    git config user.email "${GIT_AUTHOR_EMAIL:-demo@example.org}"
    echo "# A sample" >README.md
    git add README.md
    git commit --quiet --message "A sample"
}

run_agent() {
    show git worktree add ../agent-1 -b agent-1
    show bn task create "Add a greeting"
    cat <<'END'

$ bn container run ../agent-1 --tag demo -- bash -c "$(cat scripts/demo-agent.sh)"
END
    bn container run ../agent-1 --tag demo -- bash -c "$(cat "$ROOT/scripts/demo-agent.sh")"
}

# A pager would wait for a key in the middle of it.
show_result() {
    export GIT_PAGER=cat
    show git log --oneline --graph main
    show cat greeting.txt
    show bn task list --all
    show bn container list
    show bn container list --all
    printf '\nThe sample is in %s; rm -rf takes it away.\n' "$SAMPLE"
}

main() {
    local bn=
    if [[ ${1:-} == --bn ]]; then bn=${2:?--bn needs a file}; elif (($#)); then die "usage: demo.sh [--bn FILE]"; fi
    if [[ -z $bn ]]; then "$ROOT/scripts/setup.sh" demo; fi
    # Told now, not after minutes of compiling.
    as_root true || die "containerd needs root, and sudo does not give it" "in a terminal where sudo can ask, or as root: scripts/demo.sh"
    find_bn "$bn"
    start_containerd
    say "building the image"
    build_image
    say "the demo"
    sample_repository
    run_agent
    show_result
}

main "$@"
