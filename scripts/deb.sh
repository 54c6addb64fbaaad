#!/usr/bin/env bash
# Makes a Debian package of bn: the program, completions for shells, manual pages.
#
#   deb.sh [--program FILE] [FOLDER]     the package goes into FOLDER (default target/debian), and its path is printed
#
# FILE  a bn that is built already; else cargo builds a release
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/common.sh
source scripts/common.sh

field() { sed -nE "s/^$1 = \"(.*)\"/\1/p" Cargo.toml | head -n 1; }

release() {
    cargo build --release >&2
    echo target/x86_64-unknown-linux-gnu/release/bn
}

control() {
    local root=$1
    printf '%s: %s\n' Package binnacle Version "$(field version)" Architecture amd64 Section devel Priority optional \
        Maintainer 'the binnacle authors <binnacle@localhost>' Installed-Size "$(du -sk --apparent-size "$root" | cut -f1)" \
        Depends 'containerd | containerd.io, runc | containerd.io, buildah, git' Recommends 'sudo, uidmap' \
        Description "$(field description)"
}

# bash, zsh and fish look in these places.
completions() {
    local program=$1 root=$2 shell file
    while read -r shell file; do
        mkdir -p "$root/${file%/*}"
        "$program" completions "$shell" >"$root/$file"
    done <<<'bash usr/share/bash-completion/completions/bn
zsh usr/share/zsh/vendor-completions/_bn
fish usr/share/fish/vendor_completions.d/bn.fish'
}

manual() {
    local folder=$2/usr/share/man/man1
    mkdir -p "$folder"
    "$1" man "$folder" >/dev/null
    gzip -9n "$folder"/*.1
}

main() {
    local program='' folder=target/debian root package
    if [[ ${1:-} == --program ]]; then
        program=${2:?--program needs a file}
        shift 2
    fi
    folder=${1:-$folder}
    have dpkg-deb || die "dpkg-deb is missing, which makes packages" "sudo apt install dpkg"
    if [[ -z $program ]]; then program=$(release); fi
    program=$(realpath "$program")
    root=$(mktemp -d)
    # shellcheck disable=SC2064 # its value now
    trap "rm -rf '$root'" EXIT
    install -D -m 0755 --strip "$program" "$root/usr/bin/bn"
    install -D -m 0644 LICENSE "$root/usr/share/doc/binnacle/copyright"
    install -D -m 0644 README.md "$root/usr/share/doc/binnacle/README.md"
    install -m 0644 docs/json.schema.json "$root/usr/share/doc/binnacle/"
    completions "$program" "$root"
    manual "$program" "$root"
    mkdir "$root/DEBIAN"
    control "$root" >"$root/DEBIAN/control"
    chmod -R u=rwX,go=rX "$root"
    mkdir -p "$folder"
    package=$folder/binnacle_$(field version)_amd64.deb
    dpkg-deb --root-owner-group --build "$root" "$package" >&2
    echo "$package"
}

main "$@"
