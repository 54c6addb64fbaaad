# shellcheck shell=bash
# What the measurements of scripts/bench/ share; to be sourced. A time is a line of the file $OUT: what was timed, and its milliseconds.

# Builds bn as it is released, or takes the one that is named ($BN), starts what the tests have, and makes a place ($PLACE). $1: the
# measurement.
set_up() {
    local variables
    OUT=$PWD/target/bench/$1.tsv
    if [[ -z ${BN:-} ]]; then
        BN=$PWD/target/x86_64-unknown-linux-gnu/release/bn
        cargo build --quiet --release
    fi
    variables=$(BN_TEST_BN=$BN scripts/test-env.sh start)
    eval "$variables"
    export CONTAINERD_ADDRESS=$BN_TEST_CONTAINERD
    PLACE=$(mktemp -d -p /var/tmp)
    trap end EXIT
    mkdir -p target/bench
}

# A home and a runtime folder of the measurement's own.
own_home() {
    export HOME=$PLACE/home XDG_RUNTIME_DIR=$PLACE/run
    mkdir -p "$HOME" "$XDG_RUNTIME_DIR"
}

# A measurement with more to put away has a `clean`.
end() {
    if declare -F clean >/dev/null; then clean; fi
    if [[ -s $OUT ]]; then raw; fi
    rm -rf "$PLACE"
    scripts/test-env.sh stop
}

# Prints how many milliseconds a command takes.
timed() {
    local begin=$EPOCHREALTIME end
    "$@" >"$PLACE/said" 2>&1 </dev/null || die "$* failed: $(tail -n 3 "$PLACE/said")"
    end=$EPOCHREALTIME
    echo $(((${end/./} - ${begin/./}) / 1000))
}

# Prints the median of the times of one thing.
median() { awk -v way="$1" '$1 == way { print $2 }' "$OUT" | middle; }

# The middle one of the numbers on standard input; or what they are apart from that: the middle of their distances.
middle() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
apart() {
    local numbers middle
    numbers=$(cat)
    middle=$(middle <<<"$numbers")
    awk -v middle="$middle" '{ print ($1 > middle) ? $1 - middle : middle - $1 }' <<<"$numbers" | middle
}

# Of each round, how much more the first of two things took than the second.
differences() { awk -v one="$1" -v two="$2" '$1 == one { a[++n] = $2 } $1 == two { b[++m] = $2 } END { for (i = 1; i <= n && i <= m; i++) print a[i] - b[i] }' "$OUT"; }

# Notes how long something took since a moment ($EPOCHREALTIME).
took() {
    local now=$EPOCHREALTIME
    printf '%s\t%s\n' "$1" $(((${now/./} - ${2/./}) / 1000)) >>"$OUT"
}

# All single times, and on what machine they were taken, as JSON beside $OUT.
raw() {
    local cpu
    cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
    awk -F '\t' -v kernel="$(uname -sr)" -v cpu="$cpu" -v cores="$(nproc)" -v load="$(cut -d ' ' -f 1 /proc/loadavg)" -v day="$(date --utc +%FT%TZ)" '
        !($1 in all) { order[++n] = $1 }
        { all[$1] = all[$1] (all[$1] == "" ? "" : ",") $2 }
        END {
            gsub(/["\\]/, "", cpu)
            printf "{\"measured\":\"%s\",\"kernel\":\"%s\",\"processor\":\"%s\",\"cores\":%d,\"load\":%s,\"milliseconds\":{", day, kernel, cpu, cores, load
            for (i = 1; i <= n; i++) printf "%s\"%s\":[%s]", (i > 1 ? "," : ""), order[i], all[order[i]]
            print "}}"
        }' "$OUT" >"${OUT%.tsv}.json"
}

# Loads the image under test into docker, where a daemon of it answers.
docker_has_image() {
    if ! have docker || ! docker info >/dev/null 2>&1; then
        say "no docker answers: its row is left out"
        return 1
    fi
    buildah push --quiet "$BN_TEST_IMAGE" "docker-archive:$PLACE/image.tar:$BN_TEST_IMAGE"
    docker load --quiet --input "$PLACE/image.tar" >/dev/null
    rm "$PLACE/image.tar"
}
