//! The check of what a target would be, before work lands there.

use std::process::{Child, Stdio};

use crate::world::{World, ctr, wait_for};

const WORK: &str = "echo work > work; git add work; git commit -qm work";

/// A run whose work waits, on a target that has moved on.
fn waiting() -> (World, String) {
    let world = World::new();
    let job = world.job();
    world.agent(&["--name", &job, "--no-merge"], WORK).exits(0);
    world.shell("cd repo && echo more > more && git add more && git commit -qm more");
    (world, job)
}

fn begins(world: &World, words: &[&str], failpoint: &str) -> Child {
    let mut command = world.bn_command(&[&["container", "merge", &world.job(), "--rebase"], words].concat());
    command.env("BN_FAILPOINT", failpoint).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until the check has printed this.
#[track_caller]
fn prints(world: &World, text: &str) {
    let log = ["container", "logs", &world.job(), "--check"];
    wait_for("the check", || world.bn(&log).stdout.contains(text));
}

/// What a check has made is gone, and so is its container.
#[track_caller]
fn assert_nothing_is_left(world: &World) {
    let left = world.shell("find home run -name 'check-*' -o -path '*/runs/*/check'");
    assert_eq!(left, "");
    let row = world.bn(&["container", "inspect", &world.job()]).exits(0).stdout;
    let record: serde_json::Value = serde_json::from_str(&row).unwrap();
    let container = record["record"]["check"]["container"].as_str().unwrap();
    assert!(!ctr(&["containers", "ls", "-q"]).contains(container), "{container}");
}

#[test]
fn what_the_target_would_be_is_tried_and_not_the_branch_alone() {
    let (world, job) = waiting();
    let fails = "test -e work && test -e more && git log --format=%s && echo no && exit 4";
    let told = world.bn(&["container", "merge", &job, "--rebase", "--check", fails]).exits(3);
    assert!(told.stdout.contains("the check failed (4) after ") && told.stdout.contains("\n  | more\n"), "{told:#?}");
    assert!(told.stderr.contains(&format!("{job}: checking what main would be (")), "{told:#?}");
    world.assert_on_main("more");
    let row = world.row(&job);
    assert_eq!(row["outcome"], "check-failed");
    assert_eq!(row["wish"]["next"][0]["command"], format!("bn container logs {job} --check"));
    assert_eq!(world.bn(&["container", "logs", &job, "--check"]).exits(0).stdout, "work\nmore\nfirst\nno\n");
    world.bn(&["container", "merge", &job, "--rebase", "--check", "test -e work && test -e more"]).exits(0);
    world.assert_on_main("work");
    assert_nothing_is_left(&world);
}

#[test]
fn a_run_that_was_started_with_a_check_lands_only_if_that_passes() {
    let world = World::new();
    let job = world.job();
    let told = world.agent(&["--json", "--name", &job, "--check", "grep right work"], WORK).exits(3).stdout;
    let told: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!((&told["outcome"], &told["check"]["ending"]["exited"]["code"]), (&"check-failed".into(), &1.into()));
    world.assert_on_main("first");
    // The same counts for the merge by hand, until it is left out or another is named.
    world.merge().exits(3);
    world.assert_on_main("first");
    world.bn(&["container", "merge", &job, "--no-check"]).exits(0);
    world.assert_on_main("work");
    world.bn(&["container", "prune"]).exits(0);
}

#[test]
fn a_check_has_no_key_no_network_and_no_graph_and_nothing_it_writes_comes_back() {
    let (world, job) = waiting();
    world.bn(&["task", "create", "A task of the user's"]).exits(0);
    let inside = "ls /sys/class/net; env | grep -c canary; bn task list; echo new > new; git add new; git commit -qm new; \
        echo changed > file; mkdir -p /caches; git branch other; git tag v1";
    let mut command = world.bn_command(&["container", "merge", &job, "--rebase", "--check", inside]);
    crate::world::answer(command.env("GITHUB_TOKEN", "canary").output().unwrap()).exits(0);
    let log = world.bn(&["container", "logs", &job, "--check"]).exits(0).stdout;
    assert!(log.starts_with("lo\n0\n") && !log.contains("A task of the user's"), "{log}");
    assert_eq!(world.git("log --format=%s main"), "work\nmore\nfirst");
    assert_eq!(world.git("status --porcelain"), "");
    assert_eq!(world.git("branch --format='%(refname:short)'"), "agent-1\nmain");
    assert_eq!(world.git("tag"), "");
    assert_nothing_is_left(&world);
}

#[test]
fn a_check_that_takes_too_long_is_ended() {
    let (world, job) = waiting();
    let words = ["container", "merge", &job, "--rebase", "--check", "sleep 1000", "--check-timeout", "1s"];
    let told = world.bn(&words).exits(3).stdout;
    assert!(told.contains("the check took longer than 1s: sleep 1000"), "{told}");
    world.assert_on_main("more");
    assert_nothing_is_left(&world);
}

#[test]
fn an_interrupt_during_a_check_leaves_everything_as_it_was() {
    let (world, job) = waiting();
    let mut merge = begins(&world, &["--check", "echo begun; sleep 1000"], "");
    prints(&world, "begun");
    assert_eq!(world.row(&job)["status"], "checking");
    let pid = rustix::process::Pid::from_child(&merge);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(merge.wait().unwrap().code(), Some(130));
    let row = world.row(&job);
    assert_eq!((row["status"].as_str(), row["outcome"].as_str()), (Some("exited (0)"), Some("unmerged")));
    world.assert_on_main("more");
    assert_nothing_is_left(&world);
    world.bn(&["container", "merge", &job, "--rebase"]).exits(0);
}

#[test]
fn a_merge_that_is_killed_while_it_checks_can_be_made_again() {
    for point in ["", "CheckBegun", "CheckEnded"] {
        let (world, job) = waiting();
        let wait = if point.is_empty() { "echo begun; sleep 1000" } else { "true" };
        let mut merge = begins(&world, &["--check", wait], point);
        if point.is_empty() {
            prints(&world, "begun");
            merge.kill().unwrap();
        }
        assert!(!merge.wait().unwrap().success());
        if point != "CheckEnded" {
            assert_eq!(world.row(&job)["wish"]["why"], "bn was killed while the work was checked");
        }
        world.assert_on_main("more");
        world.bn(&["container", "merge", &job, "--rebase", "--check", "test -e work"]).exits(0);
        world.assert_on_main("work");
        assert_nothing_is_left(&world);
    }
}

#[test]
fn the_check_of_a_detached_run_can_be_stopped_and_given_up() {
    let world = World::new();
    let job = world.job();
    let check = ["--detach", "--name", &job, "--check", "echo begun; sleep 1000"];
    world.agent(&check, WORK).exits(0);
    prints(&world, "begun");
    world.bn(&["container", "stop", &job]).exits(0);
    let row = world.row(&job);
    assert_eq!((row["outcome"].as_str(), row["state"].as_str()), (Some("check-failed"), Some("ended")));
    world.assert_on_main("first");
    assert_nothing_is_left(&world);
    world.bn(&["container", "discard", "--yes", &job]).exits(0);
}

#[test]
fn a_target_that_moves_while_it_is_checked_is_checked_again() {
    let (world, job) = waiting();
    let mut merge = begins(&world, &["--check", "echo begun; test -e later || sleep 5; test -e work"], "");
    prints(&world, "begun");
    world.shell("cd repo && echo later > later && git add later && git commit -qm later");
    assert_eq!(merge.wait().unwrap().code(), Some(0));
    assert_eq!(world.git("log --format=%s main"), "work\nlater\nmore\nfirst");
    let record = world.bn(&["container", "inspect", &job]).exits(0).stdout;
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    assert_eq!(record["record"]["check"]["commit"], world.git("rev-parse main"));
}

#[test]
fn a_check_that_the_project_has_committed_counts_for_runs_and_merges() {
    let world = World::new();
    let job = world.job();
    world.agent(&["--name", &job, "--no-merge"], WORK).exits(0);
    world.shell(
        "cd repo && mkdir .binnacle && echo 'check = \"test -e made\"' > .binnacle/config.toml && git add . && \
         git commit -qm config && git worktree add -q ../agent-2 -b agent-2",
    );
    let told = world.bn(&["container", "merge", &job, "--rebase"]).exits(3).stdout;
    assert!(told.contains("the check failed (1)") && told.contains(": test -e made"), "{told}");
    let image = crate::world::image();
    let second = world.name("second");
    let script = "touch made; git add made; git commit -qm made";
    world
        .bn(&["container", "run", "--tag", &image, "--name", &second, "../agent-2", "--", "sh", "-c", script])
        .exits(0);
    world.assert_on_main("made");
    world.bn(&["container", "merge", &job, "--rebase"]).exits(0);
    world.assert_on_main("work");
}

#[test]
fn a_check_is_made_in_a_checkout_that_was_set_up_and_has_the_caches_for_it() {
    let world = World::new();
    let job = world.job();
    // What the run's own set-up fetches is what that of the check finds.
    let fetches = "[ \"$BN_CHECK\" ] || touch ~/.npm/fetched; test -e ~/.npm/fetched || exit 7; echo set >ready";
    let made = "grep -q set ready && echo work > work && git add work && git commit -qm work";
    let told = world
        .agent(&["--name", &job, "--setup", fetches, "--check", "grep set ready && ls /sys/class/net"], made)
        .exits(0);
    assert!(told.stderr.contains(", then grep set ready"), "{told:#?}");
    world.assert_on_main("work");
    let log = world.bn(&["container", "logs", &job, "--check"]).exits(0).stdout;
    assert!(log.contains("binnacle: the set-up took ") && log.ends_with("\nset\nlo\n"), "{log}");
    // One that can fetch for itself trusts nothing that an agent could have changed.
    let more = "git commit -q --allow-empty -m more";
    let words = ["--name", &format!("{job}-more"), "--setup", fetches, "--check", "true", "--check-network", "egress"];
    let told = world.agent(&words, more).exits(3);
    assert!(told.stderr.contains("the set-up failed (7) after "), "{told:#?}");
    assert_nothing_is_left(&world);
}

#[test]
fn a_set_up_that_fails_before_a_check_is_told_as_that() {
    let world = World::new();
    let job = world.job();
    let setup = "[ ! \"$BN_CHECK\" ] || { echo no-package; exit 7; }";
    let told = world.agent(&["--name", &job, "--setup", setup, "--check", "touch reached; true"], WORK).exits(3);
    assert!(
        told.stderr.contains("the set-up failed (7) after ") && told.stderr.contains("and the check was not made"),
        "{told:#?}"
    );
    assert!(told.stderr.contains("\n  | no-package\n"), "{told:#?}");
    assert_eq!(world.row(&job)["outcome"], "check-failed");
    world.assert_on_main("first");
}
