//! A task from its creation to its end.

use insta::assert_snapshot;

use crate::world::{World, titles};

#[test]
fn a_task_is_created_worked_on_and_closed() {
    let world = World::new();
    let id = world.task("Add a greeting", &["--priority", "1", "--tag", "ui", "-d", "Say hello.\nTwice."]);
    assert_snapshot!(world.neutral(&world.bn(&["task", "claim", &id]).ok()), @"Claimed bn-A  Add a greeting");
    assert_snapshot!(world.neutral(&world.bn(&["task", "note", &id, "it", "is", "nearly", "there"]).ok()), @"Noted on bn-A  Add a greeting");
    let shown = world.json(&["task", "show", &id]);
    assert_eq!(shown["status"], "in_progress");
    assert_eq!(shown["description"], "Say hello.\nTwice.");
    assert_eq!(shown["notes"][0]["text"], "it is nearly there");
    assert_snapshot!(world.neutral(&world.bn(&["task", "close", &id, "--reason", "said"]).ok()), @"Closed bn-A  Add a greeting");
    let closed = world.json(&["task", "show", &id]);
    assert_eq!((closed["status"].as_str(), closed["closed_reason"].as_str()), (Some("done"), Some("said")));
    assert_snapshot!(world.neutral(&world.bn(&["task", "reopen", &id, "--reason", "not loud enough"]).ok()), @"Reopened bn-A  Add a greeting");
    let again = world.json(&["task", "show", &id]);
    assert_eq!((again["status"].as_str(), again["closed_at"].as_str()), (Some("open"), None));
    assert_eq!(again["notes"][1]["text"], "not loud enough");
}

#[test]
fn an_update_changes_what_was_named_and_nothing_else() {
    let world = World::new();
    let id = world.task("Old", &["--tag", "a", "--tag", "b", "-d", "stays"]);
    let args = ["task", "update", &id, "--title", "New", "-p", "0", "--untag", "a", "--tag", "c", "--type", "bug"];
    let updated = world.json(&args);
    assert_eq!(updated["title"], "New");
    assert_eq!(updated["description"], "stays");
    assert_eq!(updated["priority"], 0);
    assert_eq!(updated["type"], "bug");
    assert_eq!(updated["tags"], serde_json::json!(["b", "c"]));
    assert!(world.bn(&["task", "update", &id]).refused(2).contains("needs --title or --description or "));
}

#[test]
fn ready_is_ordered_by_priority_then_by_what_it_unblocks_then_by_age() {
    let world = World::new();
    world.task("old", &[]);
    let hub = world.task("hub", &[]);
    world.task("urgent", &["--priority", "0"]);
    world.task("some day", &["--priority", "4"]);
    world.task("waits", &["--priority", "0", "--depends-on", &hub]);
    let epic = world.task("epic", &["--type", "epic", "--priority", "0"]);
    world.task("part", &["--parent", &epic, "--priority", "3"]);
    let ready = world.json(&["ready"]);
    assert_eq!(titles(&ready), ["urgent", "part", "hub", "old", "some day"]);
    assert_eq!(ready["total"], 5);
    world.bn(&["task", "close", &hub]).ok();
    assert_eq!(titles(&world.json(&["ready"])), ["urgent", "waits", "part", "old", "some day"]);
}

#[test]
fn a_list_says_how_much_of_it_is_not_shown() {
    let world = World::new();
    let lines: String = (0..53).map(|number| format!("{{\"title\":\"task {number}\"}}\n")).collect();
    world.feed(&["task", "create", "--stdin"], &lines).ok();
    let shown = world.bn(&["ready"]).ok();
    assert_eq!(shown.lines().count(), 11, "{shown}");
    assert!(shown.ends_with("and 43 more: bn ready --limit 0\n"), "{shown}");
    assert_eq!(world.bn(&["ready", "--limit", "0"]).ok().lines().count(), 53);
    let listed = world.bn(&["task", "list"]).ok();
    assert!(listed.ends_with("and 3 more: --limit 0 shows all\n"), "{listed}");
    assert_eq!(world.json(&["search", "task"])["tasks"].as_array().unwrap().len(), 20);
    assert_eq!(world.json(&["log"])["events"].as_array().unwrap().len(), 30);
}

#[test]
fn an_empty_graph_says_so() {
    let world = World::new();
    assert_snapshot!(world.bn(&["ready"]).ok(), @"Nothing is ready. `bn blocked` shows what waits, `bn task list` what there is.");
    assert_snapshot!(world.bn(&["task", "list"]).ok(), @"No such tasks.");
    assert_eq!(world.json(&["ready"]), serde_json::json!({ "tasks": [], "total": 0 }));
}

#[test]
fn an_id_may_be_shortened_while_it_is_clear() {
    let world = World::new();
    let id = world.task("One", &[]);
    assert_eq!(world.json(&["task", "show", &id[3..6]])["id"], id.as_str());
    assert_eq!(world.json(&["task", "show", &id.to_uppercase()])["id"], id.as_str());
    world.task("Two", &[]);
    let refused = world.bn(&["task", "show", "bn-"]).refused(1);
    assert!(refused.starts_with("Error: bn- could be 2 tasks: ") && refused.contains(&id), "{refused}");
    assert_snapshot!(world.bn(&["task", "show", "nope"]).refused(1), @r"
    Error: there is no task nope
    hint: `bn task list` and `bn search WORDS` show the ids there are
    ");
    assert_snapshot!(world.bn(&["task", "show", ""]).refused(1), @"Error: a task's id is missing");
}

#[test]
fn what_others_wrote_cannot_speak_to_the_terminal() {
    let world = World::new();
    assert_snapshot!(world.bn(&["task", "create", "\u{1b}[2Jgone"]).refused(2), @"Error: TITLE: a title is one line of plain text; the rest belongs into the description");
    let id = world.task("fine", &["-d", "\u{1b}]0;evil\u{7}text", "--assignee", "\u{1b}[31mme"]);
    world.bn(&["task", "note", &id, "\u{1b}[5mblink"]).ok();
    let shown = world.bn(&["task", "show", &id]).ok();
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{7}'), "{shown:?}");
    assert!(shown.contains("text") && shown.contains("blink"), "{shown}");
}

#[test]
fn errors_are_json_too_whatever_they_hold() {
    let world = World::new();
    let stderr = world.bn(&["--json", "task", "show", "no \"such\"\n\u{1}task"]).refused(1);
    let error: serde_json::Value = serde_json::from_str(&stderr).unwrap();
    assert_eq!(error["exit_code"], 1);
    assert_eq!(error["error"], "there is no task no \"such\"\n\u{1}task");
}

#[test]
fn wrong_use_is_json_too() {
    let world = World::new();
    let stderr = world.bn(&["task", "create", "--priority", "\"9\"", "x", "--json"]).refused(2);
    let error: serde_json::Value = serde_json::from_str(&stderr).unwrap();
    assert_eq!(error["exit_code"], 2);
    assert!(error["error"].as_str().unwrap().contains("a number from 0"), "{error}");
    assert_eq!(world.bn(&["task", "create", "--json", "--help"]).code, 0);
}
