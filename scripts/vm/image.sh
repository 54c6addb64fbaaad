#!/usr/bin/env bash
# Makes what scripts/vm.sh boots: a qemu of its own, and the disk, kernel and initrd of a Debian. Has to be run as root.
#
#   image.sh SUITE DIR     DIR/qemu, and DIR/SUITE/{root.ext4,vmlinuz,initrd}
#
# Nothing is installed on this machine. The packages come from where this machine's apt gets its own. Each is made
# again when what it is made from has changed.
set -euo pipefail

HERE=$(dirname "${BASH_SOURCE[0]}")
readonly HERE
# shellcheck source=scripts/common.sh
source "$HERE/../common.sh"

readonly QEMU_SUITE=trixie
readonly BASE=localhost/binnacle-base:debian
readonly DISK=20G
# What qemu, an image and what is written in a machine take, in KiB.
readonly ROOM=$((6 << 20))

readonly SYSTEM=systemd-sysv,dbus,dbus-user-session,libpam-systemd,udev,linux-image-cloud-amd64,initramfs-tools,zstd,kmod,apparmor,apparmor-utils,openssh-server,sudo,iproute2,ca-certificates
readonly TOOLS=git,jq,tmux,bsdutils,procps,python3,openssl,curl,psmisc,uidmap,less
# With what they recommend, as a user gets them.
readonly CONTAINERS="containerd runc buildah podman skopeo"

# The address of the archive with this label, such as Debian or Debian-Security.
archive() {
    # shellcheck disable=SC2016 # these are apt's variables
    apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' | sed -n "s/^$1 //p" | head -n 1
}

sources() {
    local main security
    main=$(archive Debian)
    [[ $main ]] || die "apt does not install from Debian here" "see: apt-get indextargets"
    echo "deb $main $1 main"
    security=$(archive Debian-Security)
    if [[ $security && $1 != sid ]]; then echo "deb $security $1-security main"; fi
}

# How this machine's apt gets to its archive.
own_settings() {
    local key
    for key in http https Check-Valid-Until; do
        apt-config dump --format '%f "%v";%n' "Acquire::$key" | sed '/""/d'
    done
}

bootstrap() {
    mmdebstrap --quiet --aptopt="$WORK/apt.conf" --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' "$@" >>"$DIR/log" 2>&1 ||
        die "mmdebstrap could not make it: $(grep -m 1 -E '^E: ' "$DIR/log")" "the whole log: $DIR/log"
}

# $1 is a folder, the rest what it is made from. Succeeds if it was made from just that.
is_made_from() {
    local folder=$1
    shift
    [[ -e $folder/made-from && $(<"$folder/made-from") == "$(fingerprint "$@")" ]]
}

fingerprint() { printf '%s\n' "$@" | cat - "${BASH_SOURCE[0]}" | sha256sum | cut -d ' ' -f 1; }

make_qemu() {
    local sources
    sources=$(sources $QEMU_SUITE)
    if is_made_from "$DIR/qemu" "$sources"; then return; fi
    say "unpacking qemu"
    rm -rf "$DIR/qemu"
    bootstrap --variant=extract --include=qemu-system-x86,qemu-utils,seabios $QEMU_SUITE "$DIR/qemu" - <<<"$sources"
    fingerprint "$sources" >"$DIR/qemu/made-from"
}

# The base of the images in the tests, as an archive: importing it by emulation would take minutes.
make_base() {
    local id
    "$HERE/../base-image.sh" --ref $BASE
    id=$(buildah images -q --no-trunc $BASE)
    if [[ ! -s $DIR/base.tar || ! -e $DIR/base.id || $(<"$DIR/base.id") != "$id" ]]; then
        buildah push -q $BASE "docker-archive:$WORK/base.tar:$BASE"
        mv "$WORK/base.tar" "$DIR/base.tar"
        echo "$id" >"$DIR/base.id"
    fi
}

# A line in the machine whose root is $1, before it ever runs.
inside() {
    # shellcheck disable=SC2016 # the inner bash's own
    unshare --mount --fork bash -ec 'mount --bind "$1" "$1"; cd "$1"
        for name in proc sys dev; do mount --rbind "/$name" "$name"; done
        chroot . bash -ec "$2"' inside "$1" "$2"
}

