# shellcheck shell=bash
# What the scripts share; to be sourced.

say() { printf '==> %s\n' "$*" >&2; }

# $1 says what is wrong, the rest what to do about it.
die() {
    printf 'Error: %s\n' "$1" >&2
    shift
    if (($#)); then printf 'hint: %s\n' "$@" >&2; fi
    exit 1
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

have() { command -v "$1" >/dev/null 2>&1; }

# rustup puts it there, and a shell that was open before does not look there.
if ! have cargo; then PATH=$PATH:${CARGO_HOME:-${HOME:-}/.cargo}/bin; fi

# Yes without asking where nobody is there to be asked.
confirm() {
    local answer
    [[ -t 0 ]] || return 0
    read -rp "$1 [Y/n] " answer
    [[ -z $answer || $answer == [yY]* ]]
}
