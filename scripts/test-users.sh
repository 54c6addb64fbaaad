#!/usr/bin/env bash
# The two unprivileged users of the tests: bn-test-nopass, whose sudo does not ask, and bn-test-pass, whose does
# (password: bn-test). One with a known password is no user to leave on a machine, so they go afterwards.
#
#   test-users.sh add | remove
set -euo pipefail

# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

readonly SUDOERS=/etc/sudoers.d/binnacle-test
# Where the tests look for what must not be logged.
readonly LOG=/var/log/bn-test-sudo.log
readonly USERS=(bn-test-nopass bn-test-pass)

# Not the ranges that useradd may have given to somebody else already.
first_free_id() {
    { cut -d: -f2,3 /etc/subuid /etc/subgid || true; } |
        awk -F: 'BEGIN { end = 100000 } $1 + $2 > end { end = $1 + $2 } END { print end }'
}

add_user() {
    local user=$1 first
    if id "$user" >/dev/null 2>&1; then return; fi
    useradd --create-home --shell /bin/bash "$user"
    # Without it buildah copies every layer whole.
    install -d -o "$user" -g "$user" "/home/$user/.config" "/home/$user/.config/containers"
    echo '[storage]
driver = "overlay"' >"/home/$user/.config/containers/storage.conf"
    if grep -q "^$user:" /etc/subuid; then return; fi
    first=$(first_free_id)
    usermod --add-subuids "$first-$((first + 65535))" --add-subgids "$first-$((first + 65535))" "$user"
}

add() {
    local user
    for user in "${USERS[@]}"; do add_user "$user"; done
    echo bn-test-pass:bn-test | chpasswd
    printf '%s\n' 'bn-test-nopass ALL=(ALL) NOPASSWD: ALL' 'bn-test-pass ALL=(ALL) ALL' \
        "Defaults:bn-test-nopass logfile=$LOG" >"$SUDOERS.new"
    chmod 0440 "$SUDOERS.new"
    visudo -cqf "$SUDOERS.new"
    mv "$SUDOERS.new" "$SUDOERS"
}

remove() {
    local user
    rm -f "$SUDOERS" "$LOG"
    for user in "${USERS[@]}"; do
        if id "$user" >/dev/null 2>&1; then userdel --force --remove "$user" 2>/dev/null; fi
    done
}

((EUID == 0)) || die "users have to be made as root"
case ${1:-} in
    add) add ;;
    remove) remove ;;
    *) die "usage: test-users.sh add | remove" ;;
esac
