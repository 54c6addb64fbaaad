//! From every state there is a way out, and the message names it.

use crate::running::MEET;
use crate::world::{World, image};

#[test]
fn a_record_that_was_damaged_is_read_from_the_one_before() {
    let world = World::new();
    let job = world.job();
    let record = format!("home/.local/state/binnacle/*/runs/{job}/run.json");
    world.run("git commit -q --allow-empty -m work; exit 7").exits(7);
    world.shell(&format!(": > {record}"));
    // Once more, and to the end.
    world.merge().exits(0);
    world.assert_on_main("work");
    assert_eq!(world.outcome(), "merged");
    world.shell(&format!(": > {record}"));
    world.bn(&["container", "prune"]).exits(0);
}

#[test]
fn a_record_of_which_nothing_is_left_stops_no_other_run_and_its_container_can_be_stopped() {
    let world = World::new();
    let job = world.job();
    world.git("worktree add -q ../agent-2 -b agent-2");
    let run = world.start(&["--name", &job], &format!("git commit -q --allow-empty -m work; {MEET}"));
    run.meet();
    let folder = format!("home/.local/state/binnacle/*/runs/{job}");
    // Its owner dies, and what it wrote goes.
    world.shell(&format!(
        "kill -9 {}; sleep 0.2; : > $(echo {folder}/run.json); rm -f {folder}/run.json.before",
        run.pid()
    ));
    let line = |worktree: &str| ["container", "run", "--tag", &image(), worktree, "--", "true"].map(str::to_owned);
    let refused = world.bn(&line("../agent-2")).exits(125);
    let hint = format!("hint: end it: bn container stop {job}");
    assert!(refused.stderr.contains(&hint), "{refused:#?}");
    let stopped = world.bn(&["container", "stop", &job, "--time", "1"]).exits(0);
    assert!(stopped.stderr.contains(&format!("bn container discard {job}")), "{stopped:#?}");
    world.bn(&line("../agent-2")).exits(0);
}
