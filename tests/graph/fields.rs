//! The optional fields of a task: given, changed, logged, carried over, shown; a deferred task waits, and a child is as urgent as its parent.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::world::{World, titles};

/// A value for each field, as it is typed and as JSON has it.
const EACH: [(&str, &str, &str); 6] = [
    ("due", "2030-12-24T18:00", "\"2030-12-24T18:00:00.000000Z\""),
    ("defer_until", "2020-01-02", "\"2020-01-02T00:00:00.000000Z\""),
    ("estimate", "1h30m", "5400"),
    ("external_ref", "https://example.org/7", "\"https://example.org/7\""),
    ("acceptance", "cargo test passes\nand so does clippy", "\"cargo test passes\\nand so does clippy\""),
    ("metadata", "{\"reviewers\": [\"ann\", \"bob\"], \"n\": 1}", "{\"reviewers\":[\"ann\",\"bob\"],\"n\":1}"),
];

fn flags() -> Vec<String> {
    EACH.iter().flat_map(|(name, typed, _)| [format!("--{}", name.replace('_', "-")), (*typed).to_owned()]).collect()
}

fn fields_of(task: &Value) -> Vec<String> {
    EACH.iter().map(|(name, ..)| task[name].to_string()).collect()
}

#[test]
fn every_field_can_be_given_changed_logged_and_carried_over() {
    let world = World::new();
    let wanted: Vec<String> = EACH.iter().map(|(.., json)| (*json).to_owned()).collect();
    let none = vec!["null".to_owned(); EACH.len()];
    let flags = flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let given = world.task("Given", &flags);
    assert_eq!(fields_of(&world.json(&["task", "show", &given])), wanted);
    let changed = world.task("Changed", &[]);
    assert_eq!(fields_of(&world.json(&["task", "show", &changed])), none);
    world.bn(&[&["task", "update", &changed], &flags[..]].concat()).ok();
    assert_eq!(fields_of(&world.json(&["task", "show", &changed])), wanted);
    let logged = &world.json(&["log", &changed])["events"][0]["data"];
    for (name, _, json) in EACH {
        assert_eq!(logged[name].to_string(), format!("[null,{json}]"), "{name}");
    }
    // Taken away, one by one.
    let batch: Value =
        EACH.iter().map(|(name, _, json)| (*name, serde_json::from_str::<Value>(json).unwrap())).collect();
    for (name, ..) in EACH {
        world.bn(&["task", "update", &changed, &format!("--{}", name.replace('_', "-")), ""]).ok();
    }
    assert_eq!(fields_of(&world.json(&["task", "show", &changed])), none);
    // In a batch, and with what export writes.
    let line = json!({ "op": "update", "id": changed, "set": batch }).to_string();
    world.feed(&["batch"], &line).ok();
    let mut new = json!({ "op": "create", "title": "Batched" });
    new.as_object_mut().unwrap().extend(batch.as_object().unwrap().clone());
    world.feed(&["batch"], &new.to_string()).ok();
    let listed = world.json(&["task", "list"]);
    let batched = listed["tasks"].as_array().unwrap().iter().find(|task| task["title"] == "Batched").unwrap();
    assert_eq!((&batched["due"], &batched["acceptance"]), (&"2030-12-24T18:00:00.000000Z".into(), &Value::Null));
    let exported = world.bn(&["export"]).ok();
    let other = World::new();
    other.feed(&["import"], &exported).ok();
    for task in world.json(&["task", "list"])["tasks"].as_array().unwrap() {
        let id = task["id"].as_str().unwrap();
        assert_eq!(fields_of(&other.json(&["task", "show", id])), wanted, "{id}");
    }
    assert_eq!(
        other.bn(&["export"]).ok().replace("\"project\":\"repo\"", ""),
        exported.replace("\"project\":\"repo\"", "")
    );
    assert_eq!(world.json(&["doctor"])["well"], true);
    let shown = world.neutral(&world.bn(&["task", "show", &given]).ok());
    for part in [
        "due 2030-12-24 18:00:00Z (in ",
        "estimate 1h30m",
        "external ref https://",
        "acceptance:\n  cargo test passes\n  and",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn values_that_are_none_are_refused_and_leave_nothing_behind() {
    let world = World::new();
    let id = world.task("A", &[]);
    let before = world.bn(&["export"]).ok();
    for (flag, typed) in [
        ("--due", "soon"),
        ("--defer-until", "3"),
        ("--estimate", "2"),
        ("--external-ref", "a\nb"),
        ("--metadata", "[1]"),
    ] {
        for command in [&["task", "create", "B"][..], &["task", "update", &id]] {
            let said = world.bn(&[command, &[flag, typed]].concat()).refused(2);
            assert!(said.starts_with(&format!("Error: {flag}")), "{said}");
        }
    }
    assert_snapshot!(world.bn(&["task", "update", &id, "--due", "soon"]).refused(2), @r#"
    Error: --due soon: not a time
    hint: such as --due 2026-12-24, 2026-12-24T18:00, tomorrow, 3d or "3d ago" (UTC)
    "#);
    let long = "x".repeat(70_000);
    assert!(world.bn(&["task", "update", &id, "--acceptance", &long]).refused(2).contains("70000 bytes are too long"));
    let large = json!({ "x": "y".repeat(20_000) }).to_string();
    assert!(
        world.bn(&["task", "update", &id, "--metadata", &large]).refused(2).contains("are too long (at most 16384)")
    );
    for set in [
        json!({ "metadata": "{}" }),
        json!({ "due": "soon" }),
        json!({ "due": 7 }),
        json!({ "estimate": -1 }),
        json!({ "dew": "2026-01-01" }),
    ] {
        let said = world.feed(&["batch"], &json!({ "op": "update", "id": id, "set": set }).to_string()).refused(1);
        assert!(said.starts_with("Error: line 1: "), "{said}");
    }
    assert_eq!(world.bn(&["export"]).ok(), before);
    assert!(world.bn(&["task", "update", &id]).refused(2).contains("needs --title or "));
}

#[test]
fn a_deferred_task_is_not_ready_until_then() {
    let world = World::new();
    let later = world.task("Later", &["--defer-until", "3d", "-p", "0"]);
    world.task("Over", &["--defer-until", "1h ago", "-p", "1"]);
    world.task("Now", &[]);
    assert_eq!(titles(&world.json(&["ready"])), ["Over", "Now"]);
    assert_eq!(titles(&world.json(&["task", "list", "--status", "deferred"])), ["Later"]);
    assert_eq!(titles(&world.json(&["ready", "--explain"])["deferred"]), ["Later"]);
    let counts = &world.json(&["orient"])["counts"];
    assert_eq!((&counts["ready"], &counts["deferred"]), (&2.into(), &1.into()));
    assert!(world.bn(&["task", "show", &later]).ok().contains("\ndeferred \u{b7} P0"));
    assert_eq!(world.agent("ann", &["ready", "--claim", "--json"]).json()["title"], "Over");
    // What a close makes ready is told without those that wait for their time.
    let first = world.task("First", &[]);
    world.task("Second", &["--depends-on", &first, "--defer-until", "tomorrow"]);
    world.task("Third", &["--depends-on", &first]);
    let closed = world.json(&["task", "close", &first]);
    assert_eq!(closed["closed"][0]["now_ready"].as_array().unwrap().len(), 1, "{closed}");
    world.bn(&["task", "update", &later, "--defer-until", ""]).ok();
    assert_eq!(titles(&world.json(&["ready"]))[0], "Later");
    // Who names it may take it all the same.
    world.bn(&["task", "update", &later, "--defer-until", "1d"]).ok();
    world.agent("bob", &["task", "claim", &later]).ok();
}

#[test]
fn children_of_an_urgent_parent_rise_with_it() {
    let world = World::new();
    let parent = world.task("Parent", &["-p", "3"]);
    let middle = world.task("Middle", &["-p", "4", "--parent", &parent]);
    let child = world.task("Child", &["-p", "4", "--parent", &middle]);
    world.task("Other", &["-p", "2"]);
    let rank = |id: &str| world.json(&["task", "show", id])["effective_priority"].as_u64().unwrap();
    assert_eq!((rank(&middle), rank(&child)), (3, 3));
    world.bn(&["task", "update", &parent, "-p", "0"]).ok();
    assert_eq!((rank(&parent), rank(&middle), rank(&child)), (0, 0, 0));
    assert_eq!(titles(&world.json(&["ready"])), ["Child", "Other"]);
    assert!(world.bn(&["ready"]).ok().contains("P4 \u{25cb} Child  (P0 by its parent)"));
    // One of its own that is more urgent stays, and a parent that is finished or gone lends nothing.
    world.bn(&["task", "update", &middle, "-p", "1"]).ok();
    world.bn(&["task", "delete", &parent]).ok();
    assert_eq!((rank(&middle), rank(&child)), (1, 1));
    world.bn(&["task", "undelete", &parent]).ok();
    assert_eq!((rank(&middle), rank(&child)), (0, 0));
    world.bn(&["task", "close", &parent, "--force"]).ok();
    assert_eq!((rank(&middle), rank(&child)), (1, 1));
    world.bn(&["task", "reopen", &parent]).ok();
    world.bn(&["link", "rm", &middle, &child, "--type", "parent_of"]).ok();
    assert_eq!((rank(&middle), rank(&child)), (0, 4));
    assert_eq!(world.json(&["doctor"])["well"], true);
    // What somebody else changed is found and put right.
    let hand = rusqlite::Connection::open(world.graph().join("graph.db")).unwrap();
    hand.execute_batch("UPDATE tasks SET effective_priority = 0 WHERE title = 'Child'").unwrap();
    let found = world.bn(&["doctor"]);
    assert!(found.code == 1 && found.stdout.contains("effective priorities are wrong"), "{found:?}");
    assert_eq!(world.json(&["doctor", "--fix"])["well"], true);
    assert_eq!(rank(&child), 4);
    // They are no part of the export: they follow from it.
    let other = World::new();
    other.feed(&["import"], &world.bn(&["export"]).ok()).ok();
    assert_eq!(other.json(&["task", "show", &middle])["effective_priority"], 0);
}
