//! `bn undo`: one's own last change is taken back, whole, and nothing that others have built on.

use insta::assert_snapshot;
use serde_json::Value;

use crate::world::World;

/// Everything that a task says and is, but for the times of its changes.
fn state(world: &World, id: &str) -> Value {
    let mut shown = world.json(&["task", "show", id]);
    for field in ["updated_at", "claimed_at", "closed_at", "session"] {
        shown[field] = Value::Null;
    }
    shown
}

#[test]
fn every_kind_of_change_is_taken_back() {
    let world = World::new();
    let ann = |args: &[&str]| world.agent("ann", args).ok();
    ann(&["orient"]);
    let (a, b) = (world.task("A", &["--tag", "x", "--assignee", "bob"]), world.task("B", &["--due", "2030-01-01"]));
    world.bn(&["link", "add", &b, &a, "-t", "related_to"]).ok();
    let changes: [&[&str]; 11] = [
        &["task", "update", &a, "--title", "A2", "-p", "0", "--untag", "x", "--tag", "y", "--estimate", "2h"],
        &["task", "update", &b, "--due", "", "--assignee", "ann", "-d", "more"],
        &["task", "note", &a, "a remark about zebras"],
        &["link", "add", &a, &b],
        &["link", "rm", &b, &a, "-t", "related_to"],
        &["task", "update", &b, "--parent", &a],
        &["task", "claim", &a],
        &["task", "claim", &b],
        &["task", "close", &a, "-r", "done"],
        &["task", "cancel", &a],
        &["task", "delete", &b],
    ];
    for change in changes {
        let before = (state(&world, &a), state(&world, &b));
        ann(change);
        assert_ne!((state(&world, &a), state(&world, &b)), before, "{change:?}");
        ann(&["undo"]);
        assert_eq!((state(&world, &a), state(&world, &b)), before, "{change:?}");
    }
    assert_eq!(world.json(&["search", "zebras"])["total"], 0);
    // What is closed while it is claimed is claimed again, and what is opened again is closed again.
    ann(&["task", "claim", &a]);
    let claimed = state(&world, &a);
    ann(&["task", "close", &a]);
    ann(&["undo"]);
    assert_eq!(state(&world, &a), claimed);
    ann(&["task", "close", &a, "-r", "fine"]);
    let closed = state(&world, &a);
    ann(&["task", "reopen", &a]);
    ann(&["undo"]);
    let again = state(&world, &a);
    assert_eq!((&again["status"], &again["closed_reason"]), (&closed["status"], &closed["closed_reason"]));
    assert_eq!(world.json(&["doctor"])["well"], true);
    let exported = world.bn(&["export"]).ok();
    let other = World::new();
    other.feed(&["import"], &exported).ok();
    assert_eq!(
        other.bn(&["export"]).ok().lines().skip(1).collect::<Vec<_>>(),
        exported.lines().skip(1).collect::<Vec<_>>()
    );
}

#[test]
fn a_whole_command_is_taken_back_and_the_next_undo_goes_further() {
    let world = World::new();
    let first = world.task("First", &[]);
    world.feed(&["plan"], "- A\n  - B\n1. C\n2. D\n").ok();
    assert_eq!(world.json(&["task", "list"])["total"], 5);
    let undone = world.bn(&["undo"]).ok();
    assert_eq!(undone.lines().filter(|line| line.starts_with("Undone: created bn-")).count(), 4, "{undone}");
    assert_eq!(world.json(&["task", "list"])["total"], 1);
    world.bn(&["task", "update", &first, "--title", "Second"]).ok();
    assert_snapshot!(world.neutral(&world.bn(&["undo"]).ok()), @"Undone: updated bn-A: title First -> Second");
    world.bn(&["undo"]).ok();
    assert_eq!(world.json(&["task", "list"])["total"], 0);
    assert_snapshot!(world.bn(&["undo"]).refused(1), @"Error: nothing that you changed is left to be undone");
    assert_eq!(world.json(&["doctor"])["well"], true);
}

#[test]
fn what_others_did_and_built_on_is_not_taken_away() {
    let world = World::new();
    for name in ["ann", "bob"] {
        world.agent(name, &["orient"]).ok();
    }
    let id = world.agent("ann", &["task", "create", "A", "--json"]).json()["id"].as_str().unwrap().to_owned();
    world.agent("bob", &["task", "note", &id, "hm"]).ok();
    let said = world.neutral(&world.agent("ann", &["undo"]).refused(1));
    assert_snapshot!(said, @r"
    Error: bn-A was changed since by bob (noted)
    hint: `bn log bn-A` shows what came after; change it back by hand
    ");
    // A note is no obstacle for a change of what the task says, but another change is.
    world.agent("ann", &["task", "update", &id, "-p", "0"]).ok();
    world.agent("bob", &["task", "note", &id, "hm"]).ok();
    world.agent("ann", &["undo"]).ok();
    world.agent("ann", &["task", "update", &id, "-p", "1"]).ok();
    world.agent("bob", &["task", "update", &id, "-p", "3"]).ok();
    let before = world.bn(&["export"]).ok();
    world.agent("ann", &["undo"]).refused(1);
    assert_eq!(world.bn(&["export"]).ok(), before);
    // Bob's own is bob's to take back.
    world.agent("bob", &["undo"]).ok();
    assert_eq!(world.json(&["task", "show", &id])["priority"], 1);
    world.agent("ann", &["task", "claim", &id]).ok();
    world.agent("ann", &["task", "release", &id]).ok();
    let said = world.agent("ann", &["undo"]).refused(1);
    assert!(said.contains("a claim that was given up cannot be undone") && said.contains("bn task claim "), "{said}");
}
