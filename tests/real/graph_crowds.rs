//! Many containers that use one graph at once, and containers that die while they do.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::running::Running;
use crate::world::{World, ctr, patience, run_line, wait_for};

/// A container in a worktree of its own, whose agent is a script.
fn start(world: &World, name: &str, worktree: &str, script: &str) -> Running {
    let line = run_line(&format!("../{worktree}"), &["--name", name, "--no-merge"], script);
    let child = world.bn_command(&line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    Running::new(child, world.path(worktree))
}

/// So many worktrees: `w0`, `w1`, …
fn worktrees(world: &World, count: usize) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|number| format!("w{number}")).collect();
    names.iter().for_each(|name| drop(world.git(&format!("worktree add -q ../{name} -b {name}"))));
    names
}

/// The title of each task there is, by its id.
fn tasks(world: &World) -> HashMap<String, String> {
    let listed = world.bn(&["task", "list", "--all", "--limit", "0", "--json"]).exits(0).stdout;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let text = |task: &serde_json::Value, field: &str| task[field].as_str().unwrap().to_owned();
    listed["tasks"].as_array().unwrap().iter().map(|task| (text(task, "id"), text(task, "title"))).collect()
}

/// A shell function that makes a task, and writes down in the worktree that it asked, and what it was answered.
fn writer(run: &str) -> String {
    format!(
        r#"make() {{ echo "{run} $1" >>asked; bn task create "{run} $1" --json >/tmp/"${{1%% *}}" || return
            echo "$(grep -o '"id":"bn-[a-z0-9]*' /tmp/"${{1%% *}}" | head -1 | cut -d'"' -f4) {run} $1" >>acknowledged; }}"#
    )
}

fn lines(file: PathBuf) -> Vec<String> {
    fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect()
}

#[test]
fn of_sixty_four_writers_in_eight_containers_none_loses_anything() {
    let world = World::new();
    let names: Vec<(String, String)> = worktrees(&world, 8)
        .into_iter()
        .map(|worktree| (world.name(&format!("writers-{worktree}")), worktree))
        .collect();
    let running: Vec<Running> = names
        .iter()
        .map(|(name, worktree)| {
            let script = format!(
                "{}; for w in $(seq 8); do (for n in $(seq 10); do make \"$w $n\" || echo failed; done) & done; wait",
                writer(name)
            );
            start(&world, name, worktree, &script)
        })
        .collect();
    for ended in running.into_iter().map(Running::end) {
        assert!(!ended.exits(0).stdout.contains("failed"));
    }
    let tasks = tasks(&world);
    let acknowledged: Vec<String> =
        names.iter().flat_map(|(_, worktree)| lines(world.path(worktree).join("acknowledged"))).collect();
    assert_eq!((acknowledged.len(), tasks.len()), (640, 640));
    for line in &acknowledged {
        let (id, title) = line.split_once(' ').unwrap();
        assert_eq!(tasks.get(id).map(String::as_str), Some(title));
    }
    for (name, _) in &names {
        let log = world.bn(&["log", "--run", name, "--limit", "0"]).exits(0).stdout;
        assert_eq!(log.matches("  created bn-").count(), 80, "{name}: {log}");
    }
    assert!(world.bn(&["doctor"]).exits(0).stdout.contains("The graph is sound"));
}

/// What became of one container: what it had asked, and what it had been told.
struct Killed {
    name: String,
    asked: BTreeSet<String>,
    acknowledged: Vec<(String, String)>,
}

