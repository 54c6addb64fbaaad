//! Detached runs, and the verbs by which one looks after them.

use std::time::{Duration, Instant};

use crate::running::MEET;
use crate::world::{World, patience, run_line, wait_for};

const COMMIT: &str = "set -e; echo theirs > greeting; git add greeting; git commit -q -m work";
/// Does not end by itself, nor when it is told to.
const STUBBORN: &str = "trap '' TERM; touch ready; while :; do sleep 0.1; done";

fn detached(world: &World, name: &str, worktree: &str, script: &str) {
    let image = crate::world::image();
    let line = ["container", "run", "--detach", "--tag", &image, "--name", name, worktree, "--", "bash", "-c", script];
    assert_eq!(world.bn(&line).exits(0).stdout, format!("{name}\n"));
}

fn ended(world: &World, name: &str) {
    wait_for("the run to end", || !world.bn(&["container", "list", "--quiet"]).exits(0).stdout.contains(name));
}

#[test]
fn a_detached_run_goes_the_whole_way_by_itself() {
    let world = World::new();
    let name = world.job();
    detached(&world, &name, "../agent-1", &format!("{COMMIT}; {MEET}"));
    wait_for("the script", || world.path("agent-1/ready").exists());
    let row = world.row(&name);
    assert_eq!((row["status"].as_str(), row["branch"].as_str()), (Some("running"), Some("agent-1")));
    let mut from_elsewhere = world.bn_command(&["container", "list", "--quiet"]);
    let from_elsewhere = crate::world::answer(from_elsewhere.current_dir("/").output().unwrap());
    assert_eq!(from_elsewhere.stdout, format!("{name}\n"));
    world.shell("touch agent-1/go");
    ended(&world, &name);
    assert_eq!(world.outcome(), "merged");
    world.assert_on_main("work");
    world.assert_nothing_runs(&name);
}

#[test]
fn a_detached_run_that_cannot_start_says_so_at_once() {
    let world = World::new();
    let image = crate::world::image();
    let line =
        ["container", "run", "--detach", "--tag", &image, "--name", &world.job(), "../agent-1", "--agent", "claude"];
    let answer = world.bn(&line);
    // The agent is not in this image: the container starts, and the run fails.
    assert!([0, 125].contains(&answer.code), "{answer:#?}");
    wait_for("the end", || world.bn(&["container", "list", "--quiet"]).stdout.is_empty());
    let log = world.bn(&["container", "logs", &world.job()]).exits(0).stdout;
    assert!(log.contains("claude is not in this image: bn container build --agent claude"), "{log}");
    assert_eq!(world.row(&world.job())["status"], "exited (125)");
}

#[test]
fn what_an_agent_writes_to_both_streams_comes_in_its_order_and_to_the_last_word() {
    let world = World::new();
    let said =
        world.run("for n in $(seq 300); do echo out $n; echo err $n >&2; done; exec >&-; echo last >&2").exits(0);
    let expected: String = (1..=300).map(|n| format!("out {n}\nerr {n}\n")).collect();
    assert!(said.stdout.contains(&format!("{expected}last\n")), "{said:#?}");
    assert!(world.bn(&["container", "logs", &world.job()]).exits(0).stdout.contains(&format!("{expected}last\n")));
}

#[test]
fn a_stopped_agent_has_a_grace_in_which_to_commit() {
    let world = World::new();
    let name = world.job();
    let script = format!(
        "{COMMIT}; trap 'git commit -q --allow-empty -m last; exit 0' TERM; touch ready; while :; do sleep 0.1; done"
    );
    detached(&world, &name, "../agent-1", &script);
    wait_for("the script", || world.path("agent-1/ready").exists());
    assert_eq!(world.bn(&["container", "stop", &name]).exits(0).stdout, format!("{name}\n"));
    assert_eq!(world.row(&name)["status"], "stopped");
    assert_eq!(world.git("log -1 --format=%s agent-1"), "last");
    world.assert_on_main("first");
    world.assert_nothing_runs(&name);
    let again = world.bn(&["container", "stop", &name]).exits(0);
    assert_eq!(again.stderr, format!("{name} has ended already\n"));
    world.merge().exits(0);
    world.assert_on_main("last");
}

#[test]
fn a_bn_that_is_told_to_end_stops_its_agent_first() {
    let world = World::new();
    let script = format!("trap 'git commit -q --allow-empty -m last; exit 0' TERM; {MEET}");
    let run = world.start(&["--name", &world.job()], &script);
    run.meet();
    let bn = rustix::process::Pid::from_raw(run.pid()).unwrap();
    rustix::process::kill_process(bn, rustix::process::Signal::TERM).unwrap();
    run.end().exits(143);
    assert_eq!(world.outcome(), "stopped");
    assert_eq!(world.git("log -1 --format=%s agent-1"), "last");
    world.assert_on_main("first");
    world.assert_nothing_runs(&world.job());
}

