#!/usr/bin/env bash
# The life of a machine under runs that go on: their user logs out, containerd is started again, the machine reboots.
# Run by scripts/vm.sh test, which has brought bn and the image under test into the machine.
#
#   life.sh SUITE [TEST…]
set -euo pipefail

HERE=$(dirname "${BASH_SOURCE[0]}")
readonly HERE SUITE=$1
# shellcheck source=scripts/common.sh
source "$HERE/../../scripts/common.sh"

readonly IMAGE=localhost/binnacle-test:binnacle-test
# An agent that commits at once, works until it is told to end, and commits once more.
readonly AGENT='trap "git commit -q --allow-empty -m last; exit 0" TERM; git commit -q --allow-empty -m first; touch ready; while sleep 0.2; do :; done'

as() { "$HERE/../../scripts/vm.sh" run "$SUITE" -u "$@"; }

# A session of its own for each line, as a user at a terminal has it.
dev() { as dev "$@"; }

fail() {
    dev 'cd repo && bn container list --all' >&2 || true
    die "$@"
}

# $1 says what has to be, the rest is a command that has to succeed within a minute or two.
await() {
    local what=$1 tries
    shift
    for ((tries = 0; tries < 60; tries++)); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 1
    done
    fail "waited too long until $what"
}

expect() {
    local what=$1 found=$2 wanted=$3
    [[ $found == "$wanted" ]] || fail "$what: '$found', not '$wanted'"
}

# A repository with a worktree for each name.
repository() {
    dev 'rm -rf repo tree-*; git init -q -b main repo && cd repo && git config user.name Dev && git config user.email d@example.org &&
        git commit -q --allow-empty -m start'
    dev "for name in $*; do git -C repo worktree add -q ../tree-\$name -b \$name; done"
}

start() {
    dev "cd repo && bn container run --detach --tag $IMAGE --name $1 ../tree-$1 -- bash -c '$AGENT'" >&2
    await "the agent $1 works" dev "test -e tree-$1/ready"
}

field() { dev "cd repo && bn container list --all --json" | jq -r --arg name "$1" --arg field "$2" 'map(select(.name == $name)) | first | .[$field]'; }

subject() { dev "git -C repo log -1 --format=%s $1"; }

# No session is left but that of the run's own owner, for whose sake the runtime folder stays.
is_logged_out() { as root 'loginctl show-user dev --property State | grep -qv active'; }

a_detached_run_outlives_the_session() {
    repository out
    start out
    await "the user is logged out" is_logged_out
    sleep 15
    as root 'test -d /run/user/*/binnacle/out' || fail "the runtime folder of the run went with the session"
    expect "after the logout" "$(field out status)" running
    dev 'cd repo && bn container stop out' >&2
    expect "after the stop" "$(field out outcome)" stopped
    expect "the branch" "$(subject out)" last
}

containerd_is_started_again_under_a_run() {
    repository again
    start again
    as root systemctl restart containerd
    expect "after the restart" "$(field again status)" running
    dev 'cd repo && bn container stop again' >&2
    expect "the branch" "$(subject again)" last
}

the_machine_reboots_under_three_runs() {
    local name
    repository one two three
    for name in one two three; do start $name; done
    "$HERE/../../scripts/vm.sh" reboot "$SUITE"
    for name in one two three; do
        expect "after the reboot, $name" "$(field $name status)" interrupted
        # The agent was told to end with the machine: where there was time, it has committed once more.
        dev "cd repo && bn container merge $name --yes" >&2
        [[ $(subject $name) =~ ^(first|last)$ ]] || fail "the branch $name has no commit of the agent's"
    done
    dev 'cd repo && bn container list' >&2
    repository after
    start after
    dev 'cd repo && bn container stop after' >&2
}

main() {
    local test tests=(a_detached_run_outlives_the_session containerd_is_started_again_under_a_run
        the_machine_reboots_under_three_runs)
    if (($#)); then tests=("$@"); fi
    for test in "${tests[@]}"; do
        $test
        say "$test: ok"
    done
}

main "${@:2}"
