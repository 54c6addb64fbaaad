#!/usr/bin/env bash
# Installs what is missing, with apt or dnf; asks first when a person is there.
#
#   setup.sh demo     what building and running bn takes
#   setup.sh test     and what its tests take
set -euo pipefail

# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# command or file, Debian's package, Fedora's
readonly DEMO='
containerd                          containerd   containerd
runc                                runc         runc
buildah                             buildah      buildah
git                                 git          git
cc                                  gcc          gcc
/usr/lib/x86_64-linux-gnu/libc.a    libc6-dev    -
/usr/lib64/libc.a                   -            glibc-static
newuidmap                           uidmap       shadow-utils
mmdebstrap                          mmdebstrap   mmdebstrap
jq                                  jq           jq
'
readonly TEST='
sudo                                sudo         sudo
shellcheck                          shellcheck   ShellCheck
tmux                                tmux         tmux
script                              bsdutils     /usr/bin/script
/bin/kill                           procps       procps-ng
python3                             python3      python3
git-lfs                             git-lfs      git-lfs
openssl                             openssl      openssl
ssh                                 openssh-client openssh-clients
less                                less         less
strip                               binutils     binutils
podman                              podman       podman
skopeo                              skopeo       skopeo
'

# The packages of the sets in $1 that are not there, for the distribution in $2.
missing() {
    local probe debian fedora package
    while read -r probe debian fedora; do
        if [[ $2 == debian ]]; then package=$debian; else package=$fedora; fi
        if [[ -z $probe || $package == - || -e $probe ]] || have "$probe"; then continue; fi
        echo "$package"
    done <<<"$1"
}

distribution() {
    if have apt-get; then
        echo debian
    elif have dnf; then
        echo fedora
    else
        die "neither apt-get nor dnf is here" "install containerd, runc, buildah and git by hand"
    fi
}

install_with() {
    local distribution=$1
    shift
    say "installing: $*"
    if [[ $distribution == debian ]]; then
        as_root apt-get update -q
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy "$@"
    else
        as_root dnf -y install "$@"
    fi
}

install_missing() {
    local distribution packages
    distribution=$(distribution)
    mapfile -t packages < <(missing "$1" "$distribution")
    if ((${#packages[@]} == 0)); then return; fi
    ((EUID == 0)) || have sudo || die "sudo is missing" "as root: install sudo, or run this as root"
    confirm "Install ${packages[*]}?" || die "not installed: ${packages[*]}"
    install_with "$distribution" "${packages[@]}"
}

# The user ids that a rootless build gives to the image's users.
subordinate_ids() {
    local user
    user=$(id -un)
    if ((EUID == 0)) || grep -q "^$user:" /etc/subuid; then return; fi
    confirm "Give $user a range of subordinate user ids, for building images?" || return 0
    as_root usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "$user"
}

rust_version() { sed -nE 's/^rust-version = "(.*)"/\1/p' "$(dirname "${BASH_SOURCE[0]}")/../Cargo.toml"; }

rust_components() {
    if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
        have rustup || die "cargo fmt or cargo clippy is missing" "$(rust_hint)"
        rustup component add rustfmt clippy
    fi
}

is_new_enough() { [[ $1 == [0-9]* && $(printf '%s\n' "$(rust_version)" "$1" | sort -V | head -n 1) == "$(rust_version)" ]]; }

# The version of a package that apt would install.
candidate() { if have apt-cache; then apt-cache policy "$1" | sed -n 's/^ *Candidate: //p'; fi; }

# What to type for a Rust that is new enough, on this machine.
rust_hint() {
    if is_new_enough "$(candidate cargo)"; then
        echo "sudo apt install cargo rustfmt rust-clippy"
    elif [[ $(candidate rustup) == [0-9]* ]]; then
        echo "sudo apt install rustup && rustup default stable"
    elif have dnf; then
        echo "sudo dnf install rustup && rustup-init"
    else
        echo "the line that https://rustup.rs shows installs it"
    fi
}

main() {
    [[ ${1:-} == demo || ${1:-} == test ]] || die "usage: setup.sh demo|test"
    have cargo || die "cargo not found; bn is built by Rust $(rust_version) or newer" "$(rust_hint)"
    is_new_enough "$(cargo --version | cut -d ' ' -f 2)" ||
        die "$(cargo --version) is too old, bn is built by Rust $(rust_version) or newer" "$(if have rustup; then echo 'rustup update'; else rust_hint; fi)"
    if [[ $1 == demo ]]; then
        install_missing "$DEMO"
    else
        install_missing "$DEMO$TEST"
        rust_components
    fi
    subordinate_ids
}

main "$@"
