//! A run that has a screen of its own, and windows on it.

use std::time::Duration;

use crate::screen::Screen;
use crate::world::{User, World, image, wait_for};

/// Starts a run whose agent is this script, detached and with a screen; the script holds no single quote.
fn begin(world: &World, script: &str) {
    let answer = world.bn(&[
        "container",
        "run",
        "-d",
        "-i",
        "../agent-1",
        "--tag",
        &image(),
        "--name",
        &world.job(),
        "--",
        "bash",
        "-c",
        script,
    ]);
    let answer = answer.exits(0);
    assert_eq!(answer.stdout, format!("{}\n", world.job()));
}

fn attach(world: &World, more: &str) -> Screen {
    let screen = Screen::of(world);
    screen.types(&format!("bn container attach {} {more}; echo rc=$?", world.job()));
    screen
}

/// Repeats what is typed, until that is `end`.
const ECHO: &str = "echo re\"\"ady; while read -r line; do [ \"$line\" = end ] && break; \
                    echo \"<$line>\"; done; git commit -q --allow-empty -m talked; exit 0";

#[test]
fn two_windows_show_the_same_screen_and_the_run_outlives_both() {
    for world in std::iter::once(World::new()).chain(World::of_other(User::Passwordless)) {
        begin(&world, ECHO);
        let one = attach(&world, "");
        // What was shown before the window was opened.
        one.waits_for("ready");
        one.types("first");
        one.waits_for("<first>");
        let two = attach(&world, "--detach-keys ctrl-a,d");
        two.waits_for("<first>");
        two.types("second");
        one.waits_for("<second>");
        let live = world.bn(&["container", "logs", &world.job()]).exits(0);
        assert!(live.stdout.ends_with("second\n<second>\n"), "{live:#?}");
        let followed = world.bn(&["container", "logs", "--follow", &world.job()]).exits(2);
        assert!(followed.stderr.contains(&format!("bn container attach --no-stdin {}", world.job())), "{followed:#?}");
        one.presses("C-p");
        one.presses("C-q");
        one.waits_for(&format!("{} goes on", world.job()));
        one.waits_for("rc=0");
        two.presses("C-a");
        two.types("d");
        two.waits_for("goes on");
        assert_eq!(world.row(&world.job())["status"], "running");
        let third = attach(&world, "");
        third.waits_for("<second>");
        third.closes();
        let fourth = attach(&world, "");
        fourth.waits_for("<second>");
        fourth.types("end");
        fourth.waits_for("merged into main (1 commit)");
        fourth.waits_for("rc=0");
        world.assert_on_main("talked");
        world.assert_nothing_runs(&world.job());
        let kept = world.bn(&["container", "logs", "-n", "2", &world.job()]).exits(0);
        assert!(kept.stdout.starts_with("<second>\nend"), "{kept:#?}");
        let left = world.shell("find \"$XDG_RUNTIME_DIR/binnacle\" -path '*.screens/*'");
        assert_eq!(left, "", "nothing is left of a screen");
    }
}

#[test]
fn the_window_that_was_resized_last_counts() {
    let world = World::new();
    begin(&world, "trap \"stty size\" WINCH; stty size; until [ -e go ]; do sleep 0.1; done");
    let screen = attach(&world, "");
    screen.waits_for("40 150");
    screen.resizes(100, 30);
    screen.waits_for("30 100");
    world.shell("touch agent-1/go");
    screen.waits_for("rc=0");
}

#[test]
fn whoever_only_looks_types_nothing() {
    let world = World::new();
    begin(&world, ECHO);
    let looker = attach(&world, "--no-stdin");
    looker.waits_for("ready");
    looker.types("typed-by-the-looker");
    let screen = attach(&world, "");
    screen.types("typed");
    looker.waits_for("<typed>");
    assert!(!screen.text().contains("looker"), "{}", screen.text());
    looker.presses("C-c");
    looker.waits_for("rc=0");
    screen.types("end");
    screen.waits_for("rc=0");
}

#[test]
fn a_closed_window_detaches_where_that_was_asked_for() {
    for world in std::iter::once(World::new()).chain(World::of_other(User::Passwordless)) {
        let screen = Screen::of(&world);
        screen.types(&format!(
            "bn container run --detach-on-hangup ../agent-1 --tag {} --name {} -- bash -c '{ECHO}'",
            image(),
            world.job()
        ));
        screen.waits_for("ready");
        screen.closes();
        let again = attach(&world, "");
        again.types("still-here");
        again.waits_for("<still-here>");
        again.types("end");
        again.waits_for("rc=0");
        world.assert_on_main("talked");
    }
}

#[test]
fn the_exit_code_and_the_words_of_a_run_in_its_screen_are_the_runs() {
    let world = World::new();
    let screen = Screen::of(&world);
    let run = |script: &str| {
        format!(
            "bn container run --detach-on-hangup ../agent-1 --tag {} --name {} -- bash -c '{script}'; echo rc=$?",
            image(),
            world.job()
        )
    };
    screen.types(&run("read -p \"Your na\"\"me? \" name; echo \"Hello, $name!\"; exit 5"));
    screen.waits_for("Your name?");
    screen.types("Ann");
    screen.waits_for("rc=5");
    let text = screen.text();
    assert!(text.contains("Hello, Ann!") && text.contains(&format!("{}: the agent failed (5)", world.job())), "{text}");
    // The terminal is as it was: it shows what is typed.
    screen.types("echo typed-$((1 + 1))");
    screen.waits_for("typed-2");
}

