//! The agent at the user's terminal.

use std::fs;
use std::process::Command;

use crate::running::MEET;
use crate::screen::Screen;
use crate::wall::{WITHOUT_RUNC, put};
use crate::world::{User, World, ctr, image, wait_for};

/// Commits when it is told to end.
const PATIENT: &str =
    "trap \"git commit -q --allow-empty -m last; exit 0\" TERM; touch ready; while :; do sleep 0.1; done";

/// A `bn container run` in which this script stands in for the agent; the script holds no single quote.
fn run_line(world: &World, script: &str) -> String {
    format!("bn container run ../agent-1 --tag {} --name {} -- bash -c '{script}'", image(), world.job())
}

fn worlds() -> Vec<World> {
    std::iter::once(World::new()).chain(World::of_other(User::Passwordless)).collect()
}

#[test]
fn the_agent_asks_the_user_and_its_exit_code_is_passed_on() {
    for world in worlds() {
        let screen = Screen::of(&world);
        screen.types(&format!(
            "{}; echo rc=$?",
            run_line(&world, "read -p \"Your na\"\"me? \" name; echo \"Hello, $name!\"; exit 5")
        ));
        screen.waits_for("Your name?");
        screen.types("Ann");
        screen.waits_for("rc=5");
        let text = screen.text();
        assert!(text.contains("Your name? Ann\nHello, Ann!\n"), "{text}");
        assert!(text.contains(&format!("{}: the agent failed (5)", world.job())), "{text}");
        world.assert_nothing_runs(&world.job());
    }
}

#[test]
fn work_of_an_agent_that_failed_is_merged_when_the_user_says_so() {
    let world = World::new();
    world.run("git commit -q --allow-empty -m work; exit 7").exits(7);
    for (reply, code, newest) in [("n", 3, "first"), ("", 3, "first"), ("y", 0, "work")] {
        let screen = Screen::of(&world);
        screen.types(&format!("bn container merge {}; echo rc=$?", world.job()));
        screen.waits_for("[y/N]");
        screen.types(reply);
        screen.waits_for(&format!("rc={code}"));
        world.assert_on_main(newest);
    }
}

#[test]
fn a_run_that_was_interrupted_is_given_up_when_the_user_says_so() {
    let world = World::new();
    let job = world.job();
    let run = world.start(&["--name", &job], &format!("git commit -q --allow-empty -m work; {MEET}"));
    run.meet();
    world.shell(&format!("kill -9 {}", run.pid()));
    for (reply, said, code) in [("n", "is kept", 2), ("", "is kept", 2), ("y", "discarded ", 0)] {
        let screen = Screen::of(&world);
        screen.types(&format!("bn container discard {job}; echo rc=$?"));
        screen.waits_for("which is not taken over yet");
        screen.waits_for("A copy is kept for 30 days. [y/N]");
        screen.types(reply);
        screen.waits_for(&format!("rc={code}"));
        screen.waits_for(said);
    }
    world.assert_nothing_runs(&job);
    world.assert_on_main("first");
    assert_eq!(
        world.shell("find repo/.git -name binnacle -o -name '*.keep'; git -C repo for-each-ref refs/binnacle"),
        ""
    );
}

#[test]
fn ctrl_c_and_the_size_of_the_window_are_the_agents() {
    for world in worlds() {
        let screen = Screen::of(&world);
        let script = "trap \"echo got-\\$((1 + 1))-int\" INT; trap \"stty size\" WINCH; stty size; touch ready; \
                      until [ -e go ]; do sleep 0.1; done; exit 6";
        screen.types(&format!("{}; echo rc=$?", run_line(&world, script)));
        screen.waits_for("\n40 150");
        wait_for("the script", || world.path("agent-1/ready").exists());
        screen.presses("C-c");
        screen.waits_for("got-2-int");
        screen.resizes(120, 30);
        // The terminal may show the ^C of before only now, in front of it.
        screen.waits_for("30 120");
        world.shell("touch agent-1/go");
        screen.waits_for("rc=6");
    }
}

