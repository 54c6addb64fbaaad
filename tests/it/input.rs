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
    insta::assert_snapshot!(run(&["--memory", "8x"]), @"");
    insta::assert_snapshot!(run(&["--cpus", "-1"]), @"");
    insta::assert_snapshot!(run(&["--name", "-x y"]), @"");
    insta::assert_snapshot!(run(&["--timeout", "2"]), @"");
    insta::assert_snapshot!(run(&["--tag", "a b"]), @"");
}

#[test]
fn an_unknown_flag_is_wrong_use() {
    let world = World::new();
    let answer = world.bn(&["container", "run", "--no-such-flag"]);
    assert_eq!(answer.code, 2);
    assert!(answer.stderr.contains("unexpected argument '--no-such-flag'"), "{}", answer.stderr);
}

#[test]
fn what_is_not_there_is_named() {
    let world = World::new();
    fs::create_dir(world.path("plain")).unwrap();
    let plain = world.path("plain");
    insta::assert_snapshot!(refused(&world, &["container", "run", "nowhere", "--", "true"], 125), @"");
    insta::assert_snapshot!(refused(&world, &["container", "run", plain.to_str().unwrap(), "--", "true"], 125), @"");
    insta::assert_snapshot!(refused(&world, &["container", "run", "--merge-target", "nope", "--", "true"], 125), @"");
}

#[test]
fn a_branch_without_a_commit_is_named() {
    let world = World::new();
    world.git(&["switch", "--quiet", "--orphan", "fresh"]);
    insta::assert_snapshot!(refused(&world, &["container", "run", "--", "true"], 125), @"");
}

#[test]
fn unknown_names_list_the_known_ones() {
    let world = World::new();
    for verb in ["stop", "logs", "merge"] {
        let answer = world.bn(&["container", verb, "nobody"]);
        assert_eq!(answer.code, 125, "{verb}");
        assert_eq!(answer.stderr, "Error: no run is called nobody\nhint: there are no runs\n", "{verb}");
    }
}
