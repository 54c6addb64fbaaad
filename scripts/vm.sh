#!/usr/bin/env bash
# A virtual machine as users have it, and the tests in it: Debian with systemd as PID 1, control groups version 2,
# AppArmor, and containerd started by systemd. qemu, with KVM where it works and by emulation where not.
#
#   vm.sh image SUITE                     makes it: bookworm, trixie, forky or sid (scripts/vm/image.sh)
#   vm.sh boot SUITE                      starts it, and waits until systemd has finished
#   vm.sh test SUITE [NAME…]              runs tests/vm/real-tests in it, or these, and tests/vm/*.sh
#   vm.sh run SUITE [-t] [-u USER] LINE   a shell command line in it (user: root); its exit code is this one's
#   vm.sh copy SUITE FILE… FOLDER         copies into it, as root
#   vm.sh reboot SUITE                    reboots it, and waits
#   vm.sh suspend SUITE SECONDS           lets it stand still for so long
#   vm.sh stop SUITE [--keep]             powers it off; what was written in it goes, but for --keep
#
# Users: root, dev (sudo without a password), pass (sudo asks; the password is "pass").
# VM_DIR (default /var/lib/binnacle-vm), VM_CPUS, VM_MEMORY (MiB), VM_ACCEL (kvm or tcg)
set -euo pipefail

HERE=$(dirname "${BASH_SOURCE[0]}")
readonly HERE
# shellcheck source=scripts/common.sh
source "$HERE/common.sh"

readonly DIR=${VM_DIR:-/var/lib/binnacle-vm}
readonly CPUS=${VM_CPUS:-2} MEMORY=${VM_MEMORY:-4096}
# Seconds until systemd must have finished.
readonly BOOT=600

image() {
    have ssh || die "ssh is missing, the way into a machine" "scripts/setup.sh test"
    as_root "$HERE/vm/image.sh" "$1" "$DIR"
}

# What was unpacked runs on its own libraries.
unpacked() {
    local root=$DIR/qemu program=$1
    shift
    QEMU_MODULE_DIR=$root/usr/lib/x86_64-linux-gnu/qemu exec "$root/usr/lib64/ld-linux-x86-64.so.2" \
        --library-path "$root/usr/lib/x86_64-linux-gnu" "$root/usr/bin/$program" "$@"
}

accel() {
    if [[ ${VM_ACCEL:-} ]]; then
        echo "$VM_ACCEL"
    elif [[ -w /dev/kvm ]] && grep -qE 'vmx|svm' /proc/cpuinfo; then
        echo kvm
    else
        echo tcg
    fi
}

# A port of this machine's loopback, which leads to the machine's ssh.
port() { echo $((22000 + $(cksum <<<"$DIR/$1" | cut -d ' ' -f 1) % 1000)); }

running() {
    [[ -s $DIR/$1/pid ]] && tr '\0' ' ' 2>/dev/null <"/proc/$(<"$DIR/$1/pid")/cmdline" | grep -qF "$DIR/$1/overlay"
}

start_qemu() {
    local here=$DIR/$1 cpu=max accel
    accel=$(accel)
    if [[ $accel == kvm ]]; then cpu=host; fi
    (unpacked qemu-system-x86_64 -L "$DIR/qemu/usr/share/qemu" -L "$DIR/qemu/usr/share/seabios" \
        -accel "$accel" -cpu "$cpu" -machine q35 -smp "$CPUS" -m "$MEMORY" -nodefaults -no-user-config -display none \
        -kernel "$here/vmlinuz" -initrd "$here/initrd" -append "root=/dev/vda rw console=ttyS0 quiet no_timer_check" \
        -drive "file=$here/overlay,if=virtio,format=qcow2,cache=unsafe,discard=unmap" -serial "file:$here/console" \
        -device virtio-rng-pci -netdev "user,id=n,hostfwd=tcp:127.0.0.1:$(port "$1")-:22" \
        -device virtio-net-pci,netdev=n,romfile= -pidfile "$here/pid") >"$here/qemu.log" 2>&1 </dev/null &
    QEMU=$!
}

boot() {
    local here=$DIR/$1
    [[ -s $here/root.ext4 ]] || die "there is no machine $1" "scripts/vm.sh image $1"
    ! running "$1" || die "$1 is running" "scripts/vm.sh stop $1"
    if [[ ! -s $here/overlay ]]; then
        (unpacked qemu-img create -q -f qcow2 -b "$here/root.ext4" -F raw "$here/overlay")
    fi
    rm -f "$here/pid"
    start_qemu "$1"
    await "$1"
    say "$1 has booted ($(accel), $SECONDS s)"
}

# Waits for systemd to have finished; a unit that failed is no obstacle.
await() {
    local deadline=$((SECONDS + BOOT)) state
    while ((SECONDS < deadline)); do
        state=$(ssh_to "$1" root -o ConnectTimeout=10 systemctl is-system-running --wait 2>/dev/null) || true
        if [[ $state == running || $state == degraded ]]; then return; fi
        if [[ ${QEMU:-} ]] && ! kill -0 "$QEMU" 2>/dev/null; then break; fi
        sleep 1
    done
    tail -n 5 "$DIR/$1/qemu.log" "$DIR/$1/console" >&2 || true
    die "$1 did not boot"
}

ssh_options() {
    printf '%s\n' -q -i "$DIR/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes \
        -o ServerAliveInterval=30
}

ssh_to() {
    local suite=$1 user=$2 options
    shift 2
    mapfile -t options < <(ssh_options)
    ssh "${options[@]}" -p "$(port "$suite")" "$user@127.0.0.1" "$@"
}

run() {
    local suite=$1 user=root options=()
    shift
    while [[ ${1:-} == -? ]]; do
        case $1 in
            -t) options+=(-tt) ;;
            -u)
                user=$2
                shift
                ;;
            *) die "run: $1?" ;;
        esac
        shift
    done
    ssh_to "$suite" "$user" "${options[@]}" "$*"
}

copy() {
    local suite=$1 options
    shift
    mapfile -t options < <(ssh_options)
    scp "${options[@]}" -r -P "$(port "$suite")" "${@:1:$#-1}" "root@127.0.0.1:${!#}"
}

boot_id() { run "$1" cat /proc/sys/kernel/random/boot_id 2>/dev/null; }

reboot() {
    local before
    before=$(boot_id "$1")
    run "$1" systemctl reboot || true
    while [[ $(boot_id "$1") == "$before" ]]; do sleep 1; done
    await "$1"
}

suspend() {
    local pid
    pid=$(<"$DIR/$1/pid")
    kill -STOP "$pid"
    sleep "$2"
    kill -CONT "$pid"
}

stop() {
    local tries
    if running "$1"; then
        run "$1" poweroff || true
        for ((tries = 0; tries < 90; tries++)); do
            running "$1" || break
            sleep 1
        done
        if running "$1"; then kill "$(<"$DIR/$1/pid")"; fi
    fi
    if [[ ${2:-} != --keep ]]; then rm -f "$DIR/$1/overlay"; fi
}

# shellcheck source=scripts/vm/suite.sh
source "$HERE/vm/suite.sh"

case ${1:-} in
    image | boot | test | run | copy | reboot | suspend | stop)
        [[ ${2:-} ]] || die "vm.sh $1: of which Debian?" "scripts/vm.sh $1 trixie"
        if [[ $1 == test ]]; then run_suite "${@:2}"; else "$@"; fi
        ;;
    *)
        sed -n '2,/^set/{/^set/d;s/^# \?//;p}' "${BASH_SOURCE[0]}" >&2
        exit 2
        ;;
esac
