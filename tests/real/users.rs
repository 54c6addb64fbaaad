//! Everybody who may type the commands: with passwordless sudo, with a sudo that asks, through sudo.

use std::os::unix::fs::PermissionsExt;

use crate::screen::Screen;
use crate::world::{User, World, answer, containerd, image};

const COMMIT: &str = "set -e; echo theirs > greeting; git add greeting; git commit -q -m work";

#[track_caller]
fn assert_all_is_the_users(world: &World) {
    assert_eq!(world.shell("find . ! -user \"$(id -u)\" | head"), "", "every file is the user's");
}

#[test]
fn a_detached_run_of_a_user_with_passwordless_sudo() {
    let Some(world) = World::of_other(User::Passwordless) else { return };
    let line = [
        "container",
        "run",
        "--detach",
        "--tag",
        &image(),
        "--name",
        &world.job(),
        "../agent-1",
        "--",
        "bash",
        "-c",
        COMMIT,
    ];
    assert_eq!(world.bn(&line).exits(0).stdout, format!("{}\n", world.job()));
    crate::world::wait_for("the run to end", || world.row(&world.job())["status"] == "exited (0)");
    world.assert_on_main("work");
    world.assert_nothing_runs(&world.job());
    assert_all_is_the_users(&world);
}

#[test]
fn a_run_whose_runtime_folder_is_taken_away_can_be_stopped_and_says_so() {
    let Some(world) = World::of_other(User::Passwordless) else { return };
    let name = world.job();
    let line = ["container", "run", "--detach", "--tag", &image(), "--name", &name, "../agent-1", "--", "bash", "-c"];
    let script = "trap 'git commit -q --allow-empty -m last; exit 0' TERM; touch ready; while sleep 0.2; do :; done";
    world.bn(&[&line[..], &[script]].concat()).exits(0);
    crate::world::wait_for("the agent", || world.path("agent-1/ready").exists());
    let folder = world.path("run");
    std::os::unix::fs::chown(&folder, Some(0), Some(0)).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    world.bn(&["container", "stop", &name]).exits(0);
    assert_eq!(world.git("log -1 --format=%s agent-1"), "last");
    let said = world.bn(&["container", "merge", &name, "--yes"]).exits(0);
    assert!(format!("{said:?}").contains("was taken away from you while this run went on"), "{said:#?}");
    assert_eq!(world.row(&name)["status"], "stopped");
}

#[test]
fn sudo_that_asks_is_answered_once_in_the_terminal() {
    let Some(world) = World::of_other(User::Password) else { return };
    let screen = Screen::of(&world);
    screen.types(&format!(
        "bn container run ../agent-1 --tag {} --name {} -- bash -c '{COMMIT}'; echo rc=$?",
        image(),
        world.job()
    ));
    screen.waits_for("password for bn-test-pass:");
    screen.types(User::PASSWORD);
    screen.waits_for("rc=0");
    assert_eq!(screen.text().matches("password for").count(), 1, "{}", screen.text());
    world.assert_on_main("work");
    assert_all_is_the_users(&world);
    screen.types("bn container list --all --json | jq -r '.[].status'");
    screen.waits_for("exited (0)");
    world.assert_nothing_runs(&world.job());
}

#[test]
fn a_detached_run_whose_sudo_asks_is_tidied_up_by_the_next_command_in_a_terminal() {
    let Some(world) = World::of_other(User::Password) else { return };
    let screen = Screen::of(&world);
    let name = world.job();
    screen.types(&format!(
        "bn container run -d ../agent-1 --tag {} --name {name} -- bash -c '{COMMIT}'; echo rc=$?",
        image()
    ));
    screen.waits_for("password for bn-test-pass:");
    screen.types(User::PASSWORD);
    screen.waits_for("rc=0");
    crate::world::wait_for("the run to end", || world.row(&name)["status"] == "needs-sudo");
    world.assert_on_main("work");
    assert_eq!(world.outcome(), "merged");
    screen.types(&format!("bn container stop {name}; echo stopped=$?"));
    screen.waits_for("stopped=0");
    assert_eq!(world.row(&name)["status"], "exited (0)");
    world.assert_nothing_runs(&name);
}

