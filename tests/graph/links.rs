//! Links, cycles, and what follows from them.

use insta::assert_snapshot;

use crate::world::{World, titles};

#[test]
fn every_type_is_read_from_both_ends() {
    let world = World::new();
    let (a, b) = (world.task("A", &[]), world.task("B", &[]));
    for link_type in ["depends_on", "parent_of", "related_to", "discovered_from", "duplicates"] {
        assert_eq!(world.json(&["link", "add", &a, &b, "--type", link_type])["changed"], true);
        assert_eq!(world.json(&["link", "add", &a, &b, "--type", link_type])["changed"], false, "twice is once");
    }
    assert_snapshot!(world.neutral(&world.bn(&["link", "list", &a]).ok()), @r"
    depends_on      bn-A  B (open)
    discovered_from bn-A  B (open)
    duplicates      bn-A  B (open)
    parent_of       bn-A  B (open)
    related_to      bn-A  B (open)
    ");
    assert_snapshot!(world.neutral(&world.bn(&["link", "list", &b]).ok()), @r"
    blocks          bn-A  A (open)
    child_of        bn-A  A (open)
    duplicated_by   bn-A  A (open)
    led_to          bn-A  A (open)
    related_to      bn-A  A (open)
    ");
    for link_type in ["depends_on", "parent_of", "related_to", "discovered_from", "duplicates"] {
        world.bn(&["link", "rm", &a, &b, "--type", link_type]).ok();
    }
    assert_snapshot!(world.neutral(&world.bn(&["link", "list", &a]).ok()), @"bn-A has no links.");
    assert_snapshot!(world.neutral(&world.bn(&["link", "rm", &a, &b]).refused(1)), @r"
    Error: there is no link bn-A depends_on bn-B
    hint: `bn link list ID` shows the links there are
    ");
}

#[test]
fn blocks_is_depends_on_from_the_other_end() {
    let world = World::new();
    let (a, b) = (world.task("A", &[]), world.task("B", &[]));
    world.bn(&["link", "add", &a, &b, "--type", "blocks"]).ok();
    assert_eq!(world.json(&["link", "list", &b])["links"][0]["relation"], "depends_on");
    assert_eq!(titles(&world.json(&["ready"])), ["A"]);
    world.bn(&["link", "rm", &b, &a, "--type", "depends_on"]).ok();
    assert_eq!(world.json(&["ready"])["total"], 2);
}

#[test]
fn a_cycle_is_refused_with_the_path_that_it_would_close() {
    let world = World::new();
    let (a, b, c) = (world.task("A", &[]), world.task("B", &[]), world.task("C", &[]));
    world.bn(&["link", "add", &a, &b]).ok();
    world.bn(&["link", "add", &b, &c]).ok();
    let refused = world.bn(&["link", "add", &c, &a]).refused(1);
    assert!(refused.starts_with(&format!("Error: that would close a cycle: {c} -> {a} -> {b} -> {c}\n")), "{refused}");
    // A parent waits for its children: a child that waited for its parent would wait for ever.
    world.bn(&["link", "add", &c, &a, "--type", "parent_of"]).refused(1);
    world.bn(&["link", "add", &a, &c, "--type", "blocks"]).refused(1);
    world.bn(&["link", "add", &a, &a]).refused(1);
    world.bn(&["link", "add", &c, &a, "--type", "related_to"]).ok();
    assert_eq!(world.json(&["doctor"])["well"], true);
}

#[test]
fn a_task_has_one_parent() {
    let world = World::new();
    let (first, second) = (world.task("First", &[]), world.task("Second", &[]));
    let child = world.task("Child", &["--parent", &first]);
    assert_snapshot!(world.neutral(&world.bn(&["link", "add", &second, &child, "-t", "parent_of"]).refused(1)), @r"
    Error: bn-A has a parent already: bn-B
    hint: `bn link rm bn-B bn-A --type parent_of` first
    ");
    assert_eq!(world.json(&["task", "update", &child, "--parent", &second])["parent"], second.as_str());
    assert_eq!(titles(&world.json(&["task", "list", "--parent", &second])), ["Child"]);
    assert_eq!(world.json(&["task", "update", &child, "--parent", ""])["parent"], serde_json::Value::Null);
}

#[test]
fn a_parent_with_open_children_is_neither_offered_nor_closed() {
    let world = World::new();
    let epic = world.task("Epic", &["--type", "epic"]);
    let (one, two) = (world.task("One", &["--parent", &epic]), world.task("Two", &["--parent", &epic]));
    assert_eq!(titles(&world.json(&["ready"])), ["One", "Two"]);
    assert_snapshot!(world.neutral(&world.bn(&["task", "close", &epic]).refused(1)), @r"
    Error: bn-A cannot be closed: it has the unfinished children bn-B (One), bn-C (Two)
    hint: finish or cancel those first, or `bn task close bn-A --force`
    ");
    world.bn(&["task", "close", &one]).ok();
    world.bn(&["task", "delete", &two]).ok();
    assert_eq!(titles(&world.json(&["ready"])), ["Epic"]);
    world.bn(&["task", "undelete", &two]).ok();
    assert_eq!(titles(&world.json(&["ready"])), ["Two"]);
    world.bn(&["task", "close", &epic, "--force"]).ok();
}

#[test]
fn what_is_cancelled_or_deleted_blocks_nothing_any_more() {
    let world = World::new();
    let (cancelled, deleted) = (world.task("Cancelled", &[]), world.task("Deleted", &[]));
    let waiting = world.task("Waiting", &["--depends-on", &cancelled, "--depends-on", &deleted]);
    assert_snapshot!(world.neutral(&world.bn(&["blocked"]).ok()), @r"
    bn-A  P2 ◌ Waiting
        depends_on bn-B  Cancelled (open)
        depends_on bn-C  Deleted (open)
    ");
    assert_snapshot!(world.neutral(&world.bn(&["task", "cancel", &cancelled, "-r", "no need"]).ok()), @"Cancelled bn-A  Cancelled");
    world.bn(&["task", "delete", &deleted]).ok();
    assert_eq!(titles(&world.json(&["ready"])), ["Waiting"]);
    assert_snapshot!(world.bn(&["blocked"]).ok(), @"Nothing is blocked.");
    world.bn(&["task", "reopen", &cancelled]).ok();
    assert_eq!(world.json(&["blocked"])["tasks"][0]["id"], waiting.as_str());
}

#[test]
fn a_task_and_what_it_waits_for_is_drawn() {
    let world = World::new();
    let release = world.task("Release", &["--type", "epic"]);
    let code = world.task("Write the code", &["--parent", &release]);
    let docs = world.task("Write the \"docs\"", &["--parent", &release, "--depends-on", &code]);
    world.bn(&["task", "update", &code, "--priority", "1"]).ok();
    let drawn = world.neutral(&world.bn(&["graph", &release]).ok());
    assert_eq!(drawn.lines().count(), 4, "{drawn}");
    assert!(drawn.contains("(see above)") && drawn.contains("parent_of bn-"), "{drawn}");
    assert_snapshot!(world.neutral(&world.bn(&["graph", &code, "--reverse"]).ok()), @r#"
    bn-A  Write the code (open)
    ├── blocks bn-B  Write the "docs" (blocked)
    │   └── child_of bn-C  Release (open)
    └── child_of bn-C (see above)
    "#);
    let dot = world.bn(&["graph", &docs, "--dot"]).ok();
    assert!(dot.contains(&format!("\"{docs}\" -> \"{code}\" [label=\"depends_on\"];")), "{dot}");
    assert!(dot.contains("Write the \\\"docs\\\""), "{dot}");
}
