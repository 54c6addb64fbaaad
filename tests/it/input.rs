//! Bad input: one clear error, the right exit code, nothing left behind.

use std::fs;

use crate::world::World;

/// Fails with this code, and neither asks containerd to run anything nor leaves a file.
fn refused(world: &World, args: &[&str], code: i32) -> String {
    let answer = world.bn(args);
    assert_eq!(answer.code, code, "{args:?}: {answer:?}");
    assert_eq!(answer.stdout, "", "{args:?}");
    assert!(!world.calls().contains(" run --"), "{args:?} ran something: {}", world.calls());
    assert_eq!(world.files_below("home"), Vec::<std::path::PathBuf>::new(), "{args:?}");
    world.neutral(&answer.stderr)
}

#[test]
fn what_the_command_line_alone_shows_is_wrong_use() {
    let world = World::new();
    let run = |more: &[&str]| refused(&world, &[&["container", "run"], more, &["--", "true"]].concat(), 2);
    insta::assert_snapshot!(run(&["--memory", "8x"]), @"
    Error: --memory 8x: not a size
    hint: such as --memory 8g or --memory 512m
    ");
    insta::assert_snapshot!(run(&["--disk", "1k"]), @"
    Error: --disk 1k: an agent needs at least 16m
    hint: such as --disk 8g
    ");
    insta::assert_snapshot!(run(&["--pids-limit", "0"]), @"
    Error: --pids-limit 0: not a number from 16 to 4194304
    hint: such as --pids-limit 512
    ");
    insta::assert_snapshot!(run(&["--cpus", "-1"]), @"
    Error: --cpus -1: not a number of CPUs
    hint: such as --cpus 2 or --cpus 0.5
    ");
    insta::assert_snapshot!(run(&["--name", "x y"]), @"
    Error: 'x y' is not a legal name
    hint: letters and digits, joined by single '.', '_' or '-', at most 76 characters, such as agent-1
    ");
    insta::assert_snapshot!(run(&["--timeout", "2"]), @"
    Error: --timeout 2: not a length of time
    hint: such as --timeout 90s, 30m or 2h
    ");
    insta::assert_snapshot!(run(&["--tag", "a b"]), @"
    Error: 'a b' is not an image tag
    hint: a tag is up to 128 letters, digits, '_', '.' and '-', such as v0.5.0
    ");
}

#[test]
fn what_is_not_there_is_named() {
    let world = World::new();
    fs::create_dir(world.path("plain")).unwrap();
    let plain = world.path("plain");
    insta::assert_snapshot!(refused(&world, &["container", "run", "nowhere", "--", "true"], 125), @"
    Error: there is no folder nowhere
    hint: make it, and its branch: bn container run --create -b nowhere nowhere
    ");
    insta::assert_snapshot!(refused(&world, &["container", "run", plain.to_str().unwrap(), "--", "true"], 125), @"
    Error: [WORLD]/plain is not in a git repository
    hint: name a checkout: bn container run PATH
    hint: or make this one: git init && git commit --allow-empty -m 'Begin'
    ");
    insta::assert_snapshot!(refused(&world, &["container", "run", "--merge-target", "nope", "--", "true"], 125), @"
    Error: there is no branch nope
    hint: the branches are: main
    ");
}

#[test]
fn a_branch_without_a_commit_is_named() {
    let world = World::new();
    world.git(&["switch", "--quiet", "--orphan", "fresh"]);
    insta::assert_snapshot!(refused(&world, &["container", "run", "--", "true"], 125), @"
    Error: branch fresh of [WORLD]/repo has no commit yet
    hint: make a first commit: git -C [WORLD]/repo commit --allow-empty -m 'Begin'
    ");
}

#[test]
fn unknown_names_list_the_known_ones() {
    let world = World::new();
    for verb in ["stop", "logs", "merge"] {
        let answer = world.bn(&["container", verb, "nobody"]);
        assert_eq!(answer.code, 125, "{verb}");
        assert_eq!(
            answer.stderr, "Error: no run is called nobody\nhint: look for it: bn container list --all\n",
            "{verb}"
        );
    }
}

#[test]
fn a_record_that_cannot_be_read_hides_no_other_run() {
    let world = World::new();
    let run = world.path("home/.local/state/binnacle/0123456789abcdef/runs/broken");
    fs::create_dir_all(&run).unwrap();
    fs::write(run.join("run.json"), "{").unwrap();
    let listed = world.bn(&["container", "list", "--all", "--all-repositories"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    assert_eq!(listed.stdout, "NAME   REPO   STATUS   TYPE   BRANCH   WORKTREE   AGE   OUTCOME\n");
    let said = world.neutral(&listed.stderr);
    assert_eq!(
        said,
        "left out: [WORLD]/home/.local/state/binnacle/0123456789abcdef/runs/broken/run.json is damaged; give it up: bn container discard broken\n"
    );
}
