#!/usr/bin/env bash
# Measures what many runs cost: RUNS detached ones that begin at the same time, and the memory of all their owners; `stop --all` of STUBBORN
# ones that do not hear TERM, with a grace of GRACE seconds; and `list` with LISTED containers, beside what containerd itself is asked by hand.
#
# Beside it, where a docker daemon answers (DOCKER_HOST), as many `docker run --detach` of the same image. The single times are in
# target/bench/many.json. With BENCH_CHECK=yes it fails where the owners have 100 MB of their own or more, `stop` takes more than GRACE + 4
# seconds (GRACE + 3 are aimed at), or `list` is slower than `ctr`, or the runs take a tenth longer than docker's (no longer is aimed at).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/common.sh
source scripts/common.sh
# shellcheck source=scripts/timing.sh
source scripts/timing.sh

readonly RUNS=${RUNS:-20} STUBBORN=${STUBBORN:-30} GRACE=${GRACE:-3} LISTED=${LISTED:-500} ROUNDS=${ROUNDS:-5}
readonly NAME=many-$$

ctr_here() { as_root ctr --address "$BN_TEST_CONTAINERD" --namespace binnacle "$@"; }
bn_here() { (cd "$PLACE/repo" && exec "$BN" "$@"); }

clean() {
    bn_here container stop --all --time 0 >/dev/null 2>&1 || true
    local names
    mapfile -t names < <(ctr_here containers ls -q | grep "^$NAME-listed")
    if ((${#names[@]})); then ctr_here containers rm "${names[@]}"; fi
}

# So many detached runs of a command at once, each in a worktree of its own.
begin() {
    local what=$1 count=$2 number jobs=()
    for ((number = 1; number <= count; number++)); do git -C "$PLACE/repo" worktree add -q "$PLACE/$what-$number" -b "$what-$number"; done
    started=$EPOCHREALTIME
    for ((number = 1; number <= count; number++)); do
        bn_here container run --detach --network none --tag "$BN_TEST_IMAGE" --name "$NAME-$what-$number" "$PLACE/$what-$number" -- \
            "${@:3}" >"$PLACE/said-$what-$number" 2>&1 &
        jobs+=($!)
    done
    for number in "${jobs[@]}"; do wait "$number" || die "a run did not start: $(tail -n 3 "$PLACE"/said-"$what"-*)"; done
    took "$what" "$started"
}

# What the owners of all runs have that no other process has, in MB.
memory() {
    pgrep -f "container supervise $HOME" | while read -r pid; do awk '/^Private_/ { kb += $2 } END { print kb }' "/proc/$pid/smaps_rollup"; done |
        awk '{ kb += $1 } END { printf "%d", kb / 1024 }'
}

by_docker() {
    local number started jobs=()
    started=$EPOCHREALTIME
    for ((number = 1; number <= RUNS; number++)); do
        docker run --detach --network none --name "$NAME-$number" --entrypoint sleep "$BN_TEST_IMAGE" 600 >/dev/null &
        jobs+=($!)
    done
    for number in "${jobs[@]}"; do wait "$number"; done
    took docker "$started"
    seq -f "$NAME-%g" "$RUNS" | xargs docker rm --force >/dev/null
}

list_by_hand() { ctr_here containers ls && ctr_here tasks ls; }
list_by_bn() { bn_here container list --all; }

main() {
    local number started owners bn hand stopped docker
    git init -q -b main "$PLACE/repo"
    git -C "$PLACE/repo" -c user.name=Bench -c user.email=bench@example.org commit -q --allow-empty -m start
    : >"$OUT"
    # Docker's daemon has its image, and the first run of a repository makes what is there once.
    begin first 1 true
    bn_here container wait "$NAME-first-1" >/dev/null
    begin runs "$RUNS" sleep 600
    owners=$(memory)
    started=$EPOCHREALTIME
    bn_here container stop --all --time 0 >"$PLACE/said" 2>&1 || die "$(tail -n 3 "$PLACE/said")"
    took stop-runs "$started"
    begin stubborn "$STUBBORN" bash -c "trap '' TERM; while :; do sleep 1; done"
    started=$EPOCHREALTIME
    bn_here container stop --all --time "$GRACE" >"$PLACE/said" 2>&1 || die "$(tail -n 3 "$PLACE/said")"
    took stop "$started"
    for ((number = 1; number <= LISTED; number++)); do ctr_here containers create "$BN_TEST_IMAGE" "$NAME-listed-$number"; done
    for ((number = 0; number < ROUNDS; number++)); do
        printf 'list-bn\t%s\n' "$(timed list_by_bn)" >>"$OUT"
        printf 'list-hand\t%s\n' "$(timed list_by_hand)" >>"$OUT"
    done
    if docker_has_image; then by_docker; fi
    bn=$(median list-bn) hand=$(median list-hand) stopped=$(median stop) docker=$(median docker)
    printf '%d runs at once       %6d ms   docker %s ms   their owners %d MB\n' "$RUNS" "$(median runs)" "${docker:-?}" "$owners"
    printf 'stop of %d stubborn   %6d ms   grace %d ms\n' "$STUBBORN" "$stopped" $((GRACE * 1000))
    printf 'list with %d          %6d ms   ctr containers ls, ctr tasks ls %d ms\n' "$LISTED" "$bn" "$hand"
    [[ ${BENCH_CHECK:-} ]] || return 0
    if ((owners >= 100)); then die "the owners have $owners MB of their own"; fi
    if ((stopped > (GRACE + 4) * 1000)); then die "stop took $stopped ms"; fi
    if (($(differences list-bn list-hand | middle) > $(differences list-bn list-hand | apart))); then die "list takes $bn ms, and ctr $hand"; fi
    if [[ $docker ]] && (($(median runs) * 10 > docker * 11)); then die "$RUNS runs take longer to begin than with docker"; fi
}

set_up many
own_home
main "$@"
