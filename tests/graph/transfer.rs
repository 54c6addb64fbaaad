//! In and out: export, import, backup, batch, doctor.

use std::fs;

use insta::assert_snapshot;

use crate::world::World;

/// A graph with one of everything.
fn lived_in() -> World {
    let world = World::new();
    let a = world.task("Wörter \"und\" mehr", &["-d", "line\nline", "--tag", "ui", "--tag", "x"]);
    let b = world.task("B", &["--depends-on", &a, "--parent", &world.task("Epic", &["-t", "epic"])]);
    world.agent("ann", &["orient", "--type", "planner"]).ok();
    world.agent("ann", &["task", "claim", &a]).ok();
    world.agent("ann", &["task", "note", &a, "note one"]).ok();
    world.agent("bob", &["task", "claim", &b, "--force"]).ok();
    world.agent("bob", &["task", "close", &b, "--force", "-r", "done anyway"]).ok();
    world.agent("bob", &["goodbye", "so long"]).ok();
    let gone = world.task("Gone", &[]);
    world.bn(&["link", "add", &gone, &a, "-t", "duplicates"]).ok();
    world.bn(&["task", "delete", &gone]).ok();
    world
}

#[test]
fn an_export_comes_back_without_loss() {
    let old = lived_in();
    let exported = old.bn(&["export"]).ok();
    let new = World::new();
    new.feed(&["import"], &exported).ok();
    assert_eq!(new.bn(&["export"]).ok(), exported);
    for command in [["ready"], ["blocked"], ["log"]] {
        assert_eq!(new.bn(&command).ok(), old.bn(&command).ok(), "{command:?}");
    }
    assert_eq!(new.json(&["doctor"])["well"], true);
    assert_eq!(new.json(&["search", "note", "one"])["total"], 1);
}

#[test]
fn importing_twice_changes_nothing() {
    let world = lived_in();
    let exported = world.bn(&["export"]).ok();
    let answer = world.feed(&["import", "--json"], &exported).json();
    let changed = ["tasks_added", "tasks_updated", "links_added", "links_refused", "events_added", "sessions_added"];
    assert!(changed.iter().all(|field| answer[*field] == 0), "{answer}");
    assert_eq!(world.bn(&["export"]).ok(), exported);
}

#[test]
fn of_two_records_the_newer_one_wins() {
    let (here, there) = (World::new(), World::new());
    let id = here.task("Old title", &[]);
    there.feed(&["import"], &here.bn(&["export"]).ok()).ok();
    there.bn(&["task", "update", &id, "--title", "New title"]).ok();
    let answer = here.feed(&["import", "--json"], &there.bn(&["export"]).ok()).json();
    assert_eq!((&answer["tasks_updated"], &answer["events_added"]), (&1.into(), &1.into()));
    assert_eq!(here.json(&["task", "show", &id])["title"], "New title");
    assert_eq!(here.json(&["search", "new"])["total"], 1);
}

#[test]
fn a_bad_import_changes_nothing_and_names_the_line() {
    let world = lived_in();
    let before = world.bn(&["export"]).ok();
    assert_snapshot!(world.feed(&["import"], "{\"record\":\"graph\",\"version\":1}\nnonsense\n").refused(1), @"Error: line 2: expected ident at line 1 column 2");
    assert_snapshot!(world.feed(&["import"], "{\"record\":\"graph\",\"version\":9}\n").refused(1), @"Error: line 1: this is version 9 of the format; this bn reads version 1");
    let half = before.lines().filter(|line| !line.contains("\"record\":\"task\"")).collect::<Vec<_>>().join("\n");
    let elsewhere = World::new();
    assert!(elsewhere.feed(&["import"], &half).refused(1).starts_with("Error: there is no task bn-"));
    assert_eq!(elsewhere.json(&["agent", "list", "--all"])["total"], 0);
    assert_eq!(world.bn(&["export"]).ok(), before);
}

#[test]
fn an_import_that_would_close_a_cycle_is_refused() {
    let (here, there) = (World::new(), World::new());
    let (a, b) = (here.task("A", &[]), here.task("B", &[]));
    there.feed(&["import"], &here.bn(&["export"]).ok()).ok();
    here.bn(&["link", "add", &a, &b]).ok();
    there.bn(&["link", "add", &b, &a]).ok();
    let refused = here.feed(&["import"], &there.bn(&["export"]).ok()).refused(1);
    assert!(refused.starts_with("Error: that would close a cycle: bn-"), "{refused}");
    assert_eq!(here.json(&["link", "list", &a])["links"].as_array().unwrap().len(), 1);
}

