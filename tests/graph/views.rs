//! Views of the whole graph: the tree, the counts, what is stale, what seems to be the same.

use insta::assert_snapshot;

use crate::world::{World, titles};

#[test]
fn a_tree_shows_children_below_their_parents_with_how_far_each_is() {
    let world = World::new();
    assert_snapshot!(world.bn(&["tree"]).ok(), @"No task has children. `bn link add PARENT CHILD --type parent_of` makes one.");
    let root = world.task("Release", &["-p", "1"]);
    let part = world.task("Write the store", &["--parent", &root]);
    let done = world.task("Write the schema", &["--parent", &part]);
    let gone = world.task("Write it twice", &["--parent", &part]);
    world.task("Write the queries", &["--parent", &part, "--depends-on", &world.task("Decide", &[])]);
    world.task("Write the manual", &["--parent", &root]);
    world.task("No part of anything", &[]);
    world.bn(&["task", "close", &done]).ok();
    world.bn(&["task", "cancel", &gone]).ok();
    assert_snapshot!(world.neutral(&world.bn(&["tree"]).ok()), @r"
    bn-A  Release (open), 0 of 2 done
    ├── bn-B  Write the store (open), 1 of 2 done
    │   ├── bn-C  Write the queries (blocked)
    │   ├── bn-D  Write the schema (done)
    │   └── bn-E  Write it twice (cancelled)
    └── bn-F  Write the manual (open)
    ");
    let below = world.json(&["tree", &part]);
    assert_eq!(below["roots"][0]["progress"], serde_json::json!({ "done": 1, "total": 2 }));
    assert_eq!(world.json(&["task", "show", &part])["progress"]["done"], 1);
    assert!(world.bn(&["task", "show", &part]).ok().contains("\nchildren: 1 of 2 done\n"));
    world.bn(&["tree", "nope"]).refused(1);
    world.bn(&["task", "delete", &root]).ok();
    assert_eq!(world.json(&["tree"])["roots"][0]["title"], "Write the store");
}

/// What is large is cut, and says so.
#[test]
fn a_large_tree_fits_on_some_screens() {
    let world = World::in_memory();
    let root = world.task("Root", &[]);
    let lines: String = (0..300).map(|n| format!("{{\"title\":\"Task {n}\",\"parent\":\"{root}\"}}\n")).collect();
    world.feed(&["task", "create", "--stdin"], &lines).ok();
    let shown = world.bn(&["tree"]).ok();
    assert!(shown.starts_with(&format!("{root}  Root (open), 0 of 300 done\n")), "{shown}");
    assert!(shown.lines().count() == 201 && shown.ends_with("shows what is below one task\n"), "{shown}");
    assert_eq!(world.json(&["tree"])["more"], true);
}

#[test]
fn stats_count_everything_but_what_is_deleted() {
    let world = World::new();
    world.task("one", &["--tag", "ui", "-p", "0", "--due", "1d ago", "--estimate", "2h"]);
    world.task("two", &["--tag", "ui", "--tag", "db", "--type", "bug", "--estimate", "30m"]);
    let done = world.task("three", &["--due", "1d ago", "--estimate", "9h"]);
    world.bn(&["task", "close", &done]).ok();
    world.bn(&["task", "delete", &world.task("four", &[])]).ok();
    assert_snapshot!(world.bn(&["stats"]).ok(), @r"
    3 tasks: 1 done, 2 open
    unfinished, by priority: 1 P0, 1 P2
    unfinished, by type: 1 bug, 1 task
    unfinished, by tag: 2 #ui, 1 #db
    estimated to take 2h30m
    1 overdue: bn task list --due-before now
    in the last 7 days: 3 created, 1 closed
    ");
    assert_eq!(titles(&world.json(&["task", "list", "--due-before", "now"])), ["one"]);
}

/// The counts are kept as tasks change, and looked at by the doctor.
#[test]
fn counts_follow_every_change_and_the_doctor_counts_again() {
    let world = World::new();
    let (one, two) = (world.task("One", &["--tag", "a", "--estimate", "1h"]), world.task("Two", &["--tag", "a"]));
    let parts = |world: &World| {
        let stats = world.json(&["stats"]);
        let tags: Vec<String> = stats["tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| format!("{}{}", tag["tag"].as_str().unwrap(), tag["tasks"]))
            .collect();
        format!("{} {} {} {}", stats["tasks"], stats["by_status"]["open"], stats["estimate"], tags.join(" "))
    };
    assert_eq!(parts(&world), "2 2 3600 a2");
    for (change, expected) in [
        (&["task", "update", &one, "--estimate", "2h", "-t", "bug", "-p", "0", "--add-tag", "b"][..], "2 2 7200 a2 b1"),
        (&["task", "close", &one], "2 1 0 a1"),
        (&["task", "reopen", &one], "2 2 7200 a2 b1"),
        (&["task", "delete", &one], "1 1 0 a1"),
        (&["task", "undelete", &one], "2 2 7200 a2 b1"),
        (&["task", "claim", &two], "2 1 7200 a2 b1"),
        (&["task", "update", &one, "--remove-tag", "a", "--estimate", ""], "2 1 0 a1 b1"),
    ] {
        world.bn(change).ok();
        assert_eq!(parts(&world), expected, "{change:?}");
        world.bn(&["doctor"]).ok();
    }
    let export = world.bn(&["export"]).ok();
    let other = World::new();
    std::fs::write(other.repo().join("all"), export).unwrap();
    other.bn(&["import", "all"]).ok();
    assert_eq!(parts(&other), "2 1 0 a1 b1");
    let file = world.graph().join("graph.db");
    let conn = rusqlite::Connection::open(&file).unwrap();
    conn.execute_batch("UPDATE kinds SET tasks = tasks + 5; DELETE FROM tag_counts").unwrap();
    let said = world.bn(&["doctor"]).stdout;
    assert!(said.contains("of the counts that `bn stats` shows are wrong"), "{said}");
    world.bn(&["doctor", "--fix"]).ok();
    assert_eq!(parts(&world), "2 1 0 a1 b1");
    world.bn(&["doctor"]).ok();
}

#[test]
fn what_nobody_has_changed_for_long_is_stale() {
    let world = World::new();
    world.task("old", &[]);
    world.task("older", &["--tag", "x"]);
    world.task("young", &[]);
    let hand = rusqlite::Connection::open(world.graph().join("graph.db")).unwrap();
    let day = 86_400_000_000_i64;
    for (title, days) in [("old", 20), ("older", 30)] {
        hand.execute("UPDATE tasks SET updated_at = updated_at - ?1 WHERE title = ?2", (days * day, title)).unwrap();
    }
    assert_eq!(titles(&world.json(&["stale"])), ["older", "old"]);
    assert_eq!(titles(&world.json(&["stale", "--for", "25d"])), ["older"]);
    assert_eq!(titles(&world.json(&["stale", "--not-tag", "x"])), ["old"]);
    assert!(world.bn(&["stale"]).ok().starts_with(" 30d  bn-"));
    assert_snapshot!(world.bn(&["stale", "--for", "90d"]).ok(), @"No unfinished task is that old.");
    assert!(world.bn(&["stale", "--for", "soon"]).refused(2).contains("--for soon: not a length of time"));
}

#[test]
fn titles_of_the_same_words_are_told_until_somebody_says_which_is_which() {
    let world = World::new();
    assert_snapshot!(world.bn(&["duplicates"]).ok(), @"No two unfinished tasks have titles of the same words.");
    let first = world.task("Fix the parser", &[]);
    world.task("Fix the printer", &[]);
    let second = world.task("The parser: fix!", &[]);
    let third = world.task("fix the  Parser", &[]);
    assert_snapshot!(world.neutral(&world.bn(&["duplicates"]).ok()), @r"
    bn-A  Fix the parser (open)
    bn-B  The parser: fix! (open)
    bn-C  fix the Parser (open)
        the same? bn link add bn-B bn-A --type duplicates
    ");
    world.bn(&["link", "add", &second, &first, "--type", "duplicates"]).ok();
    assert_eq!(world.json(&["duplicates"])["groups"][0].as_array().unwrap().len(), 2);
    world.bn(&["task", "cancel", &third]).ok();
    assert_eq!(world.json(&["duplicates"])["total"], 0);
}
