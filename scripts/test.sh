#!/usr/bin/env bash
# Installs what the tests need and runs all of them, those with real tools here and in a virtual machine as users have
# it. The last line says what was not run, and why.
#
#   test.sh [--no-vm]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/common.sh
source scripts/common.sh

# The newest stable Debian.
readonly SUITE=trixie
# One reason a line.
NOT_RUN=

# Runs one named step, and says how long it took.
step() {
    local name=$1 begin=$SECONDS
    shift
    say "$name"
    if ! "$@"; then
        printf 'FAILED: %s\n' "$name"
        exit 1
    fi
    say "$name: $((SECONDS - begin)) s"
}

check_scripts() {
    local scripts
    mapfile -t scripts < <(find scripts container tests -name '*.sh')
    shellcheck -x "${scripts[@]}" .ci/run
}

# All of them but those in tests/real.
unit_and_fake_tests() {
    local folder targets=(--bins)
    for folder in tests/*/; do
        folder=${folder%/}
        if [[ $folder != tests/real && -e $folder/main.rs ]]; then targets+=(--test "${folder##*/}"); fi
    done
    cargo test "${targets[@]}"
}

# They wait for much of their time: half as many again as there are processors.
real_tests() { cargo test --test real -- --test-threads "$(($(nproc) * 3 / 2))" "$@"; }

# sudo's answer to a password goes for one terminal: in those that tests open, and for what a detached run leaves behind, it asks again.
sudo_asks() { ((EUID != 0)) && ! sudo -k -n true 2>/dev/null; }

# What opens no terminal of its own and detaches no run, or knows what is then to be done.
readonly WITH_A_PASSWORD=(attacks:: users:: wall::)

# Says why the real tools cannot be tried on this machine, if they cannot.
obstacle() {
    if ((EUID != 0)) && [[ ! -t 0 ]] && ! sudo -n true 2>/dev/null; then
        echo "containerd needs root, and sudo asks for a password"
    elif ! as_root unshare --mount true 2>/dev/null; then
        echo "nothing may be mounted here"
    elif [[ ! -d /sys/fs/cgroup || -z $(ls /sys/fs/cgroup) ]]; then
        echo "no cgroups are mounted"
    elif [[ $(uname -m) != x86_64 ]]; then
        echo "bn is built for x86-64, this is $(uname -m)"
    fi
}

real_environment() {
    local variables
    variables=$(scripts/test-env.sh start) || return
    eval "$variables"
}

not_run() {
    local what=$1 reason=$2
    NOT_RUN+="${NOT_RUN:+; }$what, because $reason"
}

run_real() {
    local reason wanted=()
    reason=$(obstacle)
    if [[ $reason ]]; then
        not_run tests/real "$reason"
        return
    fi
    if sudo_asks; then
        wanted=("${WITH_A_PASSWORD[@]}")
        not_run "tests/real but ${wanted[*]}" "sudo asks for a password in each terminal that they open; as root they run"
    fi
    trap 'scripts/test-env.sh stop' EXIT
    step "real tools: containerd, base image, test image" real_environment
    step "real-tool tests" real_tests "${wanted[@]}"
    trap - EXIT
    scripts/test-env.sh stop
}

# Makes the machine while this one compiles, which leaves a processor idle for much of the time. What went wrong is said
# by boot_vm, which makes what is not there.
begin_vm() {
    if [[ $1 == --no-vm ]] || { ((EUID != 0)) && ! sudo -n true 2>/dev/null; }; then return; fi
    scripts/vm.sh image "$SUITE" >/dev/null 2>&1 &
    trap wait EXIT
}

# Makes and boots the machine; says why where that cannot be done, and leaves the rest of the tests to go on.
boot_vm() {
    local log reason=
    log=$(mktemp)
    if ! { scripts/vm.sh image "$SUITE" && scripts/vm.sh boot "$SUITE"; } 2>&1 | tee "$log" >&2; then
        reason=$(sed -n 's/^Error: //p' "$log" | tail -n 1)
        reason=${reason:-the machine could not be made}
        not_run "tests/real and tests/vm in a virtual machine" "$reason"
    fi
    rm "$log"
    [[ -z $reason ]]
}

run_vm() {
    if [[ $1 == --no-vm ]]; then
        not_run "tests/real and tests/vm in a virtual machine" "--no-vm was given"
        return
    fi
    scripts/vm.sh stop "$SUITE"
    trap 'scripts/vm.sh stop "$SUITE"' EXIT
    if boot_vm; then step "real-tool tests in Debian's $SUITE" scripts/vm.sh test "$SUITE"; fi
    trap - EXIT
    scripts/vm.sh stop "$SUITE"
}

main() {
    [[ ${1:---no-vm} == --no-vm ]] || die "usage: test.sh [--no-vm]"
    step "tools" scripts/setup.sh test
    begin_vm "${1:-}"
    step "format" cargo fmt --check
    step "shellcheck" check_scripts
    step "clippy" cargo clippy --all-targets -- -D warnings
    step "build" cargo build
    step "unit and fake-tool tests" unit_and_fake_tests
    step "the rest of the machine's making" wait
    run_real
    run_vm "${1:-}"
    if [[ $NOT_RUN ]]; then
        printf 'All that ran has passed in %d s. NOT RUN: %s.\n' "$SECONDS" "$NOT_RUN"
    else
        printf 'All tests have passed in %d s. Not run: none.\n' "$SECONDS"
    fi
}

main "$@"
