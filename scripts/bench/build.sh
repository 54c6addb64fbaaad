#!/usr/bin/env bash
# Measures what `bn container build` costs beside the three commands that it stands for: build, push to an archive, import. Of an
# image of SIZE MiB that nothing has changed in, and of one whose last line has changed; the two ways take turns.
#
# Prints medians of ROUNDS rounds; the single times are in target/bench/build.tsv. With BENCH_CHECK=yes it fails where bn takes more
# than a tenth of the time of the three.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/common.sh
source scripts/common.sh
# shellcheck source=scripts/timing.sh
source scripts/timing.sh

readonly ROUNDS=${ROUNDS:-3} SIZE=${SIZE:-3500}
readonly REFERENCE=localhost/binnacle-bench:build

clean() { buildah rmi --force "$REFERENCE" "$REFERENCE-by-hand" >/dev/null; }
set_up build

cat >"$PLACE/Containerfile" <<END
FROM $BN_TEST_IMAGE
RUN head -c ${SIZE}M /dev/urandom > /large
ENV VALUE=0
END

change() { sed -i "s/^ENV VALUE=.*/ENV VALUE=$1/" "$PLACE/Containerfile"; }

by_bn() { (cd "$PLACE" && "$BN" container build --tag "$REFERENCE" --file Containerfile); }

by_hand() {
    local reference=$REFERENCE-by-hand archive=$PLACE/image.tar
    rm -f "$archive"
    buildah build --layers --format oci --tag "$reference" --file "$PLACE/Containerfile" "$PLACE"
    buildah push --quiet --format oci "$reference" "oci-archive:$archive:$reference"
    as_root ctr --address "$BN_TEST_CONTAINERD" --namespace binnacle images import "$archive"
}

: >"$OUT"
measure() { printf '%s\t%s\n' "$1" "$(timed "$2")" >>"$OUT"; }

by_bn >/dev/null 2>&1
by_hand >/dev/null 2>&1
for ((round = 1; round <= ROUNDS; round++)); do
    measure bn-unchanged by_bn
    measure hand-unchanged by_hand
    change "$round"
    measure bn-changed by_bn
    measure hand-changed by_hand
done

failed=no
for what in unchanged changed; do
    bn=$(median "bn-$what") hand=$(median "hand-$what")
    printf '%-10s  bn %6d ms   build, push, import %6d ms   ratio %d.%03d\n' "$what" "$bn" "$hand" $((bn / hand)) $((bn * 1000 / hand % 1000))
    if ((bn * 10 > hand)); then failed=yes; fi
done
if [[ ${BENCH_CHECK:-} == yes && $failed == yes ]]; then die "bn takes more than a tenth of the three commands"; fi