#[test]
fn several_are_stopped_at_the_same_time() {
    let world = World::new();
    world.git("worktree add -q ../agent-2 -b agent-2 && git -C repo worktree add -q ../agent-3 -b agent-3");
    let names = [1, 2, 3].map(|number| world.name(&format!("n{number}")));
    for (name, number) in names.iter().zip(1..) {
        detached(&world, name, &format!("../agent-{number}"), STUBBORN);
    }
    wait_for("the scripts", || (1..=3).all(|number| world.path(&format!("agent-{number}/ready")).exists()));
    let begin = Instant::now();
    world.bn(&["container", "stop", "--time", "3", &names[0], &names[1], &names[2]]).exits(0);
    let took = begin.elapsed();
    assert!(took >= Duration::from_secs(3) && took < patience(8), "{took:?} for three graces of 3 s");
    assert_eq!(world.bn(&["container", "list", "--quiet"]).exits(0).stdout, "");
    names.iter().for_each(|name| world.assert_nothing_runs(name));
}

#[test]
fn stop_all_stops_those_of_this_repository_alone() {
    let (world, other) = (World::new(), World::new());
    let (mine, theirs) = (world.job(), other.job());
    let state = world.path("home").display().to_string();
    detached(&world, &mine, "../agent-1", &format!("{COMMIT}; touch ready; sleep 60"));
    // A second repository of the same user.
    let image = crate::world::image();
    let mut command = other.bn_command(&[
        "container",
        "run",
        "-d",
        "--tag",
        &image,
        "--name",
        &theirs,
        "../agent-1",
        "--",
        "sleep",
        "60",
    ]);
    assert!(command.env("HOME", &state).status().unwrap().success());
    world.bn(&["container", "stop", "--all", "--time", "1"]).exits(0);
    let left = world.bn(&["container", "list", "--quiet", "--all-repositories"]).exits(0).stdout;
    assert_eq!(left, format!("{theirs}\n"));
    world.bn(&["container", "stop", "--time", "0", &theirs]).exits(0);
}

#[test]
fn an_unknown_name_is_answered_with_those_there_are() {
    let world = World::new();
    let name = world.job();
    let run = world.start(&["--name", &name], MEET);
    run.meet();
    for verb in ["stop", "logs", "merge"] {
        let answer = world.bn(&["container", verb, "nobody"]).exits(125);
        assert_eq!(answer.stderr, format!("Error: no run is called nobody\nhint: there are: {name}\n"));
    }
    let answer = world.merge().exits(125);
    let hint = format!("Error: {name} is still running\nhint: wait for it, or: bn container stop {name}\n");
    assert_eq!(answer.stderr, hint);
    run.go_on().exits(0);
}

#[test]
fn what_bn_says_begins_a_line_where_the_agent_was_killed_in_the_middle_of_one() {
    let world = World::new();
    let said = std::fs::File::create(world.path("said")).unwrap();
    let line =
        run_line("../agent-1", &["--name", &world.job(), "--timeout", "1s"], "trap '' TERM; printf half; sleep 99");
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    let mut run = world.bn_command(&line);
    run.stdout(said.try_clone().unwrap()).stderr(said).status().unwrap();
    let said = std::fs::read_to_string(world.path("said")).unwrap();
    assert!(said.contains(&format!("half\n{}: timed-out", world.job())), "{said}");
}

#[test]
fn logs_of_running_and_ended_runs() {
    let world = World::new();
    let name = world.job();
    let logs = |more: &[&str]| world.bn(&[&["container", "logs", &name], more].concat()).exits(0).stdout;
    detached(&world, &name, "../agent-1", &format!("echo one; echo two; {MEET}; echo three; echo four >&2"));
    wait_for("the script", || world.path("agent-1/ready").exists());
    assert_eq!(logs(&["--tail", "2"]), "one\ntwo\n");
    let follower = world
        .bn_command(&["container", "logs", "--follow", &name])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    world.shell("touch agent-1/go");
    let followed = crate::world::answer(follower.wait_with_output().unwrap()).exits(0).stdout;
    // What comes by way of the other stream may overtake.
    assert!(["one\ntwo\n", "three\n", "four\n"].iter().all(|words| followed.contains(words)), "{followed}");
    assert_eq!(logs(&[]), followed);
    assert_eq!(logs(&["-n", "1"]).lines().count(), 1);
}

#[test]
fn who_does_not_read_what_the_agent_prints_holds_up_nothing() {
    let world = World::new();
    let running = world.start(
        &["--name", &world.job()],
        "head -c 3000000 /dev/zero | tr '\\0' a; git commit -q --allow-empty -m work",
    );
    // Nobody reads from the pipe until the work is where it was to go.
    wait_for("the work to be merged", || world.git("log -1 --format=%s main") == "work");
    let answer = running.end().exits(0);
    assert!(answer.stdout.len() > 3_000_000, "{}", answer.stdout.len());
}

#[test]
fn a_worktree_and_its_branch_are_made_on_the_way() {
    let world = World::new();
    let options = ["--name", &world.job(), "--create", "--branch", "feature/new"];
    let image = crate::world::image();
    let fixed = ["container", "run", "--tag", &image, "../new"];
    world.bn(&[&fixed[..], &options, &["--", "bash", "-c", COMMIT]].concat()).exits(0);
    world.assert_on_main("work");
    assert_eq!(world.shell("git -C new status --porcelain --branch"), "## feature/new");
}

#[test]
fn the_second_run_needs_no_clean_up() {
    let world = World::new();
    for subject in ["one", "two"] {
        world.run(&format!("git commit -q --allow-empty -m {subject}")).exits(0);
        world.assert_on_main(subject);
    }
    assert_eq!(world.git("for-each-ref refs/binnacle"), "");
    assert_eq!(world.git("status --porcelain"), "");
}
