//! All worktrees of a repository share one graph, the one that git's own first worktree names.

use std::fs;
use std::path::Path;
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::world::{Answer, World};

/// The folder's name, worked out from git's own answer.
fn expected(world: &World, folder: &Path) -> String {
    let listed = world.git(folder, &["worktree", "list", "--porcelain"]);
    let first = listed.lines().next().unwrap().strip_prefix("worktree ").unwrap();
    let digest = Sha256::digest(first.as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The name of the graph that a command started in this folder makes.
fn made(world: &World, folder: &Path) -> String {
    let root = world.path("home/.local/share/binnacle");
    drop(fs::remove_dir_all(&root));
    let answer: Answer = ready(world, folder);
    answer.ok();
    world.graph().file_name().unwrap().to_str().unwrap().to_owned()
}

fn ready(world: &World, folder: &Path) -> Answer {
    let mut command: Command = world.command(&["ready"]);
    Answer::of(command.current_dir(folder).output().unwrap())
}

fn same(world: &World, folder: &str) {
    let folder = world.path(folder);
    assert_eq!(made(world, &folder), expected(world, &folder), "{}", folder.display());
}

#[test]
fn a_plain_repository_and_its_linked_worktrees() {
    let world = World::new();
    world.git(&world.repo(), &["commit", "--quiet", "--allow-empty", "-m", "first"]);
    world.git(&world.repo(), &["worktree", "add", "--quiet", "../linked, \"ä\" tree", "-b", "a"]);
    fs::create_dir_all(world.path("repo/deep/er")).unwrap();
    for folder in ["repo", "repo/deep/er", "linked, \"ä\" tree", "repo/.git"] {
        same(&world, folder);
    }
    assert_eq!(made(&world, &world.repo()), made(&world, &world.path("linked, \"ä\" tree")));
}

#[test]
fn bare_repositories_and_submodules_do_not_share_with_their_siblings() {
    let world = World::new();
    world.git(&world.repo(), &["commit", "--quiet", "--allow-empty", "-m", "first"]);
    for bare in ["one.git", "two.git"] {
        world.git(&world.path(""), &["clone", "--quiet", "--bare", "repo", bare]);
    }
    world.git(&world.path("one.git"), &["worktree", "add", "--quiet", "../of-bare", "main"]);
    world.git(&world.repo(), &["submodule", "--quiet", "add", &world.path("two.git").to_string_lossy(), "sub"]);
    for folder in ["one.git", "two.git", "of-bare", "repo/sub", "one.git/refs"] {
        same(&world, folder);
    }
    let names: std::collections::HashSet<String> =
        ["one.git", "two.git", "repo", "repo/sub"].map(|folder| made(&world, &world.path(folder))).into();
    assert_eq!(names.len(), 4);
    assert_eq!(made(&world, &world.path("of-bare")), made(&world, &world.path("one.git")));
}

#[test]
fn outside_of_a_repository_it_says_so() {
    let world = World::new();
    let refused = ready(&world, &world.path("home")).refused(125);
    insta::assert_snapshot!(world.neutral(&refused), @r"
    Error: [WORLD]/home is not in a git repository
    hint: cd into a repository, or make one with `git init`
    ");
    fs::write(world.path("home/.git"), "gitdir: nowhere\n").unwrap();
    let broken = ready(&world, &world.path("home")).refused(125);
    insta::assert_snapshot!(world.neutral(&broken), @r"
    Error: [WORLD]/home/.git names no git folder
    hint: run `git worktree repair` in the main checkout
    ");
}
