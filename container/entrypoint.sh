#!/bin/sh
# shellcheck shell=bash
# PID 1 of an agent's container, in two stages.
#
# Stage 1 is root for a moment, in the shell that starts fastest, and becomes bn at once, which makes a user with the uid and gid of the files' owner, gives up every
# capability for good, and becomes tini under that uid, which forwards signals to the whole second stage.
# Stage 2 is the agent's life: secrets, the gate, the way out, bn orient, the agent, bn goodbye, the exit file. Where bn is outside, it
# registers the agent and ends its session, and this only prints the page.
#
#   binnacle-entrypoint [COMMAND ARG...]      without a COMMAND: the agent that BN_AGENT names
#
# Exit code: the agent's own; 143 when it was told to stop; 125 when it could not be started.
# First of all: what follows is bash's, and is not read for this.
if [ "${1:-}" != --stage2 ]; then exec bn container drop-root -- /bin/bash "$0" --stage2 "$@"; fi
set -euo pipefail

readonly WORKSPACE=/workspace
readonly SECRETS=/run/secrets/env
readonly STATUS=/run/binnacle/status
readonly CTL=/run/binnacle/ctl
readonly EGRESS=/run/binnacle/egress
readonly PORTS=/run/binnacle/ports
readonly NODE=/usr/local/lib/binnacle/node
readonly COPILOT_CONFIG=/copilot-config

say() { printf 'binnacle: %s\n' "$*" >&2; }

die() {
    say "$*"
    exit 125
}

# `bn container run` on the host started this, and does the merge after it.
bn_is_outside() { [[ -d $CTL ]]; }

# ---- stage 2: the agent's uid

