//! What an agent finds of the user's terminal, clock and machine.

use std::process::Command;

use crate::running::MEET;
use crate::screen::Screen;
use crate::world::{World, image, wait_for};

/// A `bn container run` at the terminal, with this script in the agent's place; it holds no single quote.
fn types(screen: &Screen, world: &World, variables: &str, name: &str, script: &str) {
    let run = format!("bn container run ../agent-1 --no-merge --tag {} --name {}", image(), world.name(name));
    screen.types(&format!("{variables} {run} -- bash -c '{script}'; echo rc=$?"));
}

#[test]
fn the_agent_has_the_users_terminal_as_far_as_the_image_knows_it() {
    let world = World::new();
    let told = "echo =${TERM}=${COLORTERM}=${LANG}=${EDITOR}=; tput -T $TERM cols > /dev/null && echo known";
    for (name, variables, expected) in [
        ("known", "COLORTERM=truecolor EDITOR=/opt/bin/less", "=screen=truecolor=C.UTF-8=less="),
        ("unknown", "TERM=xterm-nobody-has EDITOR=\"nosuch --wait\"", "=xterm-256color==C.UTF-8=vim="),
        ("odd", "TERM=../../../etc/passwd VISUAL=\"vim -n\"", "=xterm-256color==C.UTF-8=vim -n="),
    ] {
        let screen = Screen::of(&world);
        types(&screen, &world, variables, name, told);
        screen.waits_for("rc=0");
        let text = screen.text();
        assert!(text.contains(expected) && text.contains("\nknown"), "{name}: {text}");
    }
    let answer = world.agent(&["--name", &world.name("none")], "printenv TERM EDITOR || echo none of them").exits(0);
    assert!(answer.stdout.contains("none of them\n"), "{answer:#?}");
}

/// A line's end moves down alone, as editors take it; and before and after that, to the next line's beginning. sudo's own terminal between
/// `ctr` and the user's (`use_pty`) nobody can reach: there it moves to the beginning all the time.
#[test]
fn what_a_program_in_raw_mode_writes_is_shown_as_it_was_written() {
    let script = "echo one; echo two; stty raw -echo; printf \"abc\\ndef\\r\\n\"; stty sane; echo three; echo four";
    let expected = match rustix::process::geteuid().is_root() {
        true => "one\ntwo\nabc\n   def\nthree\nfour\n",
        false => "one\ntwo\nabc\ndef\nthree\nfour\n",
    };
    for options in ["", "--detach-on-hangup"] {
        let world = World::new();
        let screen = Screen::of(&world);
        let run = format!("bn container run ../agent-1 --tag {} --name {} {options}", image(), world.job());
        screen.types(&format!("{run} -- bash -c '{script}'; echo rc=$?"));
        screen.waits_for("rc=0");
        assert!(screen.text().contains(expected), "{options}: {}", screen.text());
        screen.types("clear; stty -a | grep -o '^opost'");
        screen.waits_for("\nopost");
    }
    let world = World::new();
    let running = world.start(&["--name", &world.job()], MEET);
    running.meet();
    let screen = Screen::of(&world);
    screen.types(&format!("bn container exec {} -- bash -c '{script}'; echo rc=$?", world.job()));
    screen.waits_for("rc=0");
    assert!(screen.text().contains(expected), "exec: {}", screen.text());
    running.go_on().exits(0);
}

#[test]
fn what_the_user_gives_by_name_goes_before_what_is_found() {
    let world = World::new();
    let screen = Screen::of(&world);
    let run = format!("bn container run ../agent-1 --tag {} --name {}", image(), world.job());
    screen.types(&format!("{run} -e TERM=vt100 -e TZ=UTC-3 -- bash -c 'echo =$TERM=$(date +%z)='; echo rc=$?"));
    screen.waits_for("rc=0");
    assert!(screen.text().contains("=vt100=+0300="), "{}", screen.text());
}

