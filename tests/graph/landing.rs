//! Ready means landed: what is closed in a run is done when its work is on the target, and not before.

use crate::crowd::{contained, container};
use crate::world::{Answer, World, titles};

/// As an agent in a container, with the session that the host made for its run.
fn in_run(world: &World, run: &str, args: &[&str]) -> Answer {
    let root = container(world);
    let mut command = contained(world, &root, &format!("$bn {}", args.join(" ")));
    command.env("BN_AGENT_ID", format!("run-{run}")).env("BN_AGENT_NAME", run);
    Answer::of(command.output().unwrap())
}

#[test]
fn what_a_run_closes_unlocks_its_own_work_alone_until_it_has_landed() {
    let world = World::new();
    let first = world.task("First", &[]);
    let second = world.task("Second", &["--depends-on", &first]);
    in_run(&world, "agent-b", &["orient"]).ok();
    in_run(&world, "agent-a", &["task", "claim", &first]).ok();
    let closed = world.neutral(&in_run(&world, "agent-a", &["task", "close", &first, "-r", "committed"]).ok());
    insta::assert_snapshot!(closed, @r"
    Closed, and done once this run's work has landed: bn-A  First
      now ready in this run: bn-B  Second
    ");
    assert_eq!(world.json(&["task", "show", &first])["status"], "landing");
    assert!(titles(&world.json(&["ready"])).is_empty());
    assert!(titles(&in_run(&world, "agent-b", &["ready", "--json"]).json()).is_empty());
    assert_eq!(titles(&in_run(&world, "agent-a", &["ready", "--json"]).json()), ["Second"]);
    in_run(&world, "agent-b", &["task", "claim", &second]).refused(1);
    let shown = world.bn(&["task", "show", &first]).ok();
    assert!(shown.contains("closed, waiting to land") && shown.contains("bn container merge agent-a"), "{shown}");
    let listed = world.bn(&["task", "list"]).ok();
    assert!(listed.contains("◐ First  @agent-a  (closed, waiting to land)"), "{listed}");
    let explained = world.bn(&["ready", "--explain"]).ok();
    assert!(explained.contains("Second") && explained.contains("First (closed, waiting to land)"), "{explained}");
    in_run(&world, "agent-a", &["ready", "--claim"]).ok();
    in_run(&world, "agent-a", &["task", "close", &second]).ok();
    in_run(&world, "agent-a", &["task", "close", &second]).refused(1);
    assert_eq!(world.json(&["doctor"])["well"], true);
    assert_eq!(world.json(&["task", "list", "--status", "landing"])["total"], 2);
}

#[test]
fn somebody_on_the_host_can_say_that_work_has_landed() {
    let world = World::new();
    let first = world.task("First", &[]);
    let second = world.task("Second", &["--depends-on", &first]);
    in_run(&world, "agent-a", &["task", "close", &first]).ok();
    let said = world.bn(&["task", "close", &second]).refused(1);
    assert!(said.contains(&first), "{said}");
    let closed = world.json(&["task", "close", &first]);
    assert_eq!((&closed["closed"][0]["status"], &closed["closed"][0]["lands_with"]), (&"done".into(), &().into()));
    assert_eq!(titles(&world.json(&["ready"])), ["Second"]);
}

#[test]
fn what_waits_to_land_comes_back_from_an_export() {
    let world = World::new();
    let first = world.task("First", &[]);
    in_run(&world, "agent-a", &["task", "close", &first]).ok();
    let exported = world.bn(&["export"]).ok();
    let other = World::new();
    other.feed(&["import"], &exported).ok();
    assert_eq!(other.bn(&["export"]).ok(), exported);
    assert_eq!(other.json(&["task", "show", &first])["status"], "landing");
}