# Without CAP_SETPCAP the bounding set stays as it was.
check_powerless() {
    local lines line value
    mapfile -t lines </proc/self/status
    for line in "${lines[@]}"; do
        value=${line#*:$'\t'}
        case $line in
            CapPrm:* | CapEff:* | CapBnd:* | CapAmb:*)
                ((16#$value == 0)) || die "capabilities are left (${line%%:*} $value): CAP_SETPCAP is needed to drop them" ;;
            NoNewPrivs:*)
                ((value == 1)) || die "privileges could be gained again (NoNewPrivs $value)" ;;
        esac
    done
}

# NUL-separated KEY=VALUE, so that a value may hold anything.
load_secrets() {
    local pair
    [[ -e $SECRETS ]] || return 0
    while IFS= read -r -d '' pair; do
        if [[ $pair =~ ^[A-Za-z_][A-Za-z0-9_]*= ]]; then export "${pair?}"; fi
    done <"$SECRETS"
}

# Sets VERSION to node's, as it was when the image was made: node takes its time to say it.
find_node() {
    local program kept
    hash node 2>/dev/null || return
    program=${BASH_CMDS[node]}
    if read -r kept VERSION <"$NODE" && [[ $kept == "$program" && ! $program -nt $NODE ]]; then return; fi 2>/dev/null
    read -r VERSION < <(timeout 5 node --version 2>/dev/null </dev/null)
}

# Node warns in every process that it takes the proxy from the environment; since 20.11 and 21.3 it can be told not to,
# and those before it do not start with an option that they do not know.
quiet_node() {
    local major minor VERSION
    [[ ${NODE_USE_ENV_PROXY:-} ]] && find_node || return 0
    IFS=. read -r major minor _ <<<"${VERSION#v}"
    [[ $major =~ ^[0-9]+$ && $minor =~ ^[0-9]+$ ]] || return 0
    if ((major > 21 || (major == 21 && minor >= 3) || (major == 20 && minor >= 11))); then
        export NODE_OPTIONS="--disable-warning=UNDICI-EHPA${NODE_OPTIONS:+ $NODE_OPTIONS}"
    fi
}

# The host's sign-in for Copilot, where the agent looks for it and may write to it.
copy_copilot_config() {
    [[ -d $COPILOT_CONFIG ]] || return 0
    mkdir -p "$HOME/.config"
    cp -R "$COPILOT_CONFIG" "$HOME/.config/github-copilot"
}

# What the agent would ask at its first start is answered in its folder, which outlives this container.
prepare_agent_home() {
    if [[ ${BN_AGENT_HOME:-} ]]; then
        bn container agent-home "$BN_AGENT_HOME" || say "$BN_AGENT_HOME may ask what it asks at a first start"
    fi
    unset BN_AGENT_HOME
}

# Nothing of the agent runs before the host has set the limits and looked at the walls.
wait_for_go() {
    local word=
    bn_is_outside || return 0
    : >"$STATUS/started"
    IFS= read -r word <"$CTL/go" || true
    [[ $word == go ]] || die "the host did not let this container go (it said '$word')"
}

# The way out of a network of our own: the relay hands its listening socket to the host's proxy, says one line, and stays.
start_relay() {
    local relay
    [[ -d $EGRESS ]] || return 0
    exec {relay}< <(exec bn container relay --human </dev/null)
    read -r _ <&"$relay" || die "no way to the host's proxy: bn container relay failed"
    exec {relay}<&-
}

# The way in, for ports that the host publishes: it asks, and is handed sockets that are connected in here.
start_dialler() {
    [[ -d $PORTS ]] || return 0
    bn container dialler </dev/null >/dev/null 2>&1 &
}

# The host's way to end the run without a privilege: tini hands the TERM on to everything here.
watch_for_stop() {
    bn_is_outside || return 0
    (if read -r _ <"$CTL/stop"; then kill -TERM 1; fi) </dev/null >/dev/null 2>&1 &
}

# A hook or filter of the user's whose program is not in this image fails what git does. The host has looked what they start:
# HOOK=PROGRAM and filter.NAME=PROGRAM words.
say_missing_hook_programs() {
    local pair
    for pair in ${BN_HOOK_PROGRAMS:-}; do
        if command -v -- "${pair#*=}" >/dev/null; then
            continue
        elif [[ $pair == filter.* ]]; then
            say "files here go through ${pair#*=}, which the image does not have: git will not commit changes to them"
        else
            say "your hook ${pair%%=*} runs ${pair#*=}, which the image does not have: it will fail; --no-hooks leaves your hooks out"
        fi
    done
    unset BN_HOOK_PROGRAMS
}

# The user's command that makes the worktree ready: as the agent, before it, and each time, for each container is a new one.
SET_UP_FAILED=
set_up() {
    local code=0 command=${BN_SETUP:-} began=$SECONDS
    unset BN_SETUP
    [[ $command ]] || return 0
    say "set-up: $command"
    bash -ec "$command" </dev/null || code=$?
    if [[ $STOPPED ]]; then return 143; fi
    if ((code)); then
        SET_UP_FAILED=1
        say "the set-up failed ($code) after $((SECONDS - began)) s"
        return "$code"
    fi
    say "the set-up took $((SECONDS - began)) s"
}

# Sets OOM_KILLS: how often the kernel killed a process of this container for want of memory (cgroup v2, v1).
count_oom_kills() {
    local file key value
    OOM_KILLS=0
    for file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
        [[ -r $file ]] || continue
        while read -r key value; do
            if [[ $key == oom_kill ]]; then OOM_KILLS=$value; fi
        done <"$file"
        break
    done
}

# An agent without a screen says step by step what it does, where it has a form for that: bn makes lines for people of it.
streams() { bn_is_outside && [[ ${BN_INITIAL_PROMPT:-} && ! -t 1 ]]; }

# At a terminal the agent opens its own screen, and what it is told is the first thing that was said there.
on_screen() { bn_is_outside && [[ -t 0 && -t 1 ]]; }

# On its screen claude --continue finds no session that was begun with a prompt; by its name it does. $1: nobody is in front of it.
continue_claude() {
    local newest
    # shellcheck disable=SC2012 # the names are claude's own
    if [[ ! $1 ]] && newest=$(ls -t "${CLAUDE_CONFIG_DIR:-$HOME/.claude}"/projects/-workspace/*.jsonl 2>/dev/null | head -n 1) && [[ $newest ]]; then
        newest=${newest##*/}
        echo "--resume=${newest%.jsonl}"
    else
        echo --continue
    fi
}

# Whether this copilot can say step by step what it does: older ones cannot. It takes a second or two to tell, so the answer is kept
# for as long as the program is the same.
copilot_has_form() {
    local kept=${COPILOT_HOME:-$HOME/.copilot}/binnacle-form program answer
    program=$(stat -L -c '%i %Y' "$(command -v copilot)" 2>/dev/null) || return
    if [[ -f $kept && $(head -c 200 "$kept") == "$program "* ]]; then
        answer=$(head -c 200 "$kept")
    else
        answer="$program $([[ $(timeout 20 copilot --help 2>/dev/null </dev/null) == *--output-format* ]] && echo yes)"
        mkdir -p "${kept%/*}" && rm -rf "$kept" && echo "$answer" >"$kept"
    fi
    [[ $answer == *yes ]]
}

# Sets the array FLAGS to what codex is told in here. Its screen would copy the whole program into its folder, which outlives the run, for a
# server in the background that other screens could use. And it does not look at OPENAI_BASE_URL.
codex_flags() {
    local provider=model_providers.binnacle
    FLAGS=(-c features.daemon_auto_start=false)
    if [[ ${OPENAI_BASE_URL:-} && ${OPENAI_API_KEY:-} ]]; then
        FLAGS+=(-c model_provider=binnacle -c "$provider.name=binnacle" -c "$provider.base_url=$OPENAI_BASE_URL"
            -c "$provider.env_key=OPENAI_API_KEY" -c "$provider.wire_api=responses")
    fi
}

# Sets the array COMMAND to what starts the agent program, with every question of its own answered yes:
# the container is the wall.
agent_command() {
    local agent=${BN_AGENT:-copilot} prompt=${BN_INITIAL_PROMPT:-} again=${BN_CONTINUE:-} alone=
    # with a prompt and nobody in front of it
    if [[ $prompt ]] && ! on_screen; then alone=1; fi
    # the image is root's: an update in here could only fail, or be refused by the network
    export DISABLE_AUTOUPDATER=${DISABLE_AUTOUPDATER-1} COPILOT_AUTO_UPDATE=${COPILOT_AUTO_UPDATE-false}
    case $agent in
        copilot)
            COMMAND=(copilot --allow-all ${again:+--continue})
            if [[ $alone ]]; then COMMAND+=(-p "$prompt"); elif [[ $prompt ]]; then COMMAND+=(-i "$prompt"); fi
            if streams && copilot_has_form; then COMMAND+=(--output-format json); fi
            ;;
        claude)
            # which it would not take as uid 0, where nobody says that there is a wall
            export IS_SANDBOX=1
            COMMAND=(claude --dangerously-skip-permissions ${again:+"$(continue_claude "$alone")"} ${alone:+-p} ${prompt:+"$prompt"})
            if streams; then COMMAND+=(--output-format stream-json --verbose); fi
            ;;
        codex)
            # the variable that codex itself reads; OPENAI_API_KEY alone is not sent
            if [[ ${OPENAI_API_KEY:-} ]]; then export CODEX_API_KEY=${CODEX_API_KEY:-$OPENAI_API_KEY}; fi
            codex_flags
            COMMAND=(codex "${FLAGS[@]}" ${alone:+exec})
            if [[ $again ]]; then COMMAND+=(resume --last); fi
            if streams; then COMMAND+=(--json); fi
            # a session that was begun with a prompt is continued on the agent's screen, too
            if [[ $again && ! $alone ]]; then COMMAND+=(--include-non-interactive); fi
            COMMAND+=(--dangerously-bypass-approvals-and-sandbox ${prompt:+"$prompt"})
            ;;
        *) die "BN_AGENT is '$agent': copilot, claude or codex" ;;
    esac
    command -v "$agent" >/dev/null || die "$agent is not in this image: bn container build --agent $agent"
}

