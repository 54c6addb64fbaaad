# shellcheck shell=bash
# What the measurements of scripts/bench/ share; to be sourced. A time is a line of the file $OUT: what was timed, and its milliseconds.

# Prints how many milliseconds a command takes.
timed() {
    local begin=$EPOCHREALTIME end
    "$@" >"$PLACE/said" 2>&1 </dev/null || die "$* failed: $(tail -n 3 "$PLACE/said")"
    end=$EPOCHREALTIME
    echo $(((${end/./} - ${begin/./}) / 1000))
}

# Prints the median of the times of one thing.
median() { awk -v way="$1" '$1 == way { print $2 }' "$OUT" | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
