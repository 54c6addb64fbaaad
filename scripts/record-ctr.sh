#!/usr/bin/env bash
# Records what this machine's ctr prints and bn reads, for the tests beside src/container. Has to be run as root.
#
#   record-ctr.sh FOLDER ADDRESS IMAGE
#
# FOLDER is named after the version, such as src/container/recorded/containerd-1.7.
set -euo pipefail

# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[[ -n ${3:-} ]] || die "usage: record-ctr.sh FOLDER ADDRESS IMAGE"
((EUID == 0)) || die "containers have to be started as root"
readonly FOLDER=$1 IMAGE=$3
readonly CTR=(ctr --address "$2" --namespace binnacle)

remove() {
    "${CTR[@]}" tasks rm --force record-running 2>/dev/null
    "${CTR[@]}" containers rm record-running record-ended
}

mkdir -p "$FOLDER"
# The UUID is this machine's.
"${CTR[@]}" version | grep -v UUID >"$FOLDER/version"
ctr run --help >"$FOLDER/run-help"
trap remove EXIT
"${CTR[@]}" run --detach --null-io "$IMAGE" record-running sleep 600
"${CTR[@]}" run --detach --null-io "$IMAGE" record-ended bash -c 'exit 8'
until [[ $("${CTR[@]}" tasks ls) =~ ended.*STOPPED ]]; do sleep 0.1; done
"${CTR[@]}" tasks ls >"$FOLDER/tasks"
"${CTR[@]}" tasks rm record-ended 2>"$FOLDER/removed"
