#!/usr/bin/env bash
# Takes the agents' real programs through runs against a model of our own: each does a task, goes on with what was said, and is
# asked nothing. By hand, because the programs come from npm's registry.
#
#   scripts/agents.sh [AGENT...]      default: claude codex copilot
#
# It takes the image localhost/binnacle-self:agents, and builds it where it is missing. BASE_IMAGE names another base, CONTAINERD_ADDRESS
# another containerd. Everything else is in a folder that goes at the end.
set -euo pipefail

HERE=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
readonly HERE
# shellcheck source=scripts/common.sh
source "$HERE/common.sh"

readonly TAG=agents
readonly IMAGE=localhost/binnacle-self:$TAG
BN=$(realpath -m "${BN:-$HERE/../target/x86_64-unknown-linux-gnu/debug/bn}")
readonly BN
FAILED=

build_image() {
    local options=(--tag "$TAG" --agent claude codex copilot)
    if [[ $(buildah images -q "$IMAGE" 2>/dev/null) ]]; then return; fi
    if [[ ${BASE_IMAGE:-} ]]; then options+=(--base-image "$BASE_IMAGE"); fi
    "$BN" container build "${options[@]}" >&2
}

make_repository() {
    git init -q -b main repo
    git -C repo config user.name Tester
    git -C repo config user.email tester@example.org
    echo hello >repo/file
    git -C repo add file
    git -C repo commit -q -m first
    git -C repo worktree add -q ../agent -b agent
}

# The keys are nobody's. The model is no service that bn knows, so they go along; codex has other tools for models that it knows.
settings() {
    export ANTHROPIC_API_KEY=sk-ant-of-nobody-at-all-0123456789 OPENAI_API_KEY=sk-of-nobody-at-all
    mkdir -p "$HOME/.codex"
    echo 'model = "mock"' >"$HOME/.codex/config.toml"
}

# What each needs to find the model.
options_of() {
    local url=http://127.0.0.1:$PORT
    case $1 in
        claude) echo "--keys inside -e ANTHROPIC_BASE_URL=$url" ;;
        codex) echo "--keys inside --with-settings -e OPENAI_BASE_URL=$url/v1" ;;
        copilot)
            echo "-e COPILOT_PROVIDER_BASE_URL=$url/v1 -e COPILOT_PROVIDER_TYPE=openai -e COPILOT_PROVIDER_API_KEY=none" \
                "-e COPILOT_MODEL=mock -e COPILOT_OFFLINE=true"
            ;;
        *) die "$1 is no agent: claude, codex or copilot" ;;
    esac
}

# $1: the agent, $2: what is tried, then the options of run. Sets SAID.
run() {
    local agent=$1 what=$2 options
    shift 2
    read -ra options <<<"$(options_of "$agent")"
    SAID=$(cd repo && timeout 180 "$BN" container run ../agent --tag "$TAG" --name "$agent-$what-$$" --agent "$agent" \
        --allow "localhost:$PORT" "${options[@]}" "$@" 2>&1 </dev/null) || SAID+=$'\n'"(exit code $?)"
}

# $1: what is tried, $2: a text that has to be there.
expect() {
    if [[ $SAID == *"$2"* ]]; then
        printf '  ok      %s\n' "$1"
    else
        printf '  FAILED  %s: not seen: %s\n%s\n' "$1" "$2" "${SAID//$'\n'/$'\n'      }"
        FAILED=1
    fi
}

# Says something while a tool of the agent runs: the model hears of it with what the tool printed.
try_telling() {
    local agent=$1 heard
    rm -f agent/waiting agent/told
    (
        until [[ -e agent/waiting ]]; do sleep 0.1; done
        cd repo && "$BN" container tell "$agent-told-$$" "Keep the old names" && touch ../agent/told
    ) >"$agent.told" 2>&1 &
    heard=$(wc -l <requests)
    run "$agent" told --no-merge --prompt "WORD=plum$agent
RUN: touch waiting; for i in \$(seq 200); do [ -e told ] && break; sleep 0.1; done; rm waiting"
    SAID+=$'\n'$(<"$agent.told")
    expect "says how it hears what is said" "hears it after its next tool call"
    SAID=$(tail -n "+$((heard + 1))" requests)
    expect "hears it after its tool" '"told": true'
    rm -f agent/waiting agent/told
}

try() {
    local agent=$1 task work
    task=$(cd repo && "$BN" task create "Greet from $agent" --json | jq -r '.id // .tasks[0].id')
    echo "$agent"
    work="bn task claim $task && echo $agent >>greeting && git add greeting && git commit -q -m 'Greet from $agent' && bn task close $task"
    run "$agent" works --prompt "WORD=plum$agent
RUN: $work"
    expect "runs a command, and that is a line to read" "→ "
    expect "says what came of it" "It printed: "
    expect "its work is merged" "merged into main (1 commit)"
    SAID=$(git -C repo log -1 --format=%s main)
    expect "the commit is on main" "Greet from $agent"
    SAID=$(cd repo && "$BN" task show "$task")
    expect "its task is done" "done"
    try_telling "$agent"
    run "$agent" goes-on --continue --prompt "TELL: WORD"
    expect "--continue knows what was said" "WORD is plum$agent"
    run "$agent" fresh --fresh --prompt "TELL: WORD"
    expect "--fresh does not" "I do not know WORD"
}

main() {
    local agents=("$@") agent folder model
    if ((${#agents[@]} == 0)); then agents=(claude codex copilot); fi
    if ! have python3 || ! have jq; then die "python3 and jq are needed"; fi
    [[ -x $BN ]] || die "there is no $BN: cargo build"
    build_image
    folder=$(mktemp -d)
    cd "$folder"
    mkdir home run
    chmod 0700 run
    python3 "$HERE/mock-model.py" 0 "$folder/requests" >port &
    model=$!
    # shellcheck disable=SC2064 # their values now
    trap "kill $model; rm -rf '$folder'" EXIT
    until [[ -s port ]]; do sleep 0.1; done
    PORT=$(<port)
    # The programs' versions are in the image; the user's own home stays out of it.
    export HOME=$folder/home XDG_RUNTIME_DIR=$folder/run
    unset XDG_DATA_HOME XDG_STATE_HOME XDG_CONFIG_HOME
    settings
    make_repository
    # containerd takes the image from buildah's store, which is large: that is not of the time that a run has.
    (cd repo && "$BN" container run ../agent --tag "$TAG" --name "image-$$" --no-merge -- true) >&2
    for agent in "${agents[@]}"; do try "$agent"; done
    [[ ! $FAILED ]] || die "not all of it works"
}

main "$@"
