//! Containers that stand still: seen, resumed, stopped and timed out.

use std::fs;
use std::time::Duration;

use crate::world::{User, World, wait_for};

/// Counts until it is told to stop, and commits then.
const COUNTS: &str = "trap 'git commit -q --allow-empty -m last; exit 0' TERM; touch ready; \
    until [ -e go ]; do echo >> count; sleep 0.02; done; rm ready go count; git commit -q --allow-empty -m work";

fn begins(world: &World, options: &[&str]) -> String {
    let job = world.job();
    world.agent(&[&["--detach", "--name", &job], options].concat(), COUNTS).exits(0);
    wait_for("the agent", || world.path("agent-1/count").exists());
    job
}

fn counted(world: &World) -> u64 {
    fs::metadata(world.path("agent-1/count")).unwrap().len()
}

#[test]
fn a_paused_run_stands_still_until_it_is_resumed_and_its_owner_lives_on() {
    for world in [Some(World::new()), World::of_other(User::Passwordless)].into_iter().flatten() {
        let job = begins(&world, &[]);
        assert_eq!(world.bn(&["container", "pause", &job]).exits(0).stdout, format!("{job}\n"));
        let before = counted(&world);
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(counted(&world), before);
        let row = world.row(&job);
        assert_eq!((row["status"].as_str(), row["wish"]["why"].as_str()), (Some("paused"), Some("it is paused")));
        assert_eq!(row["wish"]["next"][0]["command"], format!("bn container resume {job}"));
        let again = world.bn(&["container", "pause", &job]).exits(0);
        assert_eq!(again.stderr, format!("{job} is paused already\n"));
        let refused = world.bn(&["container", "exec", &job, "--", "true"]);
        let hint = format!("hint: let it go on: bn container resume {job}\n");
        assert!(refused.code == 125 && refused.stderr.contains(&hint), "{refused:#?}");

        world.bn(&["container", "resume", &job]).exits(0);
        wait_for("the count", || counted(&world) > before);
        let again = world.bn(&["container", "resume", &job]).exits(0);
        assert_eq!(again.stderr, format!("{job} is not paused\n"));
        fs::write(world.path("agent-1/go"), "").unwrap();
        world.bn(&["container", "wait", &job]).exits(0);
        world.assert_on_main("work");
        let late = world.bn(&["container", "pause", &job]).exits(2);
        assert!(late.stderr.contains(&format!("{job} has no running agent to pause\nhint: what became")), "{late:#?}");
    }
}

#[test]
fn a_paused_run_is_stopped_and_its_agent_can_end_by_itself() {
    let world = World::new();
    let job = begins(&world, &[]);
    world.bn(&["container", "pause", &job]).exits(0);
    world.bn(&["container", "stop", &job]).exits(0);
    let row = world.row(&job);
    assert_eq!((row["status"].as_str(), row["commits"].as_u64()), (Some("stopped"), Some(1)), "{row:#}");
    world.assert_nothing_runs(&job);
}

#[test]
fn a_paused_run_is_ended_by_its_timeout() {
    let world = World::new();
    let job = begins(&world, &["--timeout", "3s"]);
    world.bn(&["container", "pause", &job]).exits(0);
    world.bn(&["container", "wait", &job]).exits(124);
    assert_eq!(world.row(&job)["status"], "timed-out");
    world.assert_nothing_runs(&job);
}
