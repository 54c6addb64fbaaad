//! The full screen on which runs are watched.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::screen::Screen;
use crate::world::{World, wait_for};

/// Two runs: one with work that has to be looked at, and one that goes on.
fn scene(world: &World) -> [String; 2] {
    let [fails, works] = ["fails", "works"].map(|what| world.name(what));
    let commit = "echo work > work; git add work; git commit -qm work; exit 7";
    world.agent(&["--name", &fails], commit).exits(7);
    world.git("worktree add -q ../other -b other");
    let script = "bn task create 'Draw the logo' >/dev/null; \
        bn task claim $(bn ready --json | jq -r '.tasks[0].id') >/dev/null; touch ready; sleep 600";
    world.bn(&crate::world::run_line("../other", &["-d", "--name", &works], script)).exits(0);
    wait_for("the agent", || world.path("other/ready").exists());
    [fails, works]
}

/// The shell is back, and its terminal reads lines. Whatever was there before stays in the history, so that each look has a number.
fn is_back(screen: &Screen, number: u32) {
    screen.types(&format!("stty -a | grep -o ' icanon'; echo back$(({number}+0))=$?"));
    screen.waits_for(&format!("\n icanon\nback{number}=0"));
    assert!(!screen.text().lines().any(|line| line.ends_with("q quit")), "{}", screen.text());
}

#[test]
fn it_shows_what_runs_and_what_to_do_at_every_size_and_gives_the_terminal_back() {
    let world = World::new();
    let [fails, works] = scene(&world);
    let screen = Screen::of(&world);
    for (columns, rows) in [(80, 24), (120, 40), (200, 50)] {
        screen.resizes(columns, rows);
        screen.types(&format!("clear; bn container top; echo done{columns}=$?"));
        let diff = format!("bn container diff {fails}");
        let retry = format!("   let the agent try again   bn container retry {fails}");
        let mut all =
            vec!["q quit", "the agent failed (7), 1 commit is kept", &diff, &retry, "exited (7)", "running", &works];
        all.extend((columns >= 120).then_some("Draw the logo"));
        // A new size clears the screen before it is drawn anew.
        let mut text = String::new();
        wait_for("the screen", || {
            text = screen.text();
            all.iter().all(|word| text.contains(word))
        });
        assert!(text.lines().all(|line| line.chars().count() <= usize::from(columns)), "{text}");
        screen.presses("q");
        screen.waits_for(&format!("done{columns}=0"));
        is_back(&screen, columns.into());
    }
    // A new size is taken while it is there; Ctrl-C ends it as q does.
    screen.types("NO_COLOR=1 bn container list --watch; echo control-c=$?");
    screen.waits_for("q quit");
    screen.resizes(80, 24);
    screen.waits_for("D discard  q quit");
    screen.presses("C-c");
    screen.waits_for("control-c=0");
    is_back(&screen, 1);
    // Ctrl-Z, and back.
    screen.types("bn container top; echo control-z=$?");
    screen.waits_for("q quit");
    screen.presses("C-z");
    screen.waits_for("Stopped");
    is_back(&screen, 2);
    screen.types("fg; echo again=$?");
    screen.waits_for("q quit");
    screen.presses("q");
    screen.waits_for("again=0");
    is_back(&screen, 3);
    // Told to end by somebody else, it gives the terminal back, too.
    screen.types("(sleep 2; pkill -TERM -P $$ bn) & bn container top; echo killed=$?");
    screen.waits_for("q quit");
    screen.waits_for("killed=0");
    is_back(&screen, 4);
    drop(screen);
    world.bn(&["container", "stop", "-t", "0", &works]).exits(0);
}

#[test]
fn keys_do_what_can_be_done_and_ask_before_what_cannot_be_taken_back() {
    let world = World::new();
    let [fails, works] = scene(&world);
    let screen = Screen::of(&world);
    screen.types("bn container top; echo done=$?");
    screen.waits_for(&format!("bn container diff {fails}"));
    screen.presses("g");
    let comes_back = |times: usize| {
        wait_for("the end of the command", || screen.text().matches("-- Enter: back").count() == times);
        screen.presses("Enter");
        screen.waits_for("q quit");
    };
    screen.waits_for("-- Enter: back to the list --");
    assert!(screen.text().contains(" work"), "{}", screen.text());
    comes_back(1);
    screen.presses("j");
    screen.presses("p");
    screen.waits_for("paused");
    screen.waits_for("it is paused");
    screen.presses("p");
    wait_for("the run to go on", || world.row(&works)["status"] == "running");
    screen.waits_for("q quit");
    screen.presses("x");
    screen.waits_for(&format!("Stop {works}? [y/N]"));
    screen.presses("n");
    screen.waits_for("q quit");
    assert_eq!(world.row(&works)["status"], "running");
    screen.presses("x");
    screen.waits_for("[y/N]");
    screen.presses("y");
    comes_back(2);
    assert_eq!(world.row(&works)["status"], "stopped");
    screen.waits_for(" 1 run: 0 on, 1 to look at");
    screen.presses("D");
    screen.waits_for("A copy is kept for 30 days. [y/N]");
    screen.types("y");
    comes_back(3);
    screen.presses("q");
    screen.waits_for("done=0");
    assert!(world.list().iter().any(|row| row["name"] == *works), "the other one is discarded");
    assert!(world.list().iter().all(|row| row["name"] != *fails), "it is discarded");
}

#[test]
fn programs_get_the_whole_list_on_a_line_again_and_again() {
    let world = World::new();
    world.run("exit 7").exits(7);
    let mut command = world.bn_command(&["container", "list", "--watch", "--json"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..2 {
        let now: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!((now["runs"][0]["name"].as_str(), now["at"].is_string()), (Some(world.job().as_str()), true));
    }
    drop(lines);
    wait_for("its end", || child.try_wait().unwrap().is_some());
    let refused = world.bn(&["container", "top"]).exits(2);
    assert!(refused.stderr.contains("hint: for programs: bn container list --watch --json"), "{refused:#?}");
}

#[test]
fn it_ends_with_its_terminal() {
    let world = World::new();
    let screen = Screen::of(&world);
    screen.types("bash -c 'echo $$ > top.pid; exec bn container top'");
    screen.waits_for("q quit");
    let process = Path::new("/proc").join(world.shell("cat repo/top.pid").trim());
    assert!(process.exists());
    screen.closes();
    wait_for("its end", || !process.exists());
}
