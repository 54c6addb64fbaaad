//! From a task to a commit on `main`.

use crate::world::{User, World};

const COMMIT: &str = "echo greeting > greeting && git add greeting && git commit -q -m 'Add a greeting'";

fn an_agent_finishes_a_task(world: &World, options: &[&str]) {
    world.bn(&["task", "create", "Add a greeting"]).exits(0);
    let script = format!(
        r#"set -e; id=$(bn ready --json | jq -r '.. | .id? // empty' | head -1); bn task claim "$id"; {COMMIT}; bn task close "$id"; bn goodbye done"#
    );
    world.agent(&[&["--name", &world.job()], options].concat(), &script).exits(0);
}

fn is_done(world: &World) {
    let row = world.row(&world.job());
    assert_eq!(row["outcome"], "merged", "{row}");
    assert_eq!(world.git("log -1 --format=%s main"), "Add a greeting");
    assert_eq!(world.git("status --porcelain"), "", "the main checkout is clean");
    assert_eq!(world.shell("cat repo/greeting"), "greeting");
    let tasks = world.tasks();
    assert!(tasks.contains(r#""status":"done""#), "{tasks}");
    assert_eq!(world.shell("find . ! -user \"$(id -u)\" | head"), "", "every file is the user's");
    world.assert_nothing_runs(&world.job());
}

#[test]
fn the_work_of_an_agent_is_on_main_afterwards() {
    let world = World::new();
    an_agent_finishes_a_task(&world, &[]);
    is_done(&world);
}

#[test]
fn a_user_with_sudo_gets_the_same() {
    let Some(world) = World::of_other(User::Passwordless) else { return };
    an_agent_finishes_a_task(&world, &[]);
    is_done(&world);
}