#[test]
fn commits_bear_the_users_time_zone() {
    let world = World::new();
    for (zone, offset) in [("Asia/Tokyo", "+0900"), ("<-07>7", "-0700"), ("Asia/Kolkata", "+0530")] {
        let mut line = vec!["container", "run", "../agent-1", "--no-merge", "--tag"];
        let (image, name) = (image(), world.name(&offset[1..]));
        line.extend([&image, "--name", &name, "--", "git", "commit", "-q", "--allow-empty", "-m", zone]);
        let output = world.bn_command(&line).env("TZ", zone).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let date = world.git("log -1 --format=%ad --date=format:%z agent-1");
        assert_eq!(date, offset, "{zone}");
    }
    let run = ["container", "run", "../agent-1", "-d", "--tag", &image(), "--name", &world.job(), "--", "sleep", "100"];
    assert!(world.bn_command(&run).env("TZ", "<-07>7").status().unwrap().success());
    let beside = world.bn(&["container", "exec", &world.job(), "--", "date", "+%z"]).exits(0);
    assert_eq!(beside.stdout, "-0700\n");
}

#[test]
fn an_agent_that_is_stopped_at_the_terminal_goes_on() {
    for (key, stop) in [("C-z", ""), ("", "kill -STOP \\$\\$;"), ("", "kill -STOP 0;")] {
        let world = World::new();
        let screen = Screen::of(&world);
        let script = format!("touch ready; sleep 0.5; {stop} until [ -e go ]; do sleep 0.1; done; exit 6");
        types(&screen, &world, "", "job", &script);
        wait_for("the script", || world.path("agent-1/ready").exists());
        if !key.is_empty() {
            screen.presses(key);
        }
        std::thread::sleep(std::time::Duration::from_secs(1));
        world.shell("touch agent-1/go");
        screen.waits_for("rc=6");
    }
}

#[test]
fn jobs_of_a_shell_inside_can_be_stopped_as_ever() {
    let world = World::new();
    let screen = Screen::of(&world);
    screen.types(&format!("bn container run ../agent-1 --tag {} --name {} --shell", image(), world.job()));
    screen.waits_for(":/workspace");
    screen.types("touch ready; sleep 1000");
    wait_for("the shell", || world.path("agent-1/ready").exists());
    std::thread::sleep(std::time::Duration::from_millis(500));
    screen.presses("C-z");
    screen.waits_for("Stopped");
    std::thread::sleep(std::time::Duration::from_secs(2));
    screen.types("jobs -s | grep -c sleep; kill -9 %1; sleep 1; exit 0");
    wait_for("the end", || world.row(&world.job())["status"] == "exited (0)");
    assert!(screen.text().contains("\n1\n"), "{}", screen.text());
}

#[test]
fn node_says_nothing_of_the_proxy_where_it_can_be_told() {
    let world = World::new();
    world.shell("mkdir agent-1/bin");
    for (version, options) in [
        ("v22.1.0", "--disable-warning=UNDICI-EHPA --trace-warnings"),
        ("v20.11.0", "--disable-warning=UNDICI-EHPA --trace-warnings"),
        ("v21.2.9", "--trace-warnings"),
        ("v18.19.0", "--trace-warnings"),
        ("nonsense", "--trace-warnings"),
    ] {
        world.shell(&format!("printf '#!/bin/sh\\necho {version}\\n' > agent-1/bin/node; chmod 755 agent-1/bin/node"));
        let name = world.name(&version.replace('.', "-"));
        let path = "PATH=/workspace/bin:/usr/local/bin:/usr/bin:/bin";
        let options_here = ["--no-merge", "--name", &name, "-e", path, "-e", "NODE_OPTIONS=--trace-warnings"];
        let answer = world.agent(&options_here, "echo \"=$NODE_OPTIONS=\"").exits(0);
        assert!(answer.stdout.contains(&format!("={options}=")), "{version}: {answer:#?}");
    }
}

#[test]
fn shared_memory_is_as_large_as_the_run_may_have_and_no_larger() {
    let world = World::new();
    let script = "df --output=size -B1 /dev/shm | tail -1; head -c 100M /dev/zero > /dev/shm/some && echo fits; \
                  head -c 500M /dev/zero > /dev/shm/more || echo full; grep -c noexec <(grep /dev/shm /proc/self/mounts)";
    let answer = world.agent(&["--name", &world.job(), "--memory", "1g"], script).exits(0);
    let words: Vec<&str> = answer.stdout.split_whitespace().collect();
    for word in ["536870912", "fits", "full"] {
        assert!(words.contains(&word), "{answer:#?}");
    }
    assert!(!Command::new("ls").arg("/dev/shm/some").output().unwrap().status.success(), "it is the container's own");
}
