//! Many runs at the same moment: each works, or is refused in words.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::running::MEET;
use crate::world::{Answer, World, answer, image};

const COMMIT: &str = "git commit -q --allow-empty -m work";

fn start(world: &World, home: &World, name: &str, worktree: &str, script: &str) -> Child {
    let line =
        ["container", "run", "--tag", &image(), "--name", name, "--no-merge", worktree, "--", "bash", "-c", script];
    let mut command = world.bn_command(&line);
    command.env("HOME", home.path("home")).env("XDG_RUNTIME_DIR", home.path("run"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end(children: Vec<Child>) -> Vec<Answer> {
    children.into_iter().map(|child| answer(child.wait_with_output().unwrap())).collect()
}

#[test]
fn ten_runs_that_start_at_once_in_one_repository_all_work() {
    let world = World::new();
    world.bn(&["task", "create", "Something to copy"]).exits(0);
    world.shell("for n in {0..9}; do git -C repo worktree add -q ../w$n -b w$n; done");
    let name = |number: usize| world.name(&format!("crowd{number}"));
    let runs = (0..10).map(|number| start(&world, &world, &name(number), &format!("../w{number}"), COMMIT)).collect();
    for (number, answered) in end(runs).into_iter().enumerate() {
        let answered = answered.exits(0);
        assert_eq!(world.git(&format!("log -1 --format=%s w{number}")), "work", "{answered:#?}");
        world.assert_nothing_runs(&name(number));
    }
}

#[test]
fn one_name_in_two_repositories_at_once_is_given_once() {
    let (world, other) = (World::new(), World::new());
    let name = world.job();
    for _ in 0..3 {
        let runs = [&world, &other].map(|repository| start(repository, &world, &name, "../agent-1", "sleep 2"));
        let mut codes: Vec<(i32, String)> =
            end(runs.into()).into_iter().map(|answered| (answered.code, answered.stderr)).collect();
        codes.sort();
        assert_eq!(codes.iter().map(|(code, _)| *code).collect::<Vec<_>>(), [0, 125], "{codes:#?}");
        assert!(codes[1].1.contains(&format!("{name} is a ")), "{codes:#?}");
        world.assert_nothing_runs(&name);
    }
}

/// A second name for a folder, as long as this lives.
struct Bind(PathBuf);

impl Bind {
    fn new(folder: PathBuf, name: PathBuf) -> Self {
        std::fs::create_dir(&name).unwrap();
        sudo(&["mount", "--bind", folder.to_str().unwrap(), name.to_str().unwrap()]);
        Self(name)
    }
}

impl Drop for Bind {
    fn drop(&mut self) {
        sudo(&["umount", "--lazy", self.0.to_str().unwrap()]);
    }
}

fn sudo(words: &[&str]) {
    assert!(Command::new("sudo").arg("-n").args(words).status().unwrap().success(), "{words:?}");
}

#[test]
fn a_worktree_under_two_names_is_one() {
    let world = World::new();
    world.shell("git -C agent-1 switch -q --detach; git -C repo switch -q --detach");
    let script = format!("{MEET}; {COMMIT}");
    for (folder, worktree) in [("agent-1", "../agent-1"), ("repo", ".")] {
        let name = world.name(folder);
        let bound = Bind::new(world.path(folder), world.path(&format!("again-{folder}")));
        let mut command = world.bn_command(&["container", "run", "--tag", &image(), "--name", &name, worktree]);
        let child = command.args(["--", "bash", "-c", &script]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let first = crate::running::Running::new(child.unwrap(), world.path(folder));
        first.meet();
        let line = ["container", "run", "--tag", &image(), bound.0.to_str().unwrap(), "--", "true"];
        let refused = world.bn(&line).exits(125);
        assert!(refused.stderr.contains(&format!("is in use by the run {name}")), "{refused:#?}");
        first.go_on();
        drop(bound);
        world.shell(&format!("rmdir again-{folder}"));
    }
}
