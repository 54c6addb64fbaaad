//! Claims: exactly one agent gets a task.

use insta::assert_snapshot;

use crate::world::World;

#[test]
fn the_second_agent_is_told_who_has_it() {
    let world = World::new();
    let id = world.task("Wanted", &[]);
    world.agent("ann", &["task", "claim", &id]).ok();
    assert_snapshot!(world.neutral(&world.agent("bob", &["task", "claim", &id]).refused(4)), @r"
    Error: bn-A was claimed by ann [AGE] ago
    hint: `bn ready --claim` takes the best task that is free
    ");
    assert_snapshot!(world.neutral(&world.agent("ann", &["task", "claim", &id]).refused(4)), @r"
    Error: bn-A was claimed by this very session (s-ann) [AGE] ago
    hint: go on with it; `bn task release bn-A` gives it back
    ");
    assert_eq!(world.json(&["task", "show", &id])["assignee"], "ann");
}

#[test]
fn somebody_elses_task_is_not_closed_or_released_by_mistake() {
    let world = World::new();
    let id = world.task("Wanted", &[]);
    world.agent("ann", &["task", "claim", &id]).ok();
    for verb in ["close", "cancel", "release", "delete"] {
        let refused = world.agent("bob", &["task", verb, &id]).refused(4);
        assert!(refused.contains("was claimed by ann"), "{verb}: {refused}");
    }
    world.agent("bob", &["task", "release", &id, "--force", "--reason", "ann is on holiday"]).ok();
    let shown = world.json(&["task", "show", &id]);
    assert_eq!((shown["status"].as_str(), shown["assignee"].as_str()), (Some("open"), None));
    assert_eq!(shown["notes"][0]["text"], "claim released: ann is on holiday");
}

#[test]
fn what_is_blocked_is_not_claimed_unless_forced() {
    let world = World::new();
    let first = world.task("First", &[]);
    let second = world.task("Second", &["--depends-on", &first]);
    assert_snapshot!(world.neutral(&world.bn(&["task", "claim", &second]).refused(1)), @r"
    Error: bn-A is blocked by bn-B (First)
    hint: finish those first, or `bn task claim bn-A --force`
    ");
    world.bn(&["task", "claim", &second, "--force"]).ok();
    assert_snapshot!(world.neutral(&world.bn(&["task", "close", &second]).refused(1)), @r"
    Error: bn-A cannot be closed: it depends on bn-B (First)
    hint: finish or cancel those first, or `bn task close bn-A --force`
    ");
    world.bn(&["task", "cancel", &first]).ok();
    world.bn(&["task", "close", &second]).ok();
    assert_snapshot!(world.neutral(&world.bn(&["task", "claim", &second]).refused(1)), @r"
    Error: bn-A is done, not open
    hint: `bn task reopen bn-A` opens it again
    ");
}

#[test]
fn ready_claim_takes_the_best_that_is_nobody_elses() {
    let world = World::new();
    world.task("for bob", &["--priority", "0", "--assignee", "bob"]);
    world.task("for all", &["--tag", "ui"]);
    let claim = |name: &str, more: &[&str]| world.agent(name, &[&["ready", "--claim", "--json"], more].concat());
    assert_snapshot!(claim("ann", &["--tag", "db"]).refused(1), @r#"{"error":"nothing is ready","causes":[],"hints":["`bn blocked` shows what waits, and for what; `bn agent list` who works on what"],"exit_code":1}"#);
    assert_eq!(claim("ann", &["--tag", "ui"]).json()["title"], "for all");
    assert_eq!(claim("ann", &[]).code, 1);
    assert_eq!(claim("bob", &[]).json()["assignee"], "bob");
}

#[test]
fn a_stale_claim_can_be_taken_over_and_a_fresh_one_cannot() {
    let world = World::new();
    let id = world.task("Wanted", &[]);
    world.agent("ann", &["task", "claim", &id]).ok();
    let fresh = world.agent("bob", &["task", "claim", &id, "--take-over"]).refused(4);
    assert!(fresh.contains("was claimed by ann"), "{fresh}");
    world.agent("bob", &["task", "claim", &id, "--take-over", "--stale-after", "0s"]).ok();
    assert_eq!(world.json(&["task", "show", &id])["assignee"], "bob");
}
