#!/usr/bin/env bash
# Measures what a run costs: from Enter to the agent's first instruction, from the agent's exit to the prompt, and as a whole.
#
# Beside it two bare commands, which take turns with it: `ctr run --rm` of the same image ("plain"), and the very `ctr run` that bn starts
# ("same"): its flags, mounts, seccomp profile and limits, as BN_LOG=commands prints them for a run that goes on meanwhile. Three things
# differ: it runs in the foreground (--rm in the place of --detach and --log-uri), its name, and what it runs, which is `date` at once. So
# what the image's entrypoint does before and after the agent, and what bn sets from outside while that waits, counts as bn's.
#
# In all of them the agent is `date`: its time divides the start from the end. What a table says is "more" is the median of the differences
# of each round. Of docker and podman, where they are there, only the whole can be said. The single times are in target/bench/start.json.
#
# With BENCH_CHECK=yes it fails where a row is above its bound by more than what its differences are apart (median deviation). The bound is
# what was reached when it was set; what is aimed at stands beside it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/common.sh
source scripts/common.sh
# shellcheck source=scripts/timing.sh
source scripts/timing.sh

readonly ROUNDS=${ROUNDS:-15} NAME=bench-$$
# Milliseconds by which a whole run may be slower than docker's, and than podman's, which has no daemon to ask. Aimed at is half of docker's.
declare -rA ALLOWED_MORE=([docker]=0 [podman]=60)

clean() { (cd "$PLACE/tiny" && "$BN" container stop --all --time 0) >/dev/null 2>&1 || true; }

set_up start
own_home
git config --global user.name Bench
git config --global user.email bench@example.org

# A repository with so many files, refs and MB of objects, and a worktree.
repository() {
    local repo=$PLACE/$1 files=$2 refs=$3 objects=$4 head id
    git init -q -b main "$repo"
    mkdir "$repo/files"
    for ((i = 0; i < files; i++)); do printf '%s\n' "$i" >"$repo/files/$i"; done
    git -C "$repo" add -A
    git -C "$repo" commit -q --allow-empty -m start
    head=$(git -C "$repo" rev-parse HEAD)
    for ((i = 0; i < refs; i++)); do printf 'create refs/heads/b/%d %s\n' "$i" "$head"; done | git -C "$repo" update-ref --stdin
    for ((i = 0; i < objects; i += 100)); do
        id=$(head -c 100M /dev/urandom | git -C "$repo" -c core.compression=0 hash-object -w --stdin)
        id=$(printf '100644 blob %s\tlarge\n' "$id" | git -C "$repo" mktree)
        git -C "$repo" update-ref "refs/heads/objects/$i" "$(git -C "$repo" commit-tree -m objects "$id")"
    done
    git -C "$repo" pack-refs --all
    git -C "$repo" worktree add -q "$PLACE/$1-tree" -b agent
}

# $1: the repository. $2: the network. The rest is the agent.
run() {
    (cd "$PLACE/$1" && "$BN" container run --tag "$BN_TEST_IMAGE" --network "$2" "$PLACE/$1-tree" -- "${@:3}")
}

# The words of the `ctr run` that bn has started for a run that waits, with another program, up to the container's name.
learn_same() {
    local line word words=()
    git -C "$PLACE/tiny" worktree add -q "$PLACE/waits-tree" -b waits
    (cd "$PLACE/tiny" && BN_LOG=commands "$BN" container run --detach --tag "$BN_TEST_IMAGE" --network none --name "$NAME-waits" \
        "$PLACE/waits-tree" -- sleep infinity) 2>"$PLACE/started" >/dev/null
    line=$(grep -E '(^| )ctr .* run .*--pid-file' "$PLACE/started")
    # Written to be pasted into a shell.
    eval "words=(${line%  \# *})"
    SAME=()
    for word in "${words[@]}"; do
        case $word in
            --detach) SAME+=(--rm) ;;
            --log-uri | file://*) ;;
            */pid) SAME+=("$PLACE/pid") ;;
            "$NAME-waits") break ;;
            *) SAME+=("$word") ;;
        esac
    done
    # The file of secrets is gone by now, and its mount is not.
    line=$(grep -oE "src=[^,]*,dst=/run/secrets/env" "$PLACE/started")
    line=${line#src=}
    : >"${line%%,*}"
}

