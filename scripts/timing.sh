# shellcheck shell=bash
# What the measurements of scripts/bench/ share; to be sourced. A time is a line of the file $OUT: what was timed, and its milliseconds.

# Builds bn ($BN) as it is released, starts what the tests have, and makes a place ($PLACE). $1: the measurement.
set_up() {
    local variables
    # shellcheck disable=SC2034 # for those who source this
    BN=$PWD/target/x86_64-unknown-linux-gnu/release/bn OUT=$PWD/target/bench/$1.tsv
    cargo build --quiet --release
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
median() { awk -v way="$1" '$1 == way { print $2 }' "$OUT" | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
