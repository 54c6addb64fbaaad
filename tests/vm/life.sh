#!/usr/bin/env bash
# The life of a machine under runs that go on: their user logs out or may no longer use sudo, the clock jumps, the disk is
# full, the machine sleeps, containerd is started again, the machine reboots.
# Run by scripts/vm.sh test, which has brought bn and the image under test into the machine.
#
#   life.sh SUITE [TEST… | all]     all: those by hand, too
#
# SLEEP (default 30): seconds for which the machine sleeps
set -euo pipefail

HERE=$(dirname "${BASH_SOURCE[0]}")
readonly HERE SUITE=$1
# shellcheck source=scripts/common.sh
source "$HERE/../../scripts/common.sh"

readonly IMAGE=localhost/binnacle-test:binnacle-test
# Where scripts/vm.sh test put it: at the path that it has here.
PROGRAM=$(realpath "$HERE/../..")/target/x86_64-unknown-linux-gnu/debug/bn
readonly PROGRAM
# An agent that commits at once, works until it is told to end, and commits once more.
readonly AGENT='trap "git commit -q --allow-empty -m last; exit 0" TERM; git commit -q --allow-empty -m first; touch ready; while sleep 0.2; do :; done'

readonly VM=$HERE/../../scripts/vm.sh

as() { "$VM" run "$SUITE" -u "$@"; }

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

