//! Whoever has looked elsewhere is told when a run has ended, or wants something.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::screen::Screen;
use crate::world::{World, answer, image, wait_for};

#[test]
fn the_users_command_is_told_in_variables_and_a_failure_of_it_costs_nothing() {
    let world = World::new();
    let job = world.job();
    let told = format!("--notify=echo \"$BN_RUN $BN_OUTCOME\" >>{}", world.path("told").display());
    world.agent(&["--name", &job, &told], "git commit -q --allow-empty -m work").exits(0);
    world.agent(&["--detach", "--name", &world.name("other")], "exit 7").exits(0);
    world.bn(&["container", "wait", &told, &world.name("other")]).exits(7);
    let lines = format!("{job} merged\n{} failed\n", world.name("other"));
    assert_eq!(fs::read_to_string(world.path("told")).unwrap(), lines);
    let failed = world.bn(&["container", "wait", "--notify=echo no >&2; exit 3", &job]).exits(0);
    assert!(failed.stderr.contains("the command of --notify failed: no (exit status: 3)"), "{failed:#?}");
}

#[test]
fn a_detached_run_tells_when_it_has_ended_though_nobody_waits_for_it() {
    let world = World::new();
    let (job, other) = (world.job(), world.name("other"));
    let file = world.path("told");
    let told = format!("--notify=echo \"$BN_RUN $BN_OUTCOME\" >>{}", file.display());
    let work = "touch ready; until [ -e go ]; do sleep 0.05; done; git commit -q --allow-empty -m work";
    let begun = world.agent(&["--detach", "--name", &job, &told], work).exits(0);
    assert_eq!(begun.stdout, format!("{job}\n"), "{begun:#?}");
    // Every user of the machine reads command lines.
    let lines = || world.shell("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '");
    wait_for("the process that waits", || lines().contains(&format!("wait --silent --notify {job}")));
    assert!(!lines().contains(&format!(">>{}", file.display())), "somebody's command line has it");
    world.shell("touch agent-1/go");
    wait_for("its being told", || fs::read_to_string(&file).is_ok_and(|text| text == format!("{job} merged\n")));
    let screen = Screen::of(&world);
    screen.types(&format!("bn container run -d ../agent-1 --notify --tag {} --name {other} -- false", image()));
    wait_for("the terminal's title", || screen.title() == format!("bn: {other}: failed"));
}

#[test]
fn a_run_that_falls_silent_is_told_of_while_it_is_waited_for_and_the_terminal_and_the_desktop_say_how_it_ended() {
    let world = World::new();
    let job = world.job();
    let bin = world.path("bin");
    fs::create_dir(&bin).unwrap();
    let script = format!("#!/bin/sh\necho \"$@\" >>{}\n", world.path("told").display());
    fs::write(bin.join("notify-send"), script).unwrap();
    fs::set_permissions(bin.join("notify-send"), fs::Permissions::from_mode(0o755)).unwrap();
    world.agent(&["--detach", "--name", &job], "touch ready; sleep 600").exits(0);
    wait_for("the agent", || world.path("agent-1/ready").exists());
    crate::seat::falls_silent(&world, &job);
    let screen = Screen::of(&world);
    screen.types(&format!("PATH={}:$PATH bn container wait --notify {job}; echo done=$?", bin.display()));
    let told = || fs::read_to_string(world.path("told")).unwrap_or_default();
    let said = |outcome: &str| format!("--app-name=bn -- bn: {job} {outcome}\n");
    wait_for("its being told", || told() == said("waiting"));
    assert_eq!(screen.title(), format!("bn: {job}: waiting"));
    world.bn(&["container", "stop", "-t", "0", &job]).exits(0);
    screen.waits_for("done=1");
    assert_eq!((told(), screen.title()), (said("waiting") + &said("stopped"), format!("bn: {job}: stopped")));
    // A run at the terminal does so itself.
    let run = format!("bn container run ../agent-1 --notify --tag {} --name {job} -- false; echo ended=$?", image());
    drop(answer(world.bn_command(&["container", "prune"]).output().unwrap()));
    screen.types(&run);
    screen.waits_for("ended=1");
    assert_eq!(screen.title(), format!("bn: {job}: failed"));
}
