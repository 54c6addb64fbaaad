//! Bad input against a real containerd: one clear error each, and nothing left behind.

use std::fs;
use std::process::Command;

use crate::running::MEET;
use crate::world::{World, ctr, image};

/// What a refused run must not leave: a container, a record, a ref, a secret, a mount.
#[track_caller]
pub fn assert_no_trace(world: &World, name: &str) {
    world.assert_nothing_runs(name);
    assert_eq!(world.git("for-each-ref refs/binnacle"), "");
    let rows = world.list();
    assert!(rows.iter().all(|row| row["name"] != name), "{rows:#?}");
    let left = world.shell(&format!("find home run -name '*{name}*'"));
    assert_eq!(left, "");
}

#[track_caller]
fn refused(world: &World, options: &[&str], code: i32) -> String {
    let name = world.job();
    let fixed = ["container", "run", "../agent-1", "--name", &name];
    let image = image();
    let tag = if options.contains(&"--tag") { Vec::new() } else { vec!["--tag", &image] };
    let answer = world.bn(&[&fixed[..], &tag, options, &["--", "true"]].concat());
    let answer = answer.exits(code);
    assert_no_trace(world, &name);
    assert_eq!(answer.stdout, "");
    assert_eq!(answer.stderr.lines().filter(|line| line.starts_with("Error: ")).count(), 1, "{answer:#?}");
    answer.stderr
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let world = World::new();
    let image = refused(&world, &["--tag", "localhost/no-such:image"], 125);
    assert!(image.starts_with("Error: the image localhost/no-such:image is not built\n"), "{image}");
    let target = refused(&world, &["--merge-target", "nope"], 125);
    assert!(target.contains("nope"), "{target}");
    assert!(refused(&world, &["--memory", "8x"], 2).contains("8x"));
    assert!(refused(&world, &["--cpus", "-1"], 2).contains("-1"));
    assert!(refused(&world, &["--memory", "1k"], 2).contains("1k"));
}

#[test]
fn a_worktree_that_was_made_for_a_refused_run_goes_with_it() {
    let world = World::new();
    for options in [&["--memory", "8x"], &["--tag", "localhost/no-such:image"], &["--merge-target", "nope"]] {
        let fixed = ["container", "run", "../new", "--create", "-b", "new"];
        let answer = world.bn(&[&fixed[..], options, &["--", "true"]].concat());
        assert_ne!(answer.code, 0);
        assert!(!world.path("new").exists(), "{answer:#?}");
        assert_eq!(world.git("branch --list new; git -C repo worktree list | wc -l"), "2");
    }
}

#[test]
fn a_worktree_in_use_is_not_given_to_a_second_run() {
    let world = World::new();
    let first = world.start(&["--name", &world.name("first")], MEET);
    first.meet();
    let second = world.agent(&["--name", &world.job()], "true").exits(125);
    let worktree = world.path("agent-1");
    let said =
        format!("Error: {} is in use by the run {}, which is running\n", worktree.display(), world.name("first"));
    assert_eq!(second.stderr, format!("{said}hint: bn container stop {}\n", world.name("first")));
    world.assert_nothing_runs(&world.job());
    first.go_on().exits(0);
}

#[test]
fn a_name_in_use_is_not_given_twice() {
    let world = World::new();
    world.git("worktree add -q ../agent-2 -b agent-2");
    let first = world.start(&["--name", &world.job()], MEET);
    first.meet();
    let said = |why: &str| format!("Error: {} is {why}\nhint: choose another with --name\n", world.job());
    assert_eq!(world.run_in("../agent-2", "true").exits(125).stderr, said("a container of another run"));
    // Names are one space for all repositories of a containerd.
    let other = World::new();
    let before = other.shell("find repo/.git | sort");
    assert_eq!(other.agent(&["--name", &world.job()], "true").exits(125).stderr, said("a container of another run"));
    assert_eq!((other.list(), other.shell("find repo/.git | sort")), (Vec::new(), before));
    // Once a run has had the image there, `ctr run` is the one to say it.
    other.agent(&["--name", &other.name("own")], "true").exits(0);
    let (runs, before) = (other.list().len(), other.shell("find repo/.git | sort"));
    fs::write(other.path("agent-1/loose"), "").unwrap();
    assert_eq!(other.agent(&["--name", &world.job()], "true").exits(125).stderr, said("a container of another run"));
    assert_eq!((other.list().len(), other.shell("find repo/.git | sort")), (runs, before));
    assert_eq!(other.shell(&format!("find home run -name '*{}*'", world.job())), "");
    first.go_on().exits(0);
}

#[test]
fn a_name_that_stands_for_unmerged_work_is_not_used_again() {
    let world = World::new();
    world.run("git commit -q --allow-empty -m work; exit 1").exits(1);
    let again = world.run("true").exits(125);
    let said = format!(
        "Error: {0} is an ended run that keeps work that is nowhere else\nhint: choose another --name, or see \
         what {0} keeps: bn container prune\n",
        world.job()
    );
    assert_eq!(again.stderr, said);
    world.merge_all_the_same().exits(0);
    world.run("true").exits(0);
}

#[test]
fn a_command_that_does_not_exist_is_the_agents_failure() {
    let world = World::new();
    let image = image();
    let line = ["container", "run", "--tag", &image, "--name", &world.job(), "../agent-1", "--", "no-such-program"];
    let answer = world.bn(&line).exits(127);
    assert!(answer.stdout.contains("no-such-program: command not found"), "{answer:#?}");
    world.assert_nothing_runs(&world.job());
}

#[test]
fn an_image_without_the_entrypoint_is_named() {
    let world = World::new();
    let scratch = format!("localhost/bn-real-scratch:{}", world.name("x").to_lowercase());
    world.shell("echo FROM scratch > Containerfile; echo 'COPY empty /' >> Containerfile; touch empty");
    let archive = world.path("scratch.tar");
    let build = format!(
        "cd {root} && buildah build -q -t {scratch} . && buildah push -q {scratch} docker-archive:{archive}:{scratch} && buildah rmi {scratch}",
        root = world.root().display(),
        archive = archive.display()
    );
    assert!(Command::new("bash").args(["-ec", &build]).status().unwrap().success());
    ctr(&["images", "import", archive.to_str().unwrap()]);
    let line = ["container", "run", "../agent-1", "--name", &world.job(), "--tag", &scratch, "--", "true"];
    let answer = world.bn(&line).exits(125);
    ctr(&["images", "rm", &scratch]);
    assert!(answer.stderr.contains("binnacle-entrypoint"), "{answer:#?}");
    world.assert_nothing_runs(&world.job());
    world.run("true").exits(0);
}
