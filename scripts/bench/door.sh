#!/usr/bin/env bash
# Measures what the graph's verbs take in a container that asks the owner of its run, beside one that has the file
# (--graph files): whole processes, in turns, in one graph of SIZE tasks. Prints a Markdown table of medians.
#
# With BENCH_CHECK=yes it fails where asking is slower than the file by more than the noise, which is three times how far the
# file's own times are apart (median deviation), or where the owner has more than 30 MB of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/common.sh
source scripts/common.sh
# shellcheck source=scripts/timing.sh
source scripts/timing.sh

readonly SIZE=${SIZE:-100000} ROUNDS=${ROUNDS:-10} EACH=10 MEMORY=30
readonly VERBS='ready create claim ready-claim show list'

clean() {
    local who
    for who in asked file; do
        if [[ -d $PLACE/$who ]]; then touch "$PLACE/$who/stop"; fi
    done
    wait
}
set_up door
own_home

# As many tasks as that, of which a third wait for another one, in the lines of `bn export`.
graph() {
    awk -v n="$SIZE" 'BEGIN {
        at = "\"created_by\":\"bench\",\"created_at\":\"2026-01-01T00:00:00.000000Z\",\"updated_at\":\"2026-01-01T00:00:00.000000Z\""
        print "{\"record\":\"graph\",\"version\":1,\"project\":\"bench\"}"
        for (i = 0; i < n; i++)
            printf "{\"record\":\"task\",\"id\":\"bn-%05d\",\"title\":\"Task %d of many, with a few words\",\"priority\":%d,\"status\":\"open\",%s}\n", i, i, i % 5, at
        for (i = 1; i < n; i++)
            if (i % 3 == 0) printf "{\"record\":\"link\",\"source\":\"bn-%05d\",\"type\":\"depends_on\",\"target\":\"bn-%05d\"}\n", i, i - 1
    }'
}

# What waits in a container, and measures what it is told to: `verb number…` in the file `go`, microseconds in `took`.
agent() {
    cat <<'END'
timed() {
    local begin=$EPOCHREALTIME
    "$@" >said 2>&1 || { cp said failed; exit 1; }
    local end=$EPOCHREALTIME
    echo $((${end/./} - ${begin/./})) >>took.part
}
one() {
    case $1 in
        ready) timed ./bn ready ;;
        create) timed ./bn task create "One more" ;;
        claim) timed ./bn task claim "bn-$2" ;;
        ready-claim) timed ./bn ready --claim ;;
        show) timed ./bn task show "bn-$2" ;;
        list) timed ./bn task list --limit 100 ;;
    esac
}
touch here
until [[ -e stop ]]; do
    if [[ -e go ]]; then
        read -r verb numbers <go
        rm go
        : >took.part
        for number in $numbers; do one "$verb" "$number"; done
        mv took.part took
    fi
    sleep 0.02
done
END
}

# A container that waits to be told what to measure.
begin() {
    git -C "$PLACE/repo" worktree add -q "$PLACE/$1" -b "$1"
    cp "$BN" "$PLACE/$1/bn"
    agent >"$PLACE/$1/agent.sh"
    (cd "$PLACE/repo" && exec "$BN" container run --tag "$BN_TEST_IMAGE" --no-merge --graph "$2" --name "door-$1-$$" "$PLACE/$1" -- bash agent.sh) \
        >"$PLACE/said-$1" 2>&1 &
    until [[ -e $PLACE/$1/here ]]; do
        kill -0 $! 2>/dev/null || die "no container: $(tail -n 3 "$PLACE/said-$1")"
        sleep 0.1
    done
}

# Has a verb measured in a container, and notes the times.
measure() {
    local where=$PLACE/$1 verb=$2
    printf '%s %s\n' "$verb" "${*:3}" >"$where/go.part"
    mv "$where/go.part" "$where/go"
    until [[ -e $where/took ]]; do
        if [[ -e $where/failed ]]; then die "$verb failed: $(cat "$where/failed")"; fi
        sleep 0.02
    done
    sed "s/^/$1\t$verb\t/" "$where/took" >>"$OUT"
    rm "$where/took"
}

times() { awk -v who="$1" -v verb="$2" '$1 == who && $2 == verb { print $3 }' "$OUT" | sort -n; }
# One of a hundred parts of the sorted numbers that are read.
part() { awk -v part="$1" '{ all[NR] = $1 } END { at = int(NR * part / 100) + 1; if (at > NR) at = NR; print all[at] }'; }
median_of() { times "$@" | part 50; }
deviation() {
    local middle
    middle=$(median_of "$@")
    times "$@" | awk -v middle="$middle" '{ print ($1 > middle) ? $1 - middle : middle - $1 }' | sort -n | part 50
}
ms() { awk -v us="$1" 'BEGIN { printf "%.1f", us / 1000 }'; }

main() {
    local round verb who number=0 numbers asked file bound slow='' memory=0 now
    git init -q -b main "$PLACE/repo"
    git -C "$PLACE/repo" -c user.name=Bench -c user.email=bench@example.org commit -q --allow-empty -m start
    graph | (cd "$PLACE/repo" && "$BN" import >/dev/null)
    begin asked agent
    owner=$!
    begin file files
    : >"$OUT"
    for ((round = 0; round <= ROUNDS; round++)); do
        for verb in $VERBS; do
            for who in asked file; do
                # Tasks that wait for nothing, each for one claim; counted from the end, so that `ready` shows others.
                numbers=''
                for ((i = 0; i < EACH; i++)); do
                    numbers+=" $(printf %05d $((SIZE / 3 * 3 - 1 - 3 * number)))"
                    ((++number))
                done
                # shellcheck disable=SC2086
                measure "$who" "$verb" $numbers
            done
            now=$(awk '/^RssAnon:/ { print int($2 / 1024) }' "/proc/$owner/status")
            if ((now > memory)); then memory=$now; fi
        done
        # The first round warms up.
        if ((round == 0)); then : >"$OUT"; fi
    done
    printf 'Milliseconds from start to end of the process inside, medians of %d; from the tenth to the ninetieth of a hundred in brackets. Load %s.\n\n' \
        $((ROUNDS * EACH)) "$(cut -d' ' -f1 /proc/loadavg)"
    printf '| | asked | on the file |\n|---|---:|---:|\n'
    for verb in $VERBS; do
        # shellcheck disable=SC2016
        printf '| `%s` | %s (%s to %s) | %s (%s to %s) |\n' "$verb" \
            "$(ms "$(median_of asked "$verb")")" "$(ms "$(times asked "$verb" | part 10)")" "$(ms "$(times asked "$verb" | part 90)")" \
            "$(ms "$(median_of file "$verb")")" "$(ms "$(times file "$verb" | part 10)")" "$(ms "$(times file "$verb" | part 90)")"
        asked=$(median_of asked "$verb")
        file=$(median_of file "$verb")
        bound=$((file + 3 * $(deviation file "$verb")))
        if ((asked > bound)); then slow+=" $verb"; fi
    done
    printf '\nThe most memory of its own that the owner had: %d MB.\n' "$memory"
    if [[ ${BENCH_CHECK:-} && $slow ]]; then die "slower than on the file:$slow"; fi
    if [[ ${BENCH_CHECK:-} ]] && ((memory > MEMORY)); then die "the owner had $memory MB"; fi
}

main "$@"
