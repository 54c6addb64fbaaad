//! From every state there is a way out, and the message names it.

use std::process::Stdio;

use crate::build::with_program;
use crate::running::MEET;
use crate::world::{World, answer, containerd, image, wait_for};

#[test]
fn a_record_that_was_damaged_is_read_from_the_one_before() {
    let world = World::new();
    let job = world.job();
    let record = format!("home/.local/state/binnacle/*/runs/{job}/run.json");
    world.agent(&["--name", &job, "--no-merge"], "git commit -q --allow-empty -m work").exits(0);
    world.shell(&format!(": > {record}"));
    // Once more, and to the end.
    world.merge().exits(0);
    world.assert_on_main("work");
    assert_eq!(world.outcome(), "merged");
    world.shell(&format!(": > {record}"));
    world.bn(&["container", "prune"]).exits(0);
}

#[test]
fn a_record_of_which_nothing_is_left_stops_no_other_run_and_its_container_can_be_stopped() {
    let world = World::new();
    let job = world.job();
    world.git("worktree add -q ../agent-2 -b agent-2");
    let run = world.start(&["--name", &job], &format!("git commit -q --allow-empty -m work; {MEET}"));
    run.meet();
    let folder = format!("home/.local/state/binnacle/*/runs/{job}");
    // Its owner dies, and what it wrote goes.
    world.shell(&format!(
        "kill -9 {}; sleep 0.2; : > $(echo {folder}/run.json); rm -f {folder}/run.json.before",
        run.pid()
    ));
    let line = |worktree: &str| ["container", "run", "--tag", &image(), worktree, "--", "true"].map(str::to_owned);
    let refused = world.bn(&line("../agent-2")).exits(125);
    let hint = format!("hint: end it: bn container stop {job}");
    assert!(refused.stderr.contains(&hint), "{refused:#?}");
    let stopped = world.bn(&["container", "stop", &job, "--time", "1"]).exits(0);
    assert!(stopped.stderr.contains(&format!("bn container discard {job}")), "{stopped:#?}");
    world.bn(&line("../agent-2")).exits(0);
    // Nothing is known of it, and nothing of it stays in the user's repository.
    world.bn(&["container", "discard", "--yes", &job]).exits(0);
    assert_eq!(world.shell("find repo/.git -name binnacle; git -C repo for-each-ref refs/binnacle"), "");
}

#[test]
fn work_of_a_run_of_which_nothing_can_be_read_is_had_back() {
    let world = World::new();
    let job = world.job();
    world.run("git commit -q --allow-empty -m unwanted; exit 7").exits(7);
    world.shell(&format!("cd home/.local/state/binnacle/*/runs/{job}; : > run.json; rm -f run.json.before"));
    let said = discard(&world);
    assert_eq!(world.shell("find repo/.git -name binnacle -o -name '*.keep'"), "");
    let hint = said.lines().find_map(|line| line.strip_prefix("hint: to get its commits back: ")).unwrap();
    world.shell(&hint.replace(" fetch ", " fetch -q "));
    assert_eq!(world.git(&format!("log -1 --format=%s {job}/work")), "unwanted");
}