# What follows the name are more flags of the run. The session ends with the command.
start() {
    dev "cd repo && bn container run --detach ${*:2} --tag $IMAGE --name $1 ../tree-$1 -- bash -c '$AGENT'" >&2
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

# logind's setting that Debian does not have and others do, and the lingering that bn asks for because of it.
a_detached_run_outlives_a_session_that_takes_all_with_it() {
    local folder=/etc/systemd/logind.conf.d
    repository ends
    as root "mkdir -p $folder; printf '[Login]\nKillUserProcesses=yes\n' >$folder/ends.conf; systemctl restart systemd-logind"
    start ends '--notify="touch told"'
    await "the user is logged out" is_logged_out
    sleep 15
    expect "after the logout" "$(field ends status)" running
    expect "the unit" "$(dev systemctl --user is-active binnacle-ends.scope)" active
    dev 'cd repo && bn container stop ends' >&2
    expect "after the stop" "$(field ends outcome)" stopped
    expect "the branch" "$(subject ends)" last
    await "the command of --notify has run" dev 'test -e repo/told'
    as root "rm $folder/ends.conf; loginctl disable-linger dev; systemctl restart systemd-logind"
}

the_clock_jumps_under_a_run() {
    repository clock
    start clock
    as root 'date -s "+2 days"' >&2
    sleep 5
    expect "two days later" "$(field clock status)" running
    as root 'date -s "-4 days"' >&2
    sleep 5
    expect "two days before its start" "$(field clock status)" running
    dev 'cd repo && bn container list' >&2
    dev 'cd repo && bn container stop clock' >&2
    expect "after the stop" "$(field clock outcome)" stopped
    expect "the branch" "$(subject clock)" last
    as root 'date -s "+2 days"' >&2
}

# All of the machine stands still, as in a suspend.
the_machine_sleeps_under_a_run() {
    repository sleep
    start sleep
    "$VM" suspend "$SUITE" "${SLEEP:-30}"
    expect "after the sleep" "$(field sleep status)" running
    dev 'cd repo && bn container stop sleep' >&2
    expect "the branch" "$(subject sleep)" last
}

the_disk_is_full_under_a_run() {
    repository full
    start full
    # shellcheck disable=SC2016 # the machine's own
    as root 'fallocate -l "$(df --output=avail --block-size=1 / | tail -n 1)" /var/filler; dd if=/dev/zero of=/var/rest bs=4k' 2>/dev/null || true
    await "the run has ended" not_running full
    dev 'cd repo && bn container list --all' >&2
    as root 'rm /var/filler /var/rest'
    dev 'cd repo && bn container merge full --yes' >&2 || true
    [[ $(subject full) =~ ^(first|last)$ ]] || fail "the branch full has no commit of the agent's"
}

not_running() { [[ $(field "$1" status) != running ]]; }

# The run goes on; whoever may not use sudo cannot stop it, and is told why.
a_user_may_no_longer_use_sudo() {
    repository may
    start may
    as root 'mv /etc/sudoers.d/vm /root/sudoers'
    if dev 'cd repo && bn container stop may' >&2; then fail "a run was stopped without sudo"; fi
    expect "without sudo" "$(field may status)" running
    as root 'mv /root/sudoers /etc/sudoers.d/vm'
    dev 'cd repo && bn container stop may' >&2
    expect "the branch" "$(subject may)" last
}

# Each has a folder ~/repo with a worktree ~/tree-same.
two_users_have_a_run_of_the_same_name() {
    local mine
    repository same
    start same
    as root 'id -u second >/dev/null 2>&1 || useradd -m -s /bin/bash second; cp -r /home/dev/.ssh /home/second; chown -R second: /home/second
        install -m 0440 /dev/stdin /etc/sudoers.d/second <<<"second ALL=(ALL) NOPASSWD: ALL"'
    as second 'rm -rf repo tree-same; git init -q -b main repo && cd repo && git config user.name Second && git config user.email s@example.org &&
        git commit -q --allow-empty -m start && git worktree add -q ../tree-same -b same'
    if as second "cd repo && bn container run --detach --tag $IMAGE --name same ../tree-same -- true" >&2; then fail "a name was taken twice"; fi
    if as second 'cd repo && bn container stop same' >&2; then fail "a run of somebody else's was stopped"; fi
    mine=$(as second "cd repo && bn container run --tag $IMAGE --name mine ../tree-same -- git commit -q --allow-empty -m mine >&2; git log -1 --format=%s")
    expect "the work of the second" "$mine" mine
    expect "the run of the first" "$(field same status)" running
    dev 'cd repo && bn container stop same' >&2
    expect "the branch of the first" "$(subject same)" last
}

containerd_is_started_again_under_a_run() {
    repository again
    start again
    as root systemctl restart containerd
    expect "after the restart" "$(field again status)" running
    dev 'cd repo && bn container stop again' >&2
    expect "the branch" "$(subject again)" last
}

# For a package's scripts an installation over itself is an update.
containerd_is_updated_under_a_run() { install_containerd_under_a_run --reinstall; }

# By those who mix: another containerd, and what it needs, in the machine that stays what it is.
containerd_of_the_next_debian_comes_under_a_run() {
    local -rA next=([bookworm]=trixie [trixie]=forky [forky]=sid)
    # Without a first line there is no such suite to add.
    as root "sed -n 's| $SUITE | ${next[$SUITE]} |p' /etc/apt/sources.list | grep . >/etc/apt/sources.list.d/next.list"
    install_containerd_under_a_run
    as root 'rm /etc/apt/sources.list.d/next.list'
}

install_containerd_under_a_run() {
    local before
    repository update
    start update
    before=$(containerd_there)
    as root "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy $* containerd" >&2
    say "containerd's version and process before and after: $before, $(containerd_there)"
    expect "after the update" "$(field update status)" running
    dev 'cd repo && bn container exec update -- git log -1 --format=%s && bn container stop update' >&2
    expect "the branch" "$(subject update)" last
    repository updated
    start updated
    dev 'cd repo && bn container stop updated' >&2
    expect "the branch of a run that began afterwards" "$(subject updated)" last
}

# shellcheck disable=SC2016 # the machine's own
containerd_there() { as root 'echo "$(containerd --version | cut -d " " -f 3) $(systemctl show --value --property MainPID containerd)"'; }

the_machine_reboots_under_three_runs() {
    local name
    repository one two three
    for name in one two three; do start $name; done
    "$VM" reboot "$SUITE"
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

# shellcheck source=tests/vm/life/sessions.sh
source "$HERE/life/sessions.sh"
# shellcheck source=tests/vm/life/docker.sh
source "$HERE/life/docker.sh"
# shellcheck source=tests/vm/life/demo.sh
source "$HERE/life/demo.sh"

# What scripts/vm.sh test tries each time, and what is tried by hand, because of the time it takes.
readonly ALWAYS=(a_detached_run_outlives_the_session containerd_is_started_again_under_a_run the_machine_reboots_under_three_runs)
readonly BY_HAND=(a_detached_run_outlives_a_session_that_takes_all_with_it the_clock_jumps_under_a_run the_machine_sleeps_under_a_run
    the_disk_is_full_under_a_run a_user_may_no_longer_use_sudo two_users_have_a_run_of_the_same_name
    containerd_is_updated_under_a_run containerd_of_the_next_debian_comes_under_a_run few_tasks_are_allowed_to_a_session an_agent_that_crashes_dumps_nothing
    the_runtime_folder_vanishes_under_a_run the_user_is_thrown_out_under_a_run the_journal_has_no_secret
    docker_starts_the_image a_user_with_passwordless_sudo_sees_the_demo a_user_whose_sudo_asks_sees_the_demo)

main() {
    local test tests=("${ALWAYS[@]}")
    if [[ ${1:-} == all ]]; then tests+=("${BY_HAND[@]}"); elif (($#)); then tests=("$@"); fi
    for test in "${tests[@]}"; do
        $test
        say "$test: ok"
    done
}

main "${@:2}"