#[test]
fn an_export_to_a_file_replaces_it_whole() {
    let world = lived_in();
    let file = world.path("graph.jsonl");
    fs::write(&file, "old").unwrap();
    assert_snapshot!(world.neutral(&world.bn(&["export", file.to_str().unwrap()]).ok()), @"Exported 4 tasks, 3 links, 15 events, 2 sessions to [WORLD]/graph.jsonl");
    assert_eq!(fs::read_to_string(&file).unwrap(), world.bn(&["export"]).ok());
    let nowhere = world.path("no/such/folder");
    assert_snapshot!(world.neutral(&world.bn(&["export", nowhere.to_str().unwrap()]).refused(125)), @r#"
    Error: cannot write [WORLD]/no/such/folder
      caused by: No such file or directory (os error 2) at path "[WORLD]/no/such/.bn-A"
    "#);
}

#[test]
fn a_backup_is_a_whole_graph_of_its_own() {
    let world = lived_in();
    let copy = world.path("copy.db");
    world.bn(&["backup", copy.to_str().unwrap()]).ok();
    assert_snapshot!(world.neutral(&world.bn(&["backup", copy.to_str().unwrap()]).refused(125)), @r"
    Error: [WORLD]/copy.db exists already
    hint: name a file that does not exist yet
    ");
    let exported = world.bn(&["export"]).ok();
    let other = World::new();
    other.bn(&["ready"]).ok();
    fs::copy(&copy, other.graph().join("graph.db")).unwrap();
    assert_eq!(other.bn(&["export"]).ok(), exported);
    // The copy has the modes that the copier's umask gave it: agents could not write to it.
    let found = other.bn(&["doctor", "--json"]);
    assert_eq!((found.code, found.stdout.contains("\"check\":\"permissions\"")), (1, true), "{found:?}");
    assert_eq!(other.json(&["doctor", "--fix"])["well"], true);
    assert_eq!(other.json(&["doctor"])["well"], true);
}

#[test]
fn a_batch_is_all_or_nothing_and_its_lines_know_each_other() {
    let world = World::new();
    let old = world.task("Old", &[]);
    let batch = format!(
        "{}\n{}\n{}\n{}\n{}\n",
        r#"{"op":"create","title":"Schema","ref":"schema","priority":1}"#,
        r#"{"op":"create","title":"Queries","depends_on":["@schema"],"tags":["db"]}"#,
        format_args!(r#"{{"op":"update","id":"{old}","set":{{"title":"Older","add_tags":["db"]}}}}"#),
        format_args!(r#"{{"op":"link","a":"{old}","type":"related_to","b":"@schema"}}"#),
        r#"{"op":"note","id":"@schema","text":"mind the index"}"#,
    );
    assert_snapshot!(world.neutral(&world.feed(&["batch"], &batch).ok()), @r"
    create   bn-A  Schema
    create   bn-B  Queries
    update   bn-C  Older
    link     bn-C  Older
    note     bn-A  Schema
    5 operations done
    ");
    assert_eq!(world.json(&["blocked"])["total"], 1);
    let broken = "{\"op\":\"create\",\"title\":\"Never\"}\n{\"op\":\"close\",\"id\":\"bn-zzzz\"}\n";
    assert_snapshot!(world.feed(&["batch"], broken).refused(1), @r"
    Error: operation 2: there is no task bn-zzzz
    hint: `bn task list` and `bn search WORDS` show the ids there are
    ");
    assert_eq!(world.json(&["search", "never"])["total"], 0);
}

#[test]
fn many_tasks_are_created_at_once() {
    let world = World::new();
    let lines: String = (0..10).map(|n| format!("{{\"title\":\"Task {n}\",\"ref\":\"t{n}\"}}\n")).collect();
    let answer = world.feed(&["task", "create", "--stdin", "--json"], &lines).json();
    assert_eq!(answer["results"].as_array().unwrap().len(), 10);
    assert_eq!(answer["results"][3]["ref"], "t3");
    assert_snapshot!(world.feed(&["task", "create", "--stdin"], "{\"title\":\"A\"}\n{\"titel\":\"B\"}\n").refused(1), @"Error: line 2: unknown field `titel`, expected one of `title`, `description`, `type`, `priority`, `tags`, `parent`, `assignee`, `depends_on`, `blocks`, `discovered_from`, `ref`");
    assert_eq!(world.json(&["task", "list"])["total"], 10);
}
