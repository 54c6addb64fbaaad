//! A row that nobody can read: it is named, left out and counted, and everything else can be used.

use std::fs;

use serde_json::Value;

use crate::world::{World, titles};

/// Three tasks that hang together, of which the second is to go bad, and a hand that writes past all checks.
fn three_tasks() -> (World, Vec<String>, rusqlite::Connection) {
    let world = World::new();
    let one = world.task("One", &["--tag", "x"]);
    let two = world.task("Two", &["--depends-on", &one, "--tag", "x"]);
    let three = world.task("Three", &["--depends-on", &two]);
    world.bn(&["task", "note", &one, "a note"]).ok();
    let hand = rusqlite::Connection::open(world.graph().join("graph.db")).unwrap();
    hand.execute_batch("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF").unwrap();
    (world, vec![one, two, three], hand)
}

const READING: [&[&str]; 6] =
    [&["task", "list"], &["ready"], &["orient"], &["export"], &["search", "three"], &["task", "list", "--all"]];

#[test]
fn one_bad_row_hides_no_other() {
    for (change, problem) in [
        ("UPDATE tasks SET title = x'ff' WHERE title = 'Two'", "its title is of the wrong type: x'ff'"),
        ("UPDATE tasks SET status = 'bogus' WHERE title = 'Two'", "its status is none that bn writes: \"bogus\""),
        ("UPDATE tasks SET priority = 77 WHERE title = 'Two'", "its priority is none that bn writes: 77"),
        ("UPDATE tasks SET title = CAST(x'ff41' AS TEXT) WHERE title = 'Two'", "its title is not UTF-8"),
        ("UPDATE tasks SET created_at = 'then' WHERE title = 'Two'", "its created_at is of the wrong type: \"then\""),
    ] {
        let (world, ids, hand) = three_tasks();
        hand.execute_batch(change).unwrap();
        let mut warned = 0;
        for command in READING {
            let answer = world.bn(command);
            assert_eq!(answer.code, 0, "{change}: {command:?}: {answer:?}");
            warned += usize::from(answer.stderr.contains(&ids[1]) && answer.stderr.contains("bn doctor --fix"));
        }
        assert!(warned >= 2, "{change}");
        let named = world.bn(&["task", "show", &ids[1]]).refused(125);
        assert!(named.contains(problem) && named.contains("bn doctor --fix"), "{change}: {named}");
        let exported = world.bn(&["export"]).ok();
        let tasks: Vec<&str> = exported.lines().filter(|line| line.contains("\"record\":\"task\"")).collect();
        assert!(tasks.len() == 2 && !tasks.concat().contains(&ids[1]), "{exported}");
        let found = world.bn(&["doctor"]);
        assert_eq!(found.code, 1);
        assert!(found.stdout.contains(problem) && found.stdout.contains("bn restore"), "{change}: {found:?}");
        let fixed = world.json(&["doctor", "--fix"]);
        assert_eq!(fixed["well"], true, "{fixed}");
        let kept = fs::read_to_string(fixed["set_aside"].as_str().unwrap()).unwrap();
        let lines: Vec<Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["row"]["id"], ids[1].as_str(), "{kept}");
        assert_eq!(lines.iter().filter(|line| line["table"] == "links").count(), 2, "{kept}");
        assert_eq!(lines.iter().filter(|line| line["table"] == "tags").count(), 1, "{kept}");
        assert_eq!(world.json(&["doctor"])["well"], true);
        assert_eq!(titles(&world.json(&["ready"])), ["One", "Three"], "{change}");
    }
}

#[test]
fn bad_sessions_links_and_events_are_set_aside_too() {
    let (world, ids, hand) = three_tasks();
    world.agent("ann", &["task", "claim", &ids[0]]).ok();
    hand.execute_batch("UPDATE sessions SET started_at = 'once'").unwrap();
    hand.execute_batch("INSERT INTO links VALUES ('bn-0000', 'depends_on', 'bn-0001')").unwrap();
    hand.execute_batch(
        "INSERT INTO links VALUES ((SELECT id FROM tasks LIMIT 1), 'likes', (SELECT max(id) FROM tasks))",
    )
    .unwrap();
    hand.execute_batch("UPDATE events SET data = 'no json' WHERE kind = 'noted'").unwrap();
    for command in READING {
        assert_eq!(world.bn(command).code, 0, "{command:?}");
    }
    assert_eq!(world.bn(&["agent", "list", "--all"]).code, 0);
    assert_eq!(world.bn(&["log"]).code, 0);
    world.bn(&["task", "note", &ids[0], "another"]).ok();
    let fixed = world.json(&["doctor", "--fix"]);
    assert_eq!(fixed["well"], true, "{fixed}");
    let kept = fs::read_to_string(fixed["set_aside"].as_str().unwrap()).unwrap();
    assert_eq!(kept.lines().count(), 4, "{kept}");
    assert_eq!(world.json(&["doctor"])["well"], true);
    assert_eq!(world.json(&["task", "list"])["total"], 3);
}

/// What `rm -rf` in a container leaves, or `DELETE FROM`.
#[test]
fn a_graph_that_was_emptied_is_no_empty_graph() {
    for removed in [true, false] {
        let (world, ids, hand) = three_tasks();
        let copies = world.path("home/.local/share/binnacle/backups").join(world.graph().file_name().unwrap());
        fs::create_dir_all(&copies).unwrap();
        world.bn(&["backup", copies.join("copy.db").to_str().unwrap()]).ok();
        let exported = world.bn(&["export"]).ok();
        if removed {
            drop(hand);
            for entry in fs::read_dir(world.graph()).unwrap() {
                fs::remove_file(entry.unwrap().path()).unwrap();
            }
        } else {
            hand.execute_batch("DELETE FROM tags; DELETE FROM links; DELETE FROM tasks").unwrap();
        }
        for command in [&["task", "list"][..], &["ready"], &["doctor"], &["task", "create", "x"]] {
            let said = world.bn(command).refused(125);
            assert!(said.contains("has 3 tasks") && said.contains("bn restore copy.db"), "{command:?}: {said}");
        }
        world.bn(&["restore", "copy.db"]).ok();
        assert_eq!(world.bn(&["export"]).ok(), exported);
        // A part of it is noticed by whoever looks.
        let hand = rusqlite::Connection::open(world.graph().join("graph.db")).unwrap();
        hand.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM tasks WHERE title = 'Three'").unwrap();
        assert!(world.bn(&["doctor"]).stdout.contains("the graph has 2 tasks, and the copy "), "{ids:?}");
        world.json(&["restore", "--anew"]);
        assert_eq!(world.json(&["task", "list"])["total"], 0);
        world.bn(&["task", "create", "again"]).ok();
    }
}