#[test]
fn ctrl_c_reaches_an_agent_without_a_terminal() {
    for world in worlds() {
        let screen = Screen::of(&world);
        let script = "trap \"echo got-int; exit 9\" INT; touch ready; while :; do sleep 0.1; done";
        screen.types(&format!("{} > ../out; echo rc=$?", run_line(&world, script)));
        wait_for("the script", || world.path("agent-1/ready").exists());
        screen.presses("C-c");
        screen.waits_for("the agent failed (9)");
        assert!(world.shell("cat out").contains("got-int"));
    }
}

#[test]
fn a_window_that_is_closed_stops_the_agent_with_its_grace() {
    for world in worlds() {
        let screen = Screen::of(&world);
        screen.types(&run_line(&world, PATIENT));
        wait_for("the script", || world.path("agent-1/ready").exists());
        screen.closes();
        wait_for("the run to end", || world.row(&world.job())["status"] == "stopped");
        assert_eq!(world.git("log -1 --format=%s agent-1"), "last");
        world.assert_on_main("first");
        wait_for("its lock to be free", || world.bn(&["container", "list", "--quiet"]).stdout.is_empty());
        world.assert_nothing_runs(&world.job());
    }
}

#[test]
fn when_ctr_is_killed_the_agent_is_stopped_and_the_terminal_is_as_it_was() {
    for world in worlds() {
        let screen = Screen::of(&world);
        screen.types("stty -a > ../before");
        screen.types(&format!("{}; echo rc=$?; stty -a > ../after", run_line(&world, PATIENT)));
        wait_for("the script", || world.path("agent-1/ready").exists());
        let ctr_of_this_run = format!("^ctr .* {} /usr/local/bin/binnacle-entrypoint", world.job());
        assert!(
            Command::new("sudo").args(["-n", "pkill", "-KILL", "-f", &ctr_of_this_run]).status().unwrap().success()
        );
        screen.waits_for("rc=143");
        let line = format!("\n{}: stopped, 1 commit is kept\nhint: bn container merge", world.job());
        assert!(screen.text().contains(&line), "{}", screen.text());
        wait_for("the settings", || world.path("after").exists());
        assert_eq!(world.shell("cat after"), world.shell("cat before"));
        assert_eq!(world.git("log -1 --format=%s agent-1"), "last");
        world.assert_nothing_runs(&world.job());
    }
}

#[test]
fn a_shell_in_the_same_container_for_a_look_around() {
    let world = World::new();
    let screen = Screen::of(&world);
    screen.types(&format!("bn container run ../agent-1 --tag {} --name {} --shell; echo rc=$?", image(), world.job()));
    screen.waits_for(":/workspace");
    screen.types("git commit -q --allow-empty -m shells; id -u; grep CapBnd /proc/self/status; exit 4");
    screen.waits_for("rc=4");
    assert!(screen.text().contains("0000000000000000"), "no capability is left: {}", screen.text());
    world.assert_on_main("first");
    assert_eq!(world.git("log -1 --format=%s agent-1"), "shells");
    assert!(!ctr(&["containers", "ls", "-q"]).contains(&world.job()));
}

#[test]
fn a_shell_needs_a_terminal() {
    let world = World::new();
    let answer = world.bn(&["container", "run", "../agent-1", "--shell"]).exits(2);
    assert_eq!(answer.stderr, "Error: --shell needs a terminal on standard input and output\n");
}