# What an agent reads first. The host has registered it and written that down, where it could.
orient() {
    local page=
    if [[ -f $CTL/page ]]; then IFS= read -r -d '' page <"$CTL/page" || true; fi
    if [[ $page ]]; then
        printf '%s' "$page"
    else
        # what the user says to the agent is not for this
        BN_UNATTENDED=1 bn orient --type "${BN_AGENT_TYPE:-worker}"
    fi
}

# orient, the agent, goodbye. Bash runs a trap only after its foreground child, so a TERM that tini gave to
# all of us has ended the agent by the time STOPPED is set, and the rest of the grace is for goodbye.
STOPPED=
work() {
    local code=0
    orient || code=$?
    if [[ $STOPPED ]]; then return 143; fi
    if ((code)); then
        say "bn orient failed ($code), the agent was not started"
        return 125
    fi
    "$@" || code=$?
    if [[ -t 0 ]]; then
        # One that was killed left it raw, and bash has said so somewhere in a line.
        stty sane
        if ((code > 128)); then printf '\r'; fi
    fi
    bn_is_outside || bn goodbye || say "bn goodbye failed ($?)"
    if [[ $STOPPED ]] && ((code == 0)); then code=143; fi
    return "$code"
}

# The agent may have left anything in its git folder: a pipe in place of HEAD would hold this container for ever.
git() { timeout 5 git "$@"; }

