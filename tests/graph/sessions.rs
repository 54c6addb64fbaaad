//! Sessions: orient, goodbye, and what is left of an agent.

use insta::assert_snapshot;

use crate::world::World;

#[test]
fn orient_is_the_page_that_an_agent_reads_first() {
    let world = World::new();
    let hub = world.task("Lay the table", &["--priority", "1"]);
    world.task("Eat", &["--depends-on", &hub]);
    let done = world.task("Shop", &[]);
    world.agent("ann", &["orient", "--type", "planner"]).ok();
    world.agent("ann", &["task", "close", &done, "--reason", "all bought"]).ok();
    world.agent("ann", &["goodbye", "the milk is in the fridge"]).ok();
    let cook = world.task("Cook", &["--tag", "kitchen"]);
    world.agent("cook", &["task", "claim", &cook]).ok();
    assert_snapshot!(world.neutral(&world.agent("bob", &["orient", "-H", "--type", "coder"]).ok()), @r"
    repo: 1 ready, 1 blocked, 1 in progress
    You are bob (worker), session s-bob.
    The graph is [WORLD]/home/.local/share/binnacle/HASH, host mode (no container of bn's).

    In progress
      bn-A  P2 Cook  (cook, [AGE])

    Ready
      bn-B  P1 ○ Lay the table  blocks 1

    Just done
      bn-C  Shop  (ann, [AGE] ago): all bought

    Last words
      ann, [AGE] ago: the milk is in the fridge

    Commands
      bn ready --claim                  take the best task that is ready
      bn task show ID                   read a task, its links and notes
      bn task create TITLE              write down what else has to be done (--depends-on ID, --parent ID)
      bn task note ID TEXT              write down what the next one should know
      bn task close ID --reason TEXT    say that it is done
      bn goodbye SUMMARY                end, with a word for the next agent
    ");
}

#[test]
fn on_the_host_a_session_is_found_by_its_place() {
    let world = World::new();
    let first = world.json(&["orient"]);
    let again = world.json(&["orient", "--type", "buddy"]);
    assert_eq!((&first["you"]["id"], &first["you"]["resumed"]), (&again["you"]["id"], &false.into()));
    assert_eq!((again["you"]["resumed"].as_bool(), again["you"]["type"].as_str()), (Some(true), Some("buddy")));
    world.bn(&["goodbye"]).ok();
    assert_ne!(world.json(&["orient"])["you"]["id"], first["you"]["id"]);
}

#[test]
fn goodbye_releases_and_is_said_once() {
    let world = World::new();
    let id = world.task("Half done", &[]);
    world.agent("ann", &["task", "claim", &id]).ok();
    assert_snapshot!(world.neutral(&world.agent("ann", &["goodbye", "first", "words"]).ok()), @r"
    Goodbye, ann. The session s-ann has ended.
    Released bn-A  Half done
    ");
    assert_snapshot!(world.neutral(&world.agent("ann", &["goodbye", "other words"]).ok()), @"The session s-ann had ended before; its first summary stays.");
    assert_eq!(world.agent("ann", &["goodbye"]).ok(), "", "said again without a word, as at the end of every run");
    let shown = world.json(&["task", "show", &id]);
    assert_eq!(shown["status"], "open");
    assert_eq!(shown["notes"][0]["text"], "claim released: ann said goodbye");
    let next = world.agent("bob", &["orient", "--json"]).json();
    assert_eq!(next["summaries"][0]["summary"], "first words");
    assert_eq!(next["summaries"].as_array().unwrap().len(), 1);
}

#[test]
fn goodbye_without_a_session_ends_nothing_but_keeps_a_summary() {
    let world = World::new();
    assert_snapshot!(world.bn(&["goodbye"]).ok(), @"No session is open here: there is nothing to end.");
    world.agent("ann", &["goodbye", "never registered"]).ok();
    assert_eq!(world.json(&["orient"])["summaries"][0]["summary"], "never registered");
}

#[test]
fn an_ended_session_claims_nothing_until_it_orients_again() {
    let world = World::new();
    let id = world.task("Wanted", &[]);
    world.agent("ann", &["orient"]).ok();
    world.agent("ann", &["goodbye"]).ok();
    assert_snapshot!(world.agent("ann", &["task", "claim", &id]).refused(1), @r"
    Error: the session s-ann has ended
    hint: `bn orient` starts it again
    ");
    world.agent("ann", &["orient"]).ok();
    world.agent("ann", &["task", "claim", &id]).ok();
}
