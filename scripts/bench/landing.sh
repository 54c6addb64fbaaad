#!/usr/bin/env bash
# Measures what it takes to collect and fast-forward COMMITS commits that change FILES files: from the agent's last instruction to the prompt,
# less what that takes where the agent has committed nothing, beside `git fetch` and `git merge --ff-only` of the same commits by hand.
#
# Each time has folders of its own, and the disk has their files before: the end of every container writes out the whole file system, and a file
# that the disk has takes longer to replace. Files that were just removed make others slow to create.
#
# The single times are in target/bench/landing.json. With BENCH_CHECK=yes it fails where bn takes more than 1.5 times as long, plus what
# the times by hand are apart: 1.2 times is aimed at, and was reached.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/common.sh
source scripts/common.sh
# shellcheck source=scripts/timing.sh
source scripts/timing.sh

readonly COMMITS=${COMMITS:-1000} FILES=${FILES:-10000} ROUNDS=${ROUNDS:-5}

# The history, for git fast-import: all files, and then commits that change each of them once.
commits() {
    awk -v files="$FILES" -v commits="$COMMITS" '
        function commit(number) { printf "commit refs/heads/%s\ncommitter B <b@example.org> %d +0000\ndata 1\nx\n", number ? "work" : "main", 1700000000 + number }
        function file(i, text) { text = text " " i; printf "M 100644 inline d%d/f%d\ndata %d\n%s\n", int(i / 100), i, length(text), text }
        BEGIN { commit(0); for (i = 0; i < files; i++) file(i, "old"); print ""
            for (c = 1; c <= commits; c++) {
                commit(c)
                if (c == 1) print "from refs/heads/main"
                for (i = c - 1; i < files; i += commits) file(i, "new")
                print ""
            } }'
}

# A repository without the work, and a worktree, in a folder of their own ($1).
fresh() {
    git clone -q --branch main --single-branch "$PLACE/source" "$1/repo"
    git -C "$1/repo" worktree add -q "$1/agent" -b agent
    sync
}

# Milliseconds from what the agent printed last to the prompt.
end_of() {
    local at now folder
    folder=$(mktemp -d -p "$PLACE")
    fresh "$folder"
    at=$(cd "$folder/repo" && "$BN" container run --network none --tag "$BN_TEST_IMAGE" --mount "$PLACE/bundle:/bundle" --name "landing-$RANDOM-$RANDOM" \
        "$folder/agent" -- bash -c "$1; date +%s%N" 2>"$PLACE/said" | grep -E '^[0-9]{19}$') || die "$(tail -n 3 "$PLACE/said")"
    now=$(date +%s%N)
    echo $(((now - at) / 1000000))
}

by_hand() { git -C "$1/repo" fetch -q "$PLACE/source" work && git -C "$1/repo" merge -q --ff-only FETCH_HEAD; }

main() {
    local round with without hand noise folder
    git init -q -b main "$PLACE/source"
    commits | git -C "$PLACE/source" fast-import --quiet
    git -C "$PLACE/source" bundle create -q "$PLACE/bundle" work
    : >"$OUT"
    for ((round = 0; round < ROUNDS; round++)); do
        printf 'without\t%s\n' "$(end_of true)" >>"$OUT"
        printf 'with\t%s\n' "$(end_of 'git fetch -q /bundle work && git reset -q --hard FETCH_HEAD')" >>"$OUT"
        folder=$(mktemp -d -p "$PLACE")
        fresh "$folder"
        printf 'hand\t%s\n' "$(timed by_hand "$folder")" >>"$OUT"
    done
    with=$(median with) without=$(median without) hand=$(median hand)
    noise=$(awk '$1 == "hand" { print $2 }' "$OUT" | apart)
    printf 'bn %d ms (%d with the work, %d without)   git fetch, git merge --ff-only %d ms ± %d\n' $((with - without)) "$with" "$without" "$hand" "$noise"
    if [[ ${BENCH_CHECK:-} ]] && ((10 * (with - without) > 15 * hand + 10 * noise)); then die "bn takes more than 1.5 times as long as git by hand"; fi
}

set_up landing
own_home
git config --global user.name Bench
git config --global user.email bench@example.org
main "$@"