# Says whether the target can be fast-forwarded to the work, and succeeds if it can. $1: the target's commit.
say_mergeable() {
    local target=$BN_MERGE_TARGET behind ahead
    read -r behind ahead < <(git rev-list --left-right --count "$1...HEAD") || return
    if ((ahead == 0)); then
        say "no commits that $target lacks"
        return 1
    elif ((behind > 0)); then
        say "commits ahead of $target: $ahead, behind it: $behind; a rebase is needed before it can be fast-forwarded"
        return 1
    fi
    say "commits ahead of $target: $ahead; it can be fast-forwarded"
}

# Nobody outside does it, so here is where the work gets onto the target, if git allows it.
merge_by_hand() {
    local branch
    branch=$(git symbolic-ref -q --short HEAD) || branch=
    if [[ ${BN_NO_MERGE:-} ]]; then
        say "not merged: BN_NO_MERGE is set"
    elif [[ $branch == "$BN_MERGE_TARGET" ]]; then
        say "the work is on $branch itself"
    elif command git fetch --quiet --no-tags --no-write-fetch-head . "HEAD:refs/heads/$BN_MERGE_TARGET"; then
        say "$BN_MERGE_TARGET is now at $(git rev-parse --short HEAD)"
    else
        say "not merged, for git's reason above: merge ${branch:-the commit} on the host"
    fi
}

# Where bn is outside, it collects the work after this, and says what becomes of it.
finish_work() {
    local tip
    if bn_is_outside; then return; fi
    git rev-parse -q --verify HEAD >/dev/null || return 0
    tip=$(git rev-parse -q --verify "refs/heads/$BN_MERGE_TARGET") || return 0
    if say_mergeable "$tip" && (($1 == 0)); then merge_by_hand; fi
}

# One line, whole or not at all. $1: exit code.
write_exit() {
    local line
    [[ -d $STATUS ]] || return 0
    count_oom_kills
    line="code=$1 oom=$((OOM_KILLS - OOM_BEFORE))${SET_UP_FAILED:+ setup=1}"
    # a file that is there already is never written to
    set -C
    put_exit "$line" || say "cannot say in $STATUS how this ended"
}

# The agent may have left anything there: a pipe would hold this container for ever. Then the line goes to a file that was not there before,
# and that takes its place; only a folder cannot be replaced.
put_exit() {
    local exit=$STATUS/exit file
    if [[ ! -e $exit && ! -L $exit ]]; then
        echo "$1" >"$exit"
    else
        # before bash 5.1 there is no SRANDOM
        file=$exit.${SRANDOM:-$RANDOM$RANDOM$RANDOM}
        echo "$1" >"$file" && { mv -T "$file" "$exit" 2>/dev/null || { timeout 5 rm -rf "$exit" && mv -T "$file" "$exit"; }; }
    fi
}

live() {
    local code=0
    check_powerless
    load_secrets
    copy_copilot_config
    prepare_agent_home
    wait_for_go
    watch_for_stop
    # `:` and not '': an ignored signal would be ignored by the agent, too.
    trap 'STOPPED=1' TERM HUP
    trap : INT QUIT
    count_oom_kills
    OOM_BEFORE=$OOM_KILLS
    trap 'write_exit "$?"' EXIT
    start_relay
    start_dialler
    quiet_node
    cd "$WORKSPACE"
    say_missing_hook_programs
    if [[ ${BN_SHELL:-} ]]; then
        set_up || say "here is the shell all the same"
        bash -l || code=$?
    elif [[ ${BN_CHECK:-} ]]; then
        # No agent: what is printed here is what the set-up and the command say.
        exec </dev/null
        { set_up && "$@"; } || code=$?
        if [[ $STOPPED ]]; then code=143; fi
    elif [[ ${BN_SIGN_IN:-} ]]; then
        # The agent program's own sign-in: nothing is worked on.
        command -v -- "$1" >/dev/null || die "$1 is not in this image: bn container build --agent $1"
        "$@" || code=$?
    else
        # ctr hands on what is typed or piped in, but never its end: codex and cat would wait for it for ever.
        if [[ ! -t 0 ]]; then exec </dev/null; fi
        COMMAND=("$@")
        if (($# == 0)); then
            agent_command
        elif [[ ${1##*/} == codex ]]; then
            codex_flags
            COMMAND=("$1" "${FLAGS[@]}" "${@:2}")
        fi
        if set_up; then
            work "${COMMAND[@]}" || code=$?
            finish_work "$code"
        else
            code=$?
        fi
    fi
    exit "$code"
}

if [[ $1 == --stage2 ]]; then live "${@:2}"; fi
