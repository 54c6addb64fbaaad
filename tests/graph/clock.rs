//! A clock that is set back: the order of a task's changes stays what it was.

use serde_json::Value;

use crate::world::World;

/// As if all that was written so far had been written tomorrow.
fn set_the_clock_back(world: &World) {
    let db = rusqlite::Connection::open(world.graph().join("graph.db")).unwrap();
    let day = 86_400_000_000_i64;
    for sql in [
        "UPDATE tasks SET created_at = created_at + ?1, updated_at = updated_at + ?1, claimed_at = claimed_at + ?1",
        "UPDATE events SET at = at + ?1",
        "UPDATE sessions SET started_at = started_at + ?1, seen_at = seen_at + ?1",
    ] {
        db.execute(sql, [day]).unwrap();
    }
}

#[test]
fn the_times_of_a_task_only_grow() {
    let world = World::new();
    let (id, other) = (world.task("A", &[]), world.task("B", &[]));
    world.agent("ann", &["task", "claim", &id]).ok();
    set_the_clock_back(&world);
    let mut last = world.json(&["task", "show", &id])["updated_at"].as_str().unwrap().to_owned();
    let changes: [&[&str]; 8] = [
        &["task", "note", &id, "hm"],
        &["task", "update", &id, "-p", "0"],
        &["task", "release", &id],
        &["task", "claim", &id],
        &["task", "close", &id],
        &["task", "reopen", &id],
        &["task", "delete", &id],
        &["task", "undelete", &id],
    ];
    for change in changes {
        world.agent("ann", change).ok();
        let now = world.json(&["task", "show", &id])["updated_at"].as_str().unwrap().to_owned();
        assert!(now > last, "{change:?}: {now} after {last}");
        last = now;
    }
    world.bn(&["link", "add", &id, &other]).ok();
    world.bn(&["link", "rm", &id, &other]).ok();
    let log = world.json(&["log", &id, "--limit", "0"]);
    let events = log["events"].as_array().unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds[..4], ["unlinked", "linked", "undeleted", "deleted"]);
    assert_eq!(kinds.last(), Some(&"created"));
    world.agent("ann", &["goodbye", "so long"]).ok();
    let ann = world.json(&["show", "s-ann"]);
    let at = |field: &str| ann[field].as_str().unwrap().to_owned();
    assert!(at("ended_at") >= at("seen_at") && at("seen_at") >= at("started_at"), "{ann}");
}

#[test]
fn an_import_takes_the_later_change_wherever_the_clock_stood() {
    let (here, there) = (World::new(), World::new());
    let id = here.task("Old", &[]);
    there.feed(&["import"], &here.bn(&["export"]).ok()).ok();
    set_the_clock_back(&there);
    here.feed(&["import"], &there.bn(&["export"]).ok()).ok();
    here.bn(&["task", "update", &id, "--title", "New"]).ok();
    let answer = there.feed(&["import", "--json"], &here.bn(&["export"]).ok()).json();
    assert_eq!(answer["tasks_updated"], Value::from(1));
    assert_eq!(there.json(&["task", "show", &id])["title"], "New");
}
