# shellcheck shell=bash
# README's first command as users type it, but for the compiling, which takes hours by emulation; sourced by life.sh.

# A clone of the user's, and this machine's cargo, whose version is asked.
clone_of() {
    git -C "$HERE/../.." archive HEAD | as "$1" 'rm -rf clone; mkdir clone; tar -x -C clone'
    as "$1" 'cat >answer.py' <"$HERE/answer.py"
    as root 'install -m 0755 /dev/stdin /usr/local/bin/cargo' <"$(rustup which cargo 2>/dev/null || command -v cargo)"
}

# At a terminal, where both ask: setup.sh before it installs, sudo for its password.
demo_of() {
    local user=$1 said
    clone_of "$user"
    # A name that is not installed would keep apt from removing the others.
    # shellcheck disable=SC2016 # the machine's own
    as root 'there=$(dpkg-query --show --showformat "\${db:Status-Abbrev} \${Package}\n" gcc libc6-dev mmdebstrap jq 2>/dev/null | sed -n "s/^ii *//p")
        if [[ $there ]]; then DEBIAN_FRONTEND=noninteractive apt-get remove -qy $there; fi' >&2
    as "$user" 'cd clone && python3 ~/answer.py pass scripts/setup.sh demo' >&2
    # Making a base by emulation takes a quarter of an hour, and without this an older buildah copies each layer whole.
    as "$user" 'mkdir -p .config/containers; printf "[storage]\ndriver = \"overlay\"\n" >.config/containers/storage.conf
        buildah pull -q docker-archive:/var/lib/binnacle-test/base-image.tar' >&2
    said=$(as "$user" "cd clone && python3 ~/answer.py pass scripts/demo.sh --bn $PROGRAM" | tee /dev/stderr)
    grep -q 'merged into main' <<<"$said" || fail "the demo of $user has merged nothing"
}

a_user_with_passwordless_sudo_sees_the_demo() { demo_of dev; }

a_user_whose_sudo_asks_sees_the_demo() { demo_of pass; }
