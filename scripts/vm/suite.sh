# shellcheck shell=bash
# What scripts/vm.sh test does; sourced by it.

CHECKOUT=$(realpath "$HERE/..")
readonly CHECKOUT
readonly PROGRAM=$CHECKOUT/target/x86_64-unknown-linux-gnu/debug/bn
# How many times longer than here things may take by emulation.
readonly PATIENCE=6

# The program with the tests in tests/real, as cargo names it.
real_tests_program() {
    cargo test --quiet --test real --no-run --message-format=json |
        jq -r 'select(.target.name? == "real" and .executable).executable' | tail -n 1
}

# The names in $2, or those in tests/vm/real-tests. A test that is not there would run nothing, and pass.
chosen_tests() {
    local tests=$1 names=$2 name all
    all=$("$tests" --list | sed -n 's/: test$//p')
    for name in ${names:-$(grep -v '^#' "$CHECKOUT/tests/vm/real-tests")}; do
        grep -qxF "$name" <<<"$all" || die "there is no test $name in tests/real"
        echo "$name"
    done
}

# Everything gets the path that it has here: the tests know where their bn was built. Without symbols: half a minute less.
carry() {
    local suite=$1 tests=$2 folder
    folder=$(mktemp -d)
    mkdir -p "$folder$CHECKOUT" "$folder${PROGRAM%/*}" "$folder${tests%/*}"
    cp -r "$CHECKOUT/scripts" "$CHECKOUT/tests" "$CHECKOUT/README.md" "$folder$CHECKOUT"
    strip -o "$folder$PROGRAM" "$PROGRAM"
    strip -o "$folder$tests" "$tests"
    tar -C "$folder" -c . | run "$suite" 'tar -C / -x --no-overwrite-dir --no-same-owner; chmod -R a+rX '"$CHECKOUT"
    rm -r "$folder"
    run "$suite" "ln -sf $PROGRAM /usr/local/bin/bn"
}

# The image under test, which the machine's own bn builds with the machine's buildah.
prepare() {
    run "$1" "BN_TEST_CONTAINERD=/run/containerd/containerd.sock $CHECKOUT/scripts/test-env.sh start >/root/test-env"
}

real_tests_inside() {
    local suite=$1 tests=$2
    shift 2
    run "$suite" ". /root/test-env; BN_TEST_PATIENCE=$PATIENCE $tests --test-threads 2 --exact $*"
}

# One step, and how long it took.
timed() {
    local what=$1 begin=$SECONDS
    shift
    say "$what"
    "$@" || die "failed in the machine: $what"
    say "$what: $((SECONDS - begin)) s"
}

run_suite() {
    local suite=$1 tests chosen script
    shift
    tests=$(real_tests_program)
    chosen=$(chosen_tests "$tests" "$*")
    mapfile -t chosen <<<"$chosen"
    running "$suite" || boot "$suite"
    timed "carrying bn and its tests into $suite" carry "$suite" "$tests"
    timed "building the image under test in $suite" prepare "$suite"
    timed "${#chosen[@]} of tests/real in $suite" real_tests_inside "$suite" "$tests" "${chosen[@]}"
    if (($#)); then return; fi
    for script in "$CHECKOUT"/tests/vm/*.sh; do
        timed "tests/vm/${script##*/} in $suite" "$script" "$suite"
    done
}
