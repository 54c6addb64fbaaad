#!/usr/bin/env bash
# The Debian package: installed by apt, and README's first run typed with it by an ordinary user. Run by scripts/vm.sh
# test, which has brought the image under test into the machine.
#
#   package.sh SUITE
set -euo pipefail

HERE=$(dirname "${BASH_SOURCE[0]}")
readonly HERE SUITE=$1
# shellcheck source=scripts/common.sh
source "$HERE/../../scripts/common.sh"

readonly VM=$HERE/../../scripts/vm.sh
# The program of the tests: another build would say nothing of it.
readonly PROGRAM=$HERE/../../target/x86_64-unknown-linux-gnu/debug/bn
readonly IMAGE=localhost/binnacle-test:binnacle-test

as() { "$VM" run "$SUITE" -u "$@"; }

install_package() {
    local folder package
    folder=$(mktemp -d)
    package=$("$HERE/../../scripts/deb.sh" --program "$PROGRAM" "$folder")
    "$VM" copy "$SUITE" "$package" /tmp
    rm -r "$folder"
    as root "mv /usr/local/bin/bn /root/bn; DEBIAN_FRONTEND=noninteractive apt-get install -qy /tmp/${package##*/}"
    as dev '/usr/bin/bn --version'
}

first_run() {
    as dev "set -e
        rm -rf first; git init -q -b main first/repo; cd first/repo
        git config user.name Dev; git config user.email d@example.org; git commit -q --allow-empty -m start
        ctr=\$(sudo -n ctr -n binnacle images ls -q); grep -qx $IMAGE <<<\"\$ctr\"
        bn container doctor
        git worktree add ../agent-1 -b agent-1
        bn task create 'Add a greeting'
        bn container run --tag $IMAGE ../agent-1 -- bash -c 'echo hello >greeting; git add greeting; git commit -qm greeting; bn task list'
        test \"\$(cat greeting)\" = hello
        bn container list --all"
}

remove_package() {
    as root 'DEBIAN_FRONTEND=noninteractive apt-get remove -qy binnacle && ! test -e /usr/bin/bn && mv /root/bn /usr/local/bin/bn'
}

install_package
first_run
remove_package