#[test]
fn a_run_that_cannot_begin_says_why_where_nobody_looks() {
    let world = World::new();
    let answer = world.bn(&["container", "run", "-d", "-i", "../agent-1", "--tag", "localhost/nosuch:1", "--", "true"]);
    let answer = answer.exits(125);
    assert!(answer.stderr.contains("the image localhost/nosuch:1 is not built"), "{answer:#?}");
    assert!(answer.stdout.is_empty(), "{answer:#?}");
    let answer = world.bn(&["container", "run", "-i", "../agent-1", "--tag", &image(), "--", "true"]).exits(2);
    assert!(answer.stderr.contains("bn container run -d -i"), "{answer:#?}");
}

#[test]
fn what_has_no_screen_says_how_to_look_in() {
    let world = World::new();
    let job = world.job();
    world
        .bn(&["container", "run", "-d", "../agent-1", "--tag", &image(), "--name", &job, "--", "sleep", "60"])
        .exits(0);
    let screen = attach(&world, "");
    screen.waits_for("rc=2");
    let text = screen.text();
    for hint in [
        "has no screen",
        &format!("bn container logs --follow {job}"),
        &format!("bn container shell {job}"),
        "run -d -i",
    ] {
        assert!(text.contains(hint), "{hint}: {text}");
    }
    world.bn(&["container", "stop", &job, "-t", "0"]);
    let answer = world.bn(&["container", "attach", &job]).exits(125);
    assert!(answer.stderr.contains(&format!("bn container inspect {job}")), "{answer:#?}");
}

#[test]
fn another_try_has_a_screen_as_the_first_had() {
    let world = World::new();
    let job = world.job();
    begin(&world, "exit 7");
    world.bn(&["container", "wait", &job]).exits(7);
    let second = format!("{job}-retry");
    assert_eq!(world.bn(&["container", "retry", &job]).exits(0).stdout, format!("{second}\n"));
    world.bn(&["container", "wait", &second]).exits(7);
    let spec = |name: &str| {
        let told = world.bn(&["--json", "container", "inspect", name]).exits(0).stdout;
        serde_json::from_str::<serde_json::Value>(&told).unwrap()["record"]["spec"].clone()
    };
    assert!(spec(&job)["screen"].is_string() && spec(&second)["screen"].is_string(), "{:#}", spec(&second));
}

/// A window that is opened later is shown how the screen looks, and none of the orders and questions that led there.
#[test]
fn what_an_agent_said_to_the_terminal_is_not_said_again_to_a_new_window() {
    let world = World::new();
    // A title, the clipboard, a question for the cursor's place and one for the terminal's name, and a second screen.
    let script = "printf \"\\033]0;stolen\\007\\033]52;c;c3RvbGVu\\007\\033[6n\\033[c\\033[?1049h\\033[2J\\033[5;3Hsecond screen\"; \
                  sleep 1; read -t 3 -n 1 answer && printf \"\\033[7;1Hanswered\"; printf \"\\033[8;1Hdone\"; sleep 100";
    begin(&world, script);
    std::thread::sleep(Duration::from_secs(6));
    let screen = attach(&world, "");
    screen.waits_for("second screen");
    screen.waits_for("done");
    let text = screen.text();
    assert!(!text.contains("answered"), "{text}");
    assert_ne!(screen.title(), "stolen");
    screen.presses("C-p");
    screen.presses("C-q");
    // The window's own first screen is back, with the cursor where it was.
    screen.waits_for("goes on");
    let text = screen.text();
    assert!(!text.contains("second screen"), "{text}");
    assert!(text.contains(&format!("echo rc=$?\n\n{} goes on", world.job())), "{text}");
    world.bn(&["container", "stop", &world.job(), "-t", "0"]);
}

#[test]
fn a_screen_whose_process_is_killed_ends_its_run_and_the_next_one_clears_up() {
    let world = World::new();
    begin(&world, "trap \"git commit -q --allow-empty -m last; exit 0\" TERM; echo ready; while :; do sleep 0.1; done");
    let screen = attach(&world, "");
    screen.waits_for("ready");
    world.shell("pkill -9 -f \"container screen $XDG_RUNTIME_DIR\"");
    screen.waits_for("the screen is gone");
    screen.waits_for("rc=125");
    wait_for("the run to end", || world.row(&world.job())["status"] == "stopped");
    assert_eq!(world.git("log -1 --format=%s agent-1"), "last");
    world.bn(&["container", "discard", "--yes", &world.job()]).exits(0);
    begin(&world, "exit 0");
    let left = || world.shell("ls -A \"$XDG_RUNTIME_DIR/binnacle/.screens\"");
    wait_for("the sockets to go", || left().is_empty());
}
