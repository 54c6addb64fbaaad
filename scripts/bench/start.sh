#!/usr/bin/env bash
# Measures what a run costs beside the bare `ctr run` of the same image: the two, and the variants, take turns.
#
# Prints medians of ROUNDS rounds; the single times are in target/bench/start.tsv. With BENCH_CHECK=yes it fails where bn takes
# more than BOUND milliseconds longer than ctr, plus three times what ctr's own times are apart (median deviation).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/common.sh
source scripts/common.sh
# shellcheck source=scripts/timing.sh
source scripts/timing.sh

readonly ROUNDS=${ROUNDS:-15} BOUND=250

set_up start
own_home
git config --global user.name Bench
git config --global user.email bench@example.org

# A repository with so many files and refs, and a worktree.
repository() {
    local repo=$PLACE/$1 files=$2 refs=$3 head
    git init -q -b main "$repo"
    mkdir "$repo/files"
    for ((i = 0; i < files; i++)); do printf '%s\n' "$i" >"$repo/files/$i"; done
    git -C "$repo" add -A
    git -C "$repo" commit -q --allow-empty -m start
    head=$(git -C "$repo" rev-parse HEAD)
    for ((i = 0; i < refs; i++)); do printf 'create refs/heads/b/%d %s\n' "$i" "$head"; done | git -C "$repo" update-ref --stdin
    git -C "$repo" pack-refs --all
    git -C "$repo" worktree add -q "$PLACE/$1-tree" -b agent
}

run() {
    (cd "$PLACE/$1" && "$BN" container run --tag "$BN_TEST_IMAGE" --network "$2" --name "bench-$RANDOM-$RANDOM" "$PLACE/$1-tree" -- "${@:3}")
}

bare() { as_root ctr --address "$BN_TEST_CONTAINERD" --namespace binnacle run --rm "$BN_TEST_IMAGE" "bare-$RANDOM-$RANDOM" true; }
tiny() { run tiny none true; }
commit() { run tiny none git commit -q --allow-empty -m work; }
egress() { run tiny egress true; }
large() { run large none true; }

deviation() {
    awk -v way="$1" -v middle="$(median "$1")" '$1 == way { print ($2 > middle) ? $2 - middle : middle - $2 }' "$OUT" |
        sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}

main() {
    local way extra
    repository tiny 10 1
    repository large "${FILES:-100000}" "${REFS:-10000}"
    : >"$OUT"
    for way in bare tiny commit egress large; do timed "$way" >/dev/null; done
    for ((round = 0; round < ROUNDS; round++)); do
        for way in bare tiny commit egress large; do printf '%s\t%s\n' "$way" "$(timed "$way")" >>"$OUT"; done
    done
    printf '%-8s %8s %8s %8s\n' way "median" "± ms" "ratio"
    for way in bare tiny commit egress large; do
        printf '%-8s %8s %8s %8s\n' "$way" "$(median "$way")" "$(deviation "$way")" \
            "$(awk -v one="$(median "$way")" -v bare="$(median bare)" 'BEGIN { printf "%.2f", one / bare }')"
    done
    extra=$(($(median tiny) - $(median bare) - 3 * $(deviation bare)))
    if [[ ${BENCH_CHECK:-} ]] && ((extra > BOUND)); then
        die "a run takes $extra ms longer than the bare ctr run, and at most $BOUND are allowed"
    fi
}

main "$@"