# Root's store of the machine at $1 gets it from that machine's own buildah.
store_base() {
    install -D -m 0644 "$DIR/base.tar" "$1/var/lib/binnacle-test/base-image.tar"
    inside "$1" 'buildah pull -q docker-archive:/var/lib/binnacle-test/base-image.tar' >>"$DIR/log" 2>&1 ||
        die "the machine's buildah cannot store the base image" "the whole log: $DIR/log"
}

# Users, keys, network, and nothing that waits for a person.
customize() {
    local root=$1 user
    if [[ -s /etc/ssl/certs/ca-certificates.crt ]]; then cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"; fi
    echo binnacle-vm >"$root/etc/hostname"
    printf '127.0.0.1 localhost binnacle-vm\n::1 localhost\n' >"$root/etc/hosts"
    echo '/dev/vda / ext4 defaults,discard 0 1' >"$root/etc/fstab"
    printf '[Match]\nType=ether\n[Network]\nDHCP=ipv4\n' >"$root/etc/systemd/network/ether.network"
    rm -f "$root/etc/resolv.conf"
    echo "nameserver 10.0.2.3" >"$root/etc/resolv.conf"
    inside "$root" 'systemctl -q enable systemd-networkd
        useradd -m -s /bin/bash dev
        useradd -m -s /bin/bash pass
        echo pass:pass | chpasswd'
    printf 'dev ALL=(ALL) NOPASSWD: ALL\npass ALL=(ALL) ALL\n' >"$root/etc/sudoers.d/vm"
    chmod 0440 "$root/etc/sudoers.d/vm"
    for user in root home/dev home/pass; do
        install -d -m 0700 "$root/$user/.ssh"
        cp "$DIR/key.pub" "$root/$user/.ssh/authorized_keys"
    done
    inside "$root" 'chown -R dev: /home/dev/.ssh; chown -R pass: /home/pass/.ssh'
}

make_image() {
    local suite=$1 here=$DIR/$1 root=$WORK/root sources made_from
    sources=$(sources "$suite")
    made_from=("$sources" "$(<"$DIR/key.pub")" "$(<"$DIR/base.id")")
    if is_made_from "$here" "${made_from[@]}"; then return; fi
    say "making a machine with Debian's $suite"
    rm -rf "$here"
    mkdir "$here"
    bootstrap --variant=minbase --include="$SYSTEM,$TOOLS" \
        --customize-hook="chroot \"\$1\" apt-get install -qy --install-recommends $CONTAINERS" "$suite" "$root" - <<<"$sources"
    store_base "$root"
    customize "$root"
    cp "$root"/boot/vmlinuz-* "$here/vmlinuz"
    cp "$root"/boot/initrd.img-* "$here/initrd"
    truncate -s "$DISK" "$here/root.ext4"
    mke2fs -q -F -t ext4 -m 0 -E lazy_itable_init=1 -d "$root" "$here/root.ext4"
    fingerprint "${made_from[@]}" >"$here/made-from"
}

main() {
    local free
    [[ -n ${2:-} ]] || die "usage: image.sh SUITE DIR"
    ((EUID == 0)) || die "a machine's disk has to be made as root" "sudo ${BASH_SOURCE[0]} $*"
    have apt-get || die "this machine has no apt, from whose archive a machine could be made"
    have mmdebstrap || die "mmdebstrap is missing" "scripts/setup.sh test"
    mkdir -p "$2"
    DIR=$(realpath "$2")
    chmod 0755 "$DIR"
    free=$(df --output=avail "$DIR" | tail -n 1)
    [[ -e $DIR/$1/made-from ]] || ((free >= ROOM)) ||
        die "$DIR has $((free >> 10)) MiB free, and a machine takes $((ROOM >> 10))" "another folder: VM_DIR="
    WORK=$(mktemp -d "$DIR/work.XXXXXX")
    # shellcheck disable=SC2064 # its value now
    trap "rm -rf --one-file-system '$WORK'" EXIT
    own_settings >"$WORK/apt.conf"
    [[ -e $DIR/key ]] || ssh-keygen -q -t ed25519 -N '' -C binnacle-vm -f "$DIR/key"
    : >"$DIR/log"
    make_qemu
    make_base
    make_image "$1"
    if [[ ${SUDO_USER:-} ]]; then chown -R "$SUDO_USER:" "$DIR"; fi
}

main "$@"