#[test]
fn a_closed_window_takes_sudos_ticket_with_it_and_the_work_is_safe_all_the_same() {
    let Some(world) = World::of_other(User::Password) else { return };
    let screen = Screen::of(&world);
    let script = "trap \"git commit -q --allow-empty -m last; exit 0\" TERM; touch ready; while :; do sleep 0.1; done";
    let run = format!("bn container run ../agent-1 --tag {} --name {} -- bash -c '{script}'", image(), world.job());
    screen.types(&run);
    screen.waits_for("password for bn-test-pass:");
    screen.types(User::PASSWORD);
    crate::world::wait_for("the script", || world.path("agent-1/ready").exists());
    screen.closes();
    crate::world::wait_for("the run to end", || world.row(&world.job())["status"] == "needs-sudo");
    assert_eq!(world.outcome(), "stopped");
    assert_eq!(world.git("log -1 --format=%s agent-1"), "last");
    let screen = Screen::of(&world);
    screen.types("bn container stop --all; echo stopped=$?");
    screen.waits_for("password for bn-test-pass:");
    screen.types(User::PASSWORD);
    screen.waits_for("stopped=0");
    world.assert_nothing_runs(&world.job());
}

#[test]
fn an_agent_that_will_not_go_is_killed_where_sudo_asks_too() {
    let Some(world) = World::of_other(User::Password) else { return };
    let screen = Screen::of(&world);
    let name = world.job();
    let script = "trap \"\" TERM; git commit -q --allow-empty -m kept; while :; do sleep 0.1; done";
    screen.types(&format!(
        "bn container run -d --timeout 2s ../agent-1 --tag {} --name {name} -- bash -c '{script}'; echo rc=$?",
        image()
    ));
    screen.waits_for("password for bn-test-pass:");
    screen.types(User::PASSWORD);
    screen.waits_for("rc=0");
    // With the window goes the ticket.
    screen.closes();
    crate::world::wait_for("the run to end", || world.row(&name)["status"] == "needs-sudo");
    assert_eq!(world.outcome(), "timed-out");
    assert_eq!(world.git("log -1 --format=%s agent-1"), "kept");
    let screen = Screen::of(&world);
    screen.types(&format!("bn container stop {name}; echo stopped=$?"));
    screen.waits_for("password for bn-test-pass:");
    screen.types(User::PASSWORD);
    screen.waits_for("stopped=0");
    world.assert_nothing_runs(&name);
}

#[test]
fn where_sudo_asks_and_nobody_is_there_to_answer_it_says_so() {
    let Some(world) = World::of_other(User::Password) else { return };
    let mut command =
        world.bn_command(&["container", "run", "--tag", &image(), "--name", &world.job(), "../agent-1", "--", "true"]);
    // Out of the reach of the terminal in which the tests run.
    let program = command.get_program().to_owned();
    let args: Vec<_> = command.get_args().map(std::ffi::OsStr::to_owned).collect();
    let mut apart = std::process::Command::new("setsid");
    apart.arg("--wait").arg(program).args(args).current_dir(world.path("repo")).env_clear();
    apart.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    let refused = answer(apart.stdin(std::process::Stdio::null()).output().unwrap()).exits(125);
    assert!(refused.stderr.starts_with("Error: sudo refused to run ctr: "), "{refused:#?}");
    assert!(
        refused.stderr.contains("\nhint: run `sudo -v` in this terminal, then the same command again\n"),
        "{refused:#?}"
    );
    assert_eq!(world.list(), Vec::<serde_json::Value>::new());
    command.env_clear();
}

#[test]
fn sudo_bn_works_for_the_user_who_called_sudo() {
    let Some(world) = World::of_other(User::Passwordless) else { return };
    let bn = world.bn_command(&[] as &[&str]).get_args().last().unwrap().to_owned();
    let address = format!("CONTAINERD_ADDRESS={}", containerd());
    let sudo = |args: &[&str]| {
        let mut command = world.program("sudo");
        command.args(["-n", &address]).arg(&bn).args(args).current_dir(world.path("repo"));
        answer(command.output().unwrap())
    };
    sudo(&["task", "create", "Greet"]).exits(0);
    let line =
        ["container", "run", "--tag", &image(), "--name", &world.job(), "../agent-1", "--", "bash", "-c", COMMIT];
    sudo(&line).exits(0);
    world.assert_on_main("work");
    assert_all_is_the_users(&world);
    assert_eq!(world.git("status --porcelain"), "");
    // The records and the graph are the user's own, and at home: sudo's HOME means nothing.
    let mut command = world.bn_command(&["container", "list", "--all", "--json"]);
    let listed = answer(command.env_remove("HOME").output().unwrap()).exits(0);
    assert!(listed.stdout.contains(&world.job()), "{listed:#?}");
    let foreign = world
        .shell("find ~bn-test-nopass/.local/share/binnacle ~bn-test-nopass/.local/state/binnacle ! -user \"$(id -u)\"");
    assert_eq!(foreign, "");
}