#[test]
fn what_an_agent_prints_gives_the_terminal_no_orders() {
    let world = World::new();
    let screen = Screen::of(&world);
    let (name, orders) = (world.job(), r"\033]2;owned\007\033[31mred\033[0m\033[2J");
    let run = format!("bn container run ../agent-1 --tag {} --name {name} -- printf '{orders}'", image());
    screen.types(&format!("{run} < /dev/null; echo rc=$?"));
    screen.waits_for("rc=0");
    screen.types(&format!("bn container logs {name}; echo logs=$?"));
    screen.waits_for("logs=0");
    // The first time what bn says comes behind it, in a line of its own.
    assert_eq!(screen.text().matches("\nred\n").count(), 1, "{}", screen.text());
    assert_eq!(screen.text().matches("redlogs=0").count(), 1, "{}", screen.text());
    assert_ne!(screen.title(), "owned");
    // Elsewhere than on a terminal it is as it was; and to this terminal it means something.
    screen.types(&format!("bn container logs {name} | cat; echo piped=$?"));
    screen.waits_for("piped=0");
    assert_eq!(screen.title(), "owned");
}

#[test]
fn what_the_agent_did_to_the_terminal_last_hides_nothing_that_bn_says() {
    let last = ["\x1b]0;", "\x1bP", "\x1b_", "\x1b[?1049h\x1b]2;", "\x1b(0\x0e"];
    for orders in last {
        let world = World::new();
        fs::write(world.path("agent-1/last"), orders).unwrap();
        let screen = Screen::of(&world);
        screen.types(&format!("{}; echo rc=$?", run_line(&world, "git commit -q --allow-empty -m work; cat last")));
        wait_for("the work", || world.shell("git -C repo log -1 --format=%s").trim() == "work");
        screen.waits_for("rc=0");
        let text = screen.text();
        assert!(text.contains(&format!("{}: merged", world.job())), "{orders:?}: {text}");
    }
}

/// It wanted keys as numbers, and left its terminal raw: so does a Codex that is killed.
#[test]
fn a_killed_agent_leaves_a_terminal_in_which_one_can_type() {
    let world = World::new();
    let screen = Screen::of(&world);
    let all = world.path("all");
    screen.is_written_to(&all);
    let script = r#"stty raw; printf "\033[>7u\033[>4;2m"; git commit -q --allow-empty -m work; kill -9 $$"#;
    screen.types(&format!("{}; echo rc=$?", run_line(&world, script)));
    screen.waits_for("rc=137");
    let bytes = fs::read_to_string(&all).unwrap();
    let (_, after) = bytes.split_once("\x1b[>7u\x1b[>4;2m").unwrap();
    assert!(after.contains("\x1b[=0;1u") && after.contains("\x1b[>4m"), "{after:?}");
    assert!(screen.text().contains(&format!("\n{}: ", world.job())), "{}", screen.text());
}

/// Where a run cannot start, and where the agent stopped in the middle of a line: what bn says begins at the first column.
#[test]
fn whatever_bn_says_after_the_agent_had_the_terminal_begins_a_line() {
    for world in worlds() {
        begins_a_line(&world);
    }
}

fn begins_a_line(world: &World) {
    let screen = Screen::of(world);
    screen.types(&format!("{}; echo rc=$?", run_line(world, "printf half-a-line; touch ready; kill -9 -1; sleep 60")));
    screen.waits_for("rc=137");
    let text = screen.text();
    assert!(text.contains(&format!("\n{}: ", world.job())), "{text}");
    assert!(text.contains("\nrepo: 0 ready"), "what the agent says after a note of bn's begins a line, too: {text}");
    if world.user != User::Me {
        return;
    }
    // A runc that says yes and sets nothing: the run is refused once the terminal was handed out.
    fs::create_dir(world.path("bin")).unwrap();
    put(&world.path("bin"), "runc", "exit 0");
    put(&world.path("bin"), "sudo", WITHOUT_RUNC);
    let refused = format!("bn container run ../agent-1 --tag {} --name {}-refused -- true", image(), world.job());
    screen.types(&format!("PATH={}:$PATH {refused}; echo rc=$?", world.path("bin").display()));
    screen.waits_for("rc=125");
    let text = screen.text();
    assert!(text.contains("\nError: the agent was not started"), "{text}");
}
