# shellcheck shell=bash
# What systemd does to its users' sessions; sourced by life.sh.

# ctr alone has half a dozen threads.
few_tasks_are_allowed_to_a_session() {
    local said
    repository few
    said=$(dev "cd repo && systemd-run --user --scope --quiet --property=TasksMax=4 bn container run --tag $IMAGE --name few ../tree-few -- true" 2>&1) &&
        fail "a run was started with four tasks"
    grep -q TasksMax <<<"$said" || fail "the number of tasks is not named: $said"
    expect "the run" "$(field few status)" null
    dev "cd repo && systemd-run --user --scope --quiet --property=TasksMax=32 bn container run --tag $IMAGE --name few ../tree-few -- git commit -q --allow-empty -m few" >&2
    expect "main" "$(subject main)" few
}

# containerd's own unit has LimitCORE=infinity, which its containers would inherit.
an_agent_that_crashes_dumps_nothing() {
    local said
    repository core
    # shellcheck disable=SC2016 # the agent's own
    said=$(dev "cd repo && bn container run --tag $IMAGE --name core ../tree-core -- bash -c 'grep core /proc/self/limits; bash -c \"kill -SEGV \\\$\\\$\"; ls -A'" 2>&1) || true
    as root 'systemctl show --property=LimitCORE containerd; cat /proc/sys/kernel/core_pattern; ls -d /var/lib/systemd/coredump/* 2>/dev/null' >&2 || true
    grep 'Max core file size' <<<"$said" >&2
    if grep -qxE 'core(\.[0-9]+)?' <<<"$said"; then fail "there is a core file: $said"; fi
}

# The next login finds a folder in its place that is closed to it.
the_runtime_folder_vanishes_under_a_run() {
    repository gone
    start gone
    # shellcheck disable=SC2016 # the machine's own
    as root 'umount -l /run/user/$(id -u dev)'
    expect "without the folder" "$(field gone status)" running
    dev 'cd repo && bn container list && bn container logs gone && bn container stop gone && bn container merge gone --yes' >&2
    expect "main" "$(subject main)" last
    # shellcheck disable=SC2016 # the machine's own
    as root 'systemctl restart user-runtime-dir@$(id -u dev)' || true
}

# The owner is told to end, and stops its run as it does at a user's wish. The logind of Debian 12 tells nobody whose session
# is closing already: there the run goes on.
the_user_is_thrown_out_under_a_run() {
    repository thrown
    start thrown
    as root 'loginctl terminate-user dev'
    sleep 30
    if [[ $(field thrown status) == running ]]; then
        say "the run goes on"
        dev 'cd repo && bn container stop thrown' >&2
    fi
    dev 'cd repo && bn container list --all && bn container logs thrown && bn container merge thrown --yes' >&2
    expect "the branch" "$(subject thrown)" last
}

# sudo and systemd write there; neither has a reason to write a token.
the_journal_has_no_secret() {
    repository journal
    dev "cd repo && GH_TOKEN=not-for-the-journal bn container run --detach --tag $IMAGE --name journal ../tree-journal -- bash -c '$AGENT'" >&2
    await "the agent works" dev 'test -e tree-journal/ready'
    dev 'cd repo && bn container stop journal' >&2
    if as root 'journalctl -b --no-pager | grep not-for-the-journal'; then fail "the token is in the journal"; fi
    as root 'journalctl -b --no-pager -o short-monotonic | grep -i -e binnacle -e "bn container" | tail -n 12' >&2 || true
}