/// Starts a container in which two write without a pause, and kills it while both wait for an answer: the owner is stopped at
/// whatever it does, so that no answer can come, and goes on when the container is gone.
fn kill_between_request_and_answer(world: &World, name: &str, worktree: &str) -> Killed {
    let (asked, acknowledged) = (world.path(worktree).join("asked"), world.path(worktree).join("acknowledged"));
    world.shell(&format!("rm -f {worktree}/asked {worktree}/acknowledged"));
    let script =
        format!("{}; for w in a b; do (for n in $(seq 999); do make \"$w $n\"; done) & done; wait", writer(name));
    let running = start(world, name, worktree, &script);
    wait_for("the first answer", || acknowledged.exists());
    let owner = Pid::from_raw(running.pid()).unwrap();
    kill_process(owner, Signal::STOP).unwrap();
    // Both are told what was already sent, and ask once more.
    wait_for("both to wait", || {
        let both = || (lines(asked.clone()).len(), lines(acknowledged.clone()).len());
        let before = both();
        // Until each has had its turn on a machine on which much else runs.
        thread::sleep(Duration::from_millis(200));
        both() == before && before.0 == before.1 + 2
    });
    ctr(&["tasks", "kill", "--signal", "KILL", name]);
    wait_for("the container to be gone", || {
        let listed = ctr(&["tasks", "ls"]);
        listed.lines().all(|line| line.split_whitespace().next() != Some(name) || line.contains("STOPPED"))
    });
    kill_process(owner, Signal::CONT).unwrap();
    let ended = running.end();
    assert_ne!(ended.code, 0, "{ended:#?}");
    let told = lines(acknowledged).into_iter().map(|line| {
        let (id, title) = line.split_once(' ').unwrap();
        (id.to_owned(), title.to_owned())
    });
    Killed { name: name.to_owned(), asked: lines(asked).into_iter().collect(), acknowledged: told.collect() }
}

/// Two hundred containers, of which each dies with two requests that wait for their answers.
#[test]
fn containers_that_are_killed_between_request_and_answer_lose_nothing_acknowledged_and_hold_up_nobody() {
    let world = World::new();
    let worktrees = worktrees(&world, 4);
    let (done, kills) = (AtomicBool::new(false), 50);
    let (killed, slowest) = thread::scope(|scope| {
        let others = scope.spawn(|| {
            let mut slowest = Duration::ZERO;
            while !done.load(Ordering::Relaxed) {
                let asked = Instant::now();
                world.bn(&["task", "create", "Meanwhile"]).exits(0);
                slowest = slowest.max(asked.elapsed());
                thread::sleep(Duration::from_millis(100));
            }
            slowest
        });
        let lanes: Vec<_> = worktrees
            .iter()
            .map(|worktree| {
                let world = &world;
                scope.spawn(move || {
                    let names = (0..kills).map(|turn| world.name(&format!("dies-{worktree}-{turn}")));
                    names.map(|name| kill_between_request_and_answer(world, &name, worktree)).collect::<Vec<_>>()
                })
            })
            .collect();
        let ended: Vec<_> = lanes.into_iter().map(|lane| lane.join()).collect();
        done.store(true, Ordering::Relaxed);
        let killed: Vec<Killed> = ended.into_iter().flat_map(Result::unwrap).collect();
        (killed, others.join().unwrap())
    });
    assert!(slowest < patience(5), "{slowest:?}");
    assert_eq!(killed.len(), 200);
    let tasks = tasks(&world);
    for container in &killed {
        for (id, title) in &container.acknowledged {
            assert_eq!(tasks.get(id), Some(title), "{id} was acknowledged");
        }
        let made: Vec<&String> =
            tasks.values().filter(|title| title.starts_with(&format!("{} ", container.name))).collect();
        // Of the two that waited each is there once, or not at all.
        assert_eq!(container.asked.len(), container.acknowledged.len() + 2, "{}", container.name);
        assert!(made.len() <= container.asked.len(), "{}: {made:?}", container.name);
        assert_eq!(made.iter().collect::<BTreeSet<_>>().len(), made.len(), "{made:?}");
        assert!(made.iter().all(|title| container.asked.contains(*title)), "{made:?}");
        world.assert_nothing_runs(&container.name);
    }
    assert!(world.bn(&["doctor"]).exits(0).stdout.contains("The graph is sound"));
}