/// containerd as the run knows it: a link, which the test takes away and puts back.
#[test]
fn a_containerd_that_goes_away_under_a_run_costs_no_work_and_the_way_on_is_named() {
    let world = World::new();
    let (job, address) = (world.job(), world.path("containerd.sock"));
    let comes = || std::os::unix::fs::symlink(containerd(), &address).unwrap();
    comes();
    let script = "git commit -q --allow-empty -m work; touch waits; until [ -e go ]; do sleep 0.1; done; rm go waits";
    let run = ["container", "run", "--tag", &image(), "../agent-1", "--name", &job, "--", "bash", "-c", script];
    let mut command = world.bn_command(&run);
    // `ctr` would wait ten seconds each time for a containerd that may come back.
    command.env("PATH", with_program(&world, "ctr", r#"set -- --connect-timeout 2s "$@""#));
    command.env("CONTAINERD_ADDRESS", &address).stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = command.spawn().unwrap();
    wait_for("the agent", || world.path("agent-1/waits").exists());
    std::fs::remove_file(&address).unwrap();
    world.shell("touch agent-1/go");
    let gone = answer(running.wait_with_output().unwrap()).exits(125);
    let cause = format!("caused by: containerd is not running: nothing listens at {}\n", address.display());
    assert!(gone.stderr.contains(&cause), "{gone:#?}");
    // Where the kernel says how the agent ended, the work lands without containerd.
    let says =
        |what: &str| gone.stderr.contains(&format!("what the agent committed is {what}: bn container merge {job}"));
    let (kept, landed) = (says("kept; then"), says("on main; to finish the rest"));
    assert!(kept != landed, "{gone:#?}");
    world.assert_on_main(if landed { "work" } else { "first" });
    comes();
    world.merge_all_the_same().exits(0);
    world.assert_on_main("work");
    world.assert_nothing_runs(&job);
}

/// A `ctr` whose first request to remove a process or its container is cut off, as by a containerd that is being started again.
const CUT_OFF: &str = r#"#!/bin/sh
case "$* " in
*" tasks rm "* | *" containers rm "*) [ -e "$0.cut" ] || { touch "$0.cut"; echo "ctr: transport is closing: unavailable" >&2; exit 1; } ;;
esac
PATH=${PATH#*:} exec ctr "$@"
"#;

#[test]
fn a_containerd_that_is_started_again_while_a_run_ends_is_asked_once_more() {
    // sudo looks for programs on a PATH of its own.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let world = World::new();
    let folder = world.path("programs");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("ctr"), CUT_OFF).unwrap();
    world.shell("chmod 0755 programs/ctr");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut command = world.bn_command(&["container", "run", "--tag", &image(), "../agent-1", "--name", &world.job()]);
    command.args(["--", "git", "commit", "-q", "--allow-empty", "-m", "work"]).env("PATH", path);
    answer(command.output().unwrap()).exits(0);
    assert!(folder.join("ctr.cut").exists());
    world.assert_on_main("work");
    world.assert_nothing_runs(&world.job());
}

/// A `ctr` that cannot remove a container while there is a file beside it.
const BUSY: &str = r#"#!/bin/sh
case "$* " in
*" containers rm "*) [ ! -e "$0.busy" ] || { echo "ctr: failed to unmount rootfs: device or resource busy: unknown" >&2; exit 1; } ;;
esac
PATH=${PATH#*:} exec ctr "$@"
"#;

#[test]
fn a_container_that_cannot_be_removed_is_told_as_that_until_it_can() {
    // sudo looks for programs on a PATH of its own.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let world = World::new();
    world.shell("mkdir programs; touch programs/ctr.busy");
    std::fs::write(world.path("programs/ctr"), BUSY).unwrap();
    world.shell("chmod 0755 programs/ctr");
    let path = format!("{}:{}", world.path("programs").display(), std::env::var("PATH").unwrap());
    let typed = |args: &[&str]| answer(world.bn_command(args).env("PATH", &path).output().unwrap());
    let (image, job) = (image(), world.job());
    let commit = ["--", "git", "commit", "-q", "--allow-empty", "-m", "work"];
    let first = typed(&[&["container", "run", "--tag", &image, "../agent-1", "--name", &job], &commit[..]].concat());
    assert!(first.code == 125 && first.stderr.contains("device or resource busy"), "{first:#?}");
    let wish = &world.row(&job)["wish"];
    let why = wish["why"].as_str().unwrap();
    assert!(why.starts_with("its container could not be removed: ") && why.contains("resource busy"), "{wish:#}");
    assert_eq!(wish["next"][0]["command"], format!("bn container merge {job}"));
    typed(&["container", "merge", &job]).exits(125);
    world.shell("rm programs/ctr.busy");
    typed(&["container", "merge", &job]).exits(0);
    world.assert_on_main("work");
    world.assert_nothing_runs(&job);
    assert_eq!(world.row(&job)["wish"], serde_json::Value::Null);
}

/// What the line says of discarding, in a world whose run has come to be stuck.
fn discard(world: &World) -> String {
    let asked = world.bn(&["container", "discard", &world.job()]).exits(2);
    assert!(asked.stderr.contains(&format!("hint: bn container discard --yes {}", world.job())), "{asked:#?}");
    let said = world.bn(&["container", "discard", "--yes", &world.job()]).exits(0).stdout;
    assert!(said.contains("a copy is kept for 30 days in ") && world.list().is_empty(), "{said}");
    assert_eq!(world.git("for-each-ref refs/binnacle"), "", "{said}");
    said
}

#[test]
fn work_that_git_does_not_take_over_ends_its_run_and_can_be_given_up_and_had_back() {
    let world = World::new();
    let bad = "b=$(echo evil | git hash-object -w --stdin); t=$(printf \"100644 blob $b\\t.git\\n\" | git mktree); \
        git update-ref refs/heads/agent-1 $(git commit-tree -p HEAD -m bad $t)";
    let lost = world.run(bad).exits(3);
    assert!(lost.stderr.contains(&format!("bn container discard {}", world.job())), "{lost:#?}");
    assert_eq!(world.outcome(), "git-lost");
    // Nothing is in use, and nothing goes by itself.
    world.agent(&["--name", &world.name("next")], "true").exits(0);
    let kept = world.bn(&["container", "prune"]).exits(0);
    assert!(
        kept.stdout.contains(&format!("kept {}: not all of its work could be taken over", world.job())),
        "{kept:#?}"
    );
    world.merge().exits(3);
    let said = discard(&world);
    let hint = said.lines().find_map(|line| line.strip_prefix("hint: to get its commits back: ")).unwrap();
    world.shell(&hint.replace(" fetch ", " fetch -q "));
    assert_eq!(world.git(&format!("log -1 --format=%s {}/work", world.job())), "bad");
}

#[test]
fn work_that_nobody_wants_is_given_up_and_had_back() {
    let world = World::new();
    world.run("git commit -q --allow-empty -m unwanted; exit 7").exits(7);
    let said = discard(&world);
    let hint = said.lines().find_map(|line| line.strip_prefix("hint: to get its commits back: ")).unwrap();
    world.git("branch -D agent-1 2>/dev/null || git -C repo worktree remove --force ../agent-1; git -C repo branch -qD agent-1");
    world.shell(&hint.replace(" fetch ", " fetch -q "));
    assert_eq!(world.git(&format!("log -1 --format=%s {}/work", world.job())), "unwanted");
}

#[test]
fn a_worktree_that_is_removed_holds_no_work_back() {
    for during in [true, false] {
        let world = World::new();
        let job = world.job();
        let options = ["--name", &job, "--no-merge"];
        let options = if during { &options[..2] } else { &options };
        let run = world.start(options, &format!("git commit -q --allow-empty -m work; {MEET}; sleep 1"));
        run.meet();
        world.shell("touch agent-1/go");
        if during {
            world.shell("sleep 0.5; git -C repo worktree remove --force ../agent-1 || rm -rf agent-1; git -C repo worktree prune");
            run.end().exits(0);
        } else {
            run.end().exits(0);
            world.git("worktree remove --force ../agent-1");
            world.merge().exits(0);
        }
        world.assert_on_main("work");
        world.bn(&["container", "prune"]).exits(0);
        assert!(world.list().is_empty());
    }
}

#[test]
fn a_repository_that_git_cannot_read_keeps_no_other_from_being_pruned() {
    let (world, other) = (World::new(), World::new());
    let theirs = |args: &[&str]| {
        let mut command = other.bn_command(args);
        crate::world::answer(
            command.env("HOME", world.path("home")).env("XDG_RUNTIME_DIR", world.path("run")).output().unwrap(),
        )
    };
    theirs(&["container", "run", "--tag", &image(), "--name", &other.job(), "../agent-1", "--", "true"]).exits(0);
    world.run("true").exits(0);
    other.git("config core.repositoryformatversion 1; git -C repo config extensions.unknownToAll true");
    let pruned = world.bn(&["container", "prune", "--all-repositories"]).exits(125);
    assert!(pruned.stdout.contains(&format!("forgot {}", world.job())), "{pruned:#?}");
    assert!(pruned.stderr.contains(&format!("bn container discard {}", other.job())), "{pruned:#?}");
    world.bn(&["container", "discard", "--yes", &other.job()]).exits(0);
    world.bn(&["container", "prune", "--all-repositories"]).exits(0);
}

#[test]
fn work_that_was_rebased_by_hand_and_merged_is_pruned() {
    let world = World::new();
    let run = world.start(&["--name", &world.job()], &format!("echo a > a; git add a; git commit -q -m work; {MEET}"));
    run.meet();
    world.git("commit -q --allow-empty -m meanwhile");
    run.go_on().exits(3);
    world.shell("git -C agent-1 rebase -q main");
    world.merge().exits(0);
    let pruned = world.bn(&["container", "prune"]).exits(0);
    assert!(pruned.stdout.contains(&format!("forgot {}", world.job())), "{pruned:#?}");
}

/// Its objects went with the old one: git can read nothing of what the run keeps.
#[test]
fn a_repository_that_was_made_anew_in_the_same_place_stops_no_run_and_what_an_old_one_kept_has_a_way_out() {
    let world = World::new();
    let job = world.job();
    let commit = "echo w > w; git add w; git commit -qm work";
    world.agent(&["--name", &job, "--no-merge"], commit).exits(0);
    world.shell(
        "rm -rf repo agent-1; git init -q -b main repo; cd repo; git config user.name T; git config user.email t@example.org; \
         git commit -q --allow-empty -m again; git worktree add -q ../agent-1 -b agent-1",
    );
    let way_out = format!("bn container discard {job}");
    for verb in [&["prune", "--dry-run"][..], &["prune"]] {
        let told = world.bn(&[&["container"], verb].concat()).exits(0).stdout;
        assert!(told.contains("is another one now, and its work is nowhere else") && told.contains(&way_out), "{told}");
    }
    for verb in ["merge", "diff", "log"] {
        let refused = world.bn(&["container", verb, &job]);
        assert!(refused.code != 0 && refused.stderr.contains("another one is there now"), "{refused:?}");
        assert!(refused.stderr.contains(&way_out), "{refused:?}");
    }
    let taken = world.agent(&["--name", &job], "true").exits(125).stderr;
    assert!(taken.contains("keeps work that is nowhere else") && !taken.contains("alternate"), "{taken}");
    world.agent(&["--name", &world.name("other")], commit).exits(0);
    world.assert_on_main("work");
    let gone = world.bn(&["container", "discard", "--yes", &job]).exits(0);
    assert!(!gone.stdout.contains("alternate") && gone.stderr.is_empty(), "{gone:?}");
    world.agent(&["--name", &job], "true").exits(0);
    world.bn(&["container", "prune"]).exits(0);
    assert!(world.list().is_empty());
}