plain() { as_root ctr --address "$BN_TEST_CONTAINERD" --namespace binnacle run --rm "$BN_TEST_IMAGE" "$NAME-$RANDOM-$RANDOM" date +%s%6N; }
same() { "${SAME[@]}" "$NAME-$RANDOM-$RANDOM" date +%s%6N; }
tiny() { run tiny none date +%s%6N; }
egress() { run tiny egress date +%s%6N; }
large() { run large none date +%s%6N; }
# shellcheck disable=SC2016 # it is expanded inside
commit() { run tiny none bash -c 'date +%s%6N; git commit -q --allow-empty -m work; date +%s%6N'; }
# The same image and limits by another program.
by() {
    local more=()
    # What podman asks for by itself is more than some machines give.
    if [[ $1 == podman ]]; then more=(--ulimit nofile=1024:1024 --ulimit nproc=1024:1024); fi
    "$1" run --rm --network none --cpus 2 --memory 1g --pids-limit 4096 "${more[@]}" --entrypoint date "$BN_TEST_IMAGE" +%s%6N
}

# Notes the three times of one way. What the agent says may stand among other words.
measure() {
    local way=$1 from=$EPOCHREALTIME to moments
    "${@:2}" >"$PLACE/said" 2>"$PLACE/errors" </dev/null || die "$way failed: $(tail -n 3 "$PLACE/said" "$PLACE/errors")"
    to=$EPOCHREALTIME
    from=${from/./} to=${to/./}
    mapfile -t moments < <(grep -E '^[0-9]{16}$' "$PLACE/said")
    printf '%s\t%s\n' "$way-start" $(((moments[0] - from) / 1000)) "$way-end" $(((to - moments[-1]) / 1000)) "$way" $(((to - from) / 1000)) >>"$OUT"
}

failed=()
# $1: what. $2, $3: the thing, and what it is compared with. $4: milliseconds that are aimed at, $5: that are allowed.
row() {
    local more noise
    more=$(differences "$2" "$3" | middle) noise=$(differences "$2" "$3" | apart)
    printf '%-44s %6s %6s %6s %4s %6s %7s\n' "$1" "$(median "$2")" "$(median "$3")" "$more" "$noise" "$4" "$5"
    if ((more - noise > $5)); then failed+=("$1"); fi
}

main() {
    local way ways=(plain same tiny commit egress large) others=()
    repository tiny 10 1 0
    repository large "${FILES:-100000}" "${REFS:-10000}" "${OBJECTS:-500}"
    learn_same
    if docker_has_image; then others+=(docker); fi
    if have podman && by podman >/dev/null 2>&1; then others+=(podman); else say "no podman starts a container: its row is left out"; fi
    for ((round = 0; round <= ROUNDS; round++)); do
        # The first round warms up.
        if ((round < 2)); then : >"$OUT"; fi
        for way in "${ways[@]}"; do measure "$way" "$way"; done
        for way in "${others[@]}"; do measure "$way" by "$way"; done
    done
    printf '%-44s %6s %6s %6s %4s %6s %7s\n' "" ms bare more ± aim allowed
    row "Enter to the agent, same flags" tiny-start same-start 40 60
    row "Enter to the agent, plain ctr run" tiny-start plain-start 40 75
    row "exit to prompt, nothing committed" tiny-end same-end 20 30
    row "exit to prompt, one commit, merged" commit-end same-end 60 75
    row "100,000 files, 10,000 refs, against tiny" large tiny 100 130
    row "default network, against none" egress tiny 10 20
    for way in "${others[@]}"; do
        row "the whole, against $way run --rm" tiny "$way" "$((-$(median "$way") / 2))" "${ALLOWED_MORE[$way]}"
    done
    if [[ ${BENCH_CHECK:-} ]] && ((${#failed[@]})); then die "slower than allowed: $(printf '%s; ' "${failed[@]}")"; fi
}

main "$@"
