#!/usr/bin/env bash
# A private containerd with its own root, state and socket, where there is no systemd to start the machine's
# own, or where that one must be left alone. Has to be run as root.
#
#   containerd.sh start DIR [--gid GID]   starts it, or finds it running; prints its address
#   containerd.sh stop DIR                ends its containers and itself; what it stored stays in DIR
#
# The socket is root's alone; --gid opens it to a group, who thereby can become root.
# runc's state (/run/containerd/runc/NAMESPACE) has no such switch: containers of one name in one namespace
# clash between two containerds of a machine.
set -euo pipefail

# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# sun_path holds 107 bytes, and containerd appends .ttrpc
readonly LONGEST_ADDRESS=101

usage() { die "usage: containerd.sh start DIR [--gid GID] | stop DIR"; }

write_config() {
    local gid=$1
    cat >"$DIR/config.toml" <<END
version = 2
root = "$DIR/root"
state = "$DIR/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime",
    "io.containerd.nri.v1.nri"]
[grpc]
  address = "$ADDRESS"
  gid = $gid
[debug]
  address = ""
[plugins."io.containerd.internal.v1.opt"]
  path = "$DIR/opt"
END
}

# The process that runs on this folder's configuration; a number in a file could be anybody's by now.
running_pid() {
    local pid
    pid=$(cat "$DIR/pid" 2>/dev/null) || return 1
    tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "--config $DIR/config.toml" && echo "$pid"
}

answers() { ctr --address "$ADDRESS" version >/dev/null 2>&1; }

start() {
    local tries
    if ! running_pid >/dev/null; then
        write_config "$1"
        setsid containerd --config "$DIR/config.toml" >"$DIR/log" 2>&1 </dev/null &
        echo $! >"$DIR/pid"
    fi
    for ((tries = 0; tries < 200; tries++)); do
        if answers; then
            echo "$ADDRESS"
            return
        fi
        running_pid >/dev/null || break
        sleep 0.1
    done
    tail -n 5 "$DIR/log" >&2
    die "containerd did not start in $DIR" "the whole log: $DIR/log"
}

# A shim outlives its containerd, so everything that runs goes first.
end_containers() {
    local namespace id
    for namespace in $(ctr --address "$ADDRESS" namespaces ls -q); do
        for id in $(ctr --address "$ADDRESS" --namespace "$namespace" containers ls -q); do
            ctr --address "$ADDRESS" --namespace "$namespace" tasks rm -f "$id" >/dev/null 2>&1 || true
            ctr --address "$ADDRESS" --namespace "$namespace" containers rm "$id"
        done
    done
}

stop() {
    local pid tries
    pid=$(running_pid) || return 0
    if answers; then end_containers; fi
    kill "$pid"
    for ((tries = 0; tries < 100; tries++)); do
        if ! running_pid >/dev/null; then
            rm -f "$DIR/pid" "$ADDRESS" "$ADDRESS.ttrpc"
            return
        fi
        sleep 0.1
    done
    die "containerd ($pid) of $DIR does not end"
}

main() {
    local verb=${1:-} gid=0
    [[ -n ${2:-} ]] || usage
    ((EUID == 0)) || die "containerd has to be started as root" "sudo ${BASH_SOURCE[0]} $*"
    if [[ ${3:-} == --gid ]]; then gid=${4:?--gid needs a number}; fi
    install -d -m 0711 "$2"
    DIR=$(realpath "$2")
    ADDRESS=$DIR/containerd.sock
    ((${#ADDRESS} <= LONGEST_ADDRESS)) || die "$ADDRESS is too long a name for a socket" "choose a shorter folder"
    case $verb in
        start) start "$gid" ;;
        stop) stop ;;
        *) usage ;;
    esac
}

main "$@"
