//! What is seen of work that takes long: on a terminal, off it, and where nobody wants to see it.

use crate::build::{Image, least, least_of, own_store, with_program};
use crate::screen::Screen;
use crate::world::{World, answer};

/// A buildah that takes its time over whatever is a step of its own.
const SLOW: &str = "case $1 in build) echo 'STEP 3/12: RUN a long command'; sleep 2;; push) sleep 2;; esac";

/// What a line that moves begins with.
const MARKS: [&str; 4] = ["| 0:", "/ 0:", "- 0:", "\\ 0:"];

fn moves(text: &str) -> bool {
    MARKS.iter().any(|mark| text.contains(mark))
}

/// A build with slow programs, as a shell has it typed.
fn build_line(built: &Image, path: &str, flags: &str) -> String {
    let file = built.world.path("Definition");
    std::fs::write(&file, least_of(built)).unwrap();
    let own_store = if rustix::process::geteuid().is_root() { "" } else { "env -u HOME " };
    let build = format!("bn {flags} container build --tag {} --file {}", built.reference, file.display());
    format!("PATH={path}:$PATH {own_store}{build}; echo rc=$?")
}

/// A terminal on which a slow build was typed, and which keeps what is written to it.
fn terminal_with(built: &Image, before: &str, flags: &str) -> Screen {
    let path = with_program(built.world, "buildah", SLOW);
    let screen = Screen::of(built.world);
    screen.records();
    screen.types(&format!("{before}{}", build_line(built, &path, flags)));
    screen
}

#[test]
fn a_build_shows_how_far_it_is_and_leaves_nothing_of_that() {
    let world = World::new();
    let built = Image::of(&world);
    let screen = terminal_with(&built, "", "");
    screen.waits_for("building: step 3 of 12: RUN a long command");
    // What buildah prints stands above.
    screen.waits_for("STEP 3/12: RUN a long command\n");
    screen.waits_for(&format!("writing {} down for containerd", built.reference));
    screen.waits_for("rc=0");
    let text = screen.text();
    assert!(!moves(&text) && !text.contains("building: step") && !text.contains("down for"), "{text}");
    assert!(text.contains(&format!("\n{} built (", built.reference)), "{text}");
    assert!(moves(&screen.recorded()));
    assert!(built.is_in_containerd());
}

#[test]
fn off_a_terminal_a_build_has_the_lines_that_it_had_and_with_quiet_none() {
    let world = World::new();
    let built = Image::of(&world);
    let path = with_program(&world, "buildah", SLOW);
    let file = world.path("Definition");
    std::fs::write(&file, least_of(&built)).unwrap();
    let build = |more: &[&str]| {
        let line = ["container", "build", "--tag", &built.reference, "--file", file.to_str().unwrap()];
        let mut command = world.bn_command(&[&line[..], more].concat());
        answer(own_store(&mut command).env("PATH", &path).env("TERM", "xterm").output().unwrap()).exits(0)
    };
    let plain = build(&[]);
    let first = format!("building {} from {}\nSTEP 3/12: RUN a long command\n", built.reference, file.display());
    assert!(plain.stderr.starts_with(&first), "{plain:#?}");
    assert!(!moves(&plain.stderr) && !plain.stderr.contains(['\r', '\u{1b}']), "{plain:#?}");
    std::fs::write(&file, least_of(&built) + "ENV ANOTHER=1\n").unwrap();
    let quiet = build(&["--quiet"]);
    assert_eq!(quiet.stderr, "");
    assert!(quiet.stdout.starts_with(&format!("{} built (", built.reference)), "{quiet:#?}");
}

#[test]
fn with_quiet_a_terminal_sees_the_result_alone_or_why_there_is_none() {
    let world = World::new();
    let built = Image::of(&world);
    let screen = terminal_with(&built, "", "--quiet");
    screen.waits_for("rc=0");
    assert!(screen.text().contains(&format!("\n{} built (", built.reference)));
    let recorded = screen.recorded();
    assert!(!moves(&recorded) && !recorded.contains("STEP"), "{recorded}");
    std::fs::write(world.path("Definition"), least_of(&built) + "RUN echo what went wrong; exit 3\n").unwrap();
    let line = ["--quiet", "container", "build", "--tag", &built.reference, "--file"];
    let mut command = world.bn_command(&line);
    let failed = answer(own_store(command.arg(world.path("Definition"))).output().unwrap()).exits(125);
    assert!(failed.stderr.contains("\nwhat went wrong\n"), "{failed:#?}");
}

#[test]
fn a_terminal_that_obeys_nothing_gets_no_line_that_moves() {
    let world = World::new();
    let built = Image::of(&world);
    let screen = terminal_with(&built, "export TERM=dumb; ", "");
    screen.waits_for("rc=0");
    let recorded = screen.recorded();
    assert!(!moves(&recorded) && recorded.contains("STEP 3/12"), "{recorded}");
}

#[test]
fn ctrl_c_takes_the_line_along() {
    let world = World::new();
    let built = Image::of(&world);
    let path = with_program(&world, "buildah", "[[ $1 == push ]] && exec sleep 60");
    let screen = Screen::of(&world);
    screen.types(&build_line(&built, &path, ""));
    screen.waits_for(&format!("writing {} down for containerd", built.reference));
    screen.presses("C-c");
    screen.types("");
    screen.types("echo still-$((1 + 1))");
    screen.waits_for("still-2");
    let text = screen.text();
    assert!(!moves(&text) && !text.contains("down for containerd"), "{text}");
}

/// A terminal on which this verb was typed for the world's run, with a git that takes its time over everything.
fn slow_terminal(world: &World, verb: &str) -> Screen {
    let screen = Screen::of(world);
    let path = with_program(world, "git", "sleep 0.4");
    screen.types(&format!("PATH={path}:$PATH bn container {verb}; echo rc=$?"));
    screen
}

fn assert_ended(screen: &Screen, said: &str) {
    screen.waits_for("rc=0");
    let text = screen.text();
    assert!(!moves(&text) && text.contains(said), "{text}");
}

#[test]
fn a_stop_shows_whom_it_waits_for_and_with_quiet_it_does_not() {
    for (flags, moved) in [("", true), ("--quiet", false)] {
        let world = World::new();
        let job = world.job();
        let deaf = "trap '' TERM; touch ready; while :; do sleep 0.2; done";
        world.agent(&["--detach", "--name", &job], deaf).exits(0);
        crate::world::wait_for("the agent", || world.path("agent-1/ready").exists());
        let screen = Screen::of(&world);
        screen.records();
        screen.types(&format!("bn {flags} container stop -t 3 {job}; echo rc=$?"));
        if moved {
            screen.waits_for(&format!("stopping {job}"));
        }
        screen.waits_for("rc=0");
        assert!(!moves(&screen.text()) && screen.text().contains(&format!("\n{job}\n")), "{}", screen.text());
        assert_eq!(moves(&screen.recorded()), moved, "{flags}");
    }
}

#[test]
fn a_prune_shows_which_run_it_looks_at() {
    let world = World::new();
    let job = world.job();
    world.agent(&["--name", &job], "true").exits(0);
    let screen = slow_terminal(&world, "prune");
    screen.waits_for(&format!("looking at {job}, 1 of 1"));
    assert_ended(&screen, &format!("forgot {job}: "));
}

#[test]
fn the_line_is_gone_before_a_question_and_comes_back_after_it() {
    let world = World::new();
    let job = world.job();
    world.agent(&["--name", &job, "--no-merge"], "git commit -q --allow-empty -m work").exits(0);
    let screen = slow_terminal(&world, &format!("discard {job}"));
    screen.waits_for(&format!("looking for what only {job} has"));
    screen.waits_for("[y/N]");
    assert!(!moves(&screen.text()), "{}", screen.text());
    screen.types("y");
    screen.waits_for(&format!("keeping a copy of {job}"));
    assert_ended(&screen, &format!("discarded {job}; "));
}

#[test]
fn a_merge_shows_its_line_after_its_question() {
    let world = World::new();
    let job = world.job();
    world.agent(&["--name", &job], "git commit -q --allow-empty -m work; exit 7").exits(7);
    let screen = slow_terminal(&world, &format!("merge {job}"));
    screen.waits_for("[y/N]");
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert!(!moves(&screen.text()), "{}", screen.text());
    screen.types("y");
    screen.waits_for(&format!("taking over what {job} has made"));
    assert_ended(&screen, "merged into main");
}

/// Puts a line in front of `ctr`, where root calls it and where sudo does.
fn slow_ctr(world: &World, line: &str) -> String {
    with_program(world, "sudo", line);
    with_program(world, "ctr", line)
}

#[test]
fn an_image_on_its_way_shows_its_bytes_and_a_run_that_takes_one_from_buildah_says_so() {
    let world = World::new();
    let built = Image::of(&world);
    built.build(&least()).exits(0);
    crate::world::ctr(&["images", "rm", "--sync", &built.reference]);
    with_program(&world, "buildah", SLOW);
    let path = slow_ctr(&world, "[[ $* == *' import '* ]] && sleep 2");
    let screen = Screen::of(&world);
    let own_store = if rustix::process::geteuid().is_root() { "" } else { "env -u HOME " };
    let run = format!("bn container run --tag {} ../agent-1 -- true", built.reference);
    screen.types(&format!("PATH={path}:$PATH {own_store}{run}; echo rc=$?"));
    screen.waits_for(&format!("writing {} down for containerd", built.reference));
    crate::world::wait_for("the bytes", || {
        let text = screen.text();
        let line = text.lines().find(|line| line.contains(&format!("handing {} to containerd: ", built.reference)));
        line.is_some_and(|line| line.contains(" of ") && line.ends_with('B'))
    });
    assert_ended(&screen, "nothing to merge into main");
}

#[test]
fn a_start_shows_that_its_container_starts() {
    let world = World::new();
    let path = slow_ctr(&world, "[[ $* == *' run '* ]] && sleep 2");
    let (screen, job) = (Screen::of(&world), world.job());
    let run = format!("bn container run -d --name {job} --tag {} ../agent-1 -- true", crate::world::image());
    screen.types(&format!("PATH={path}:$PATH {run}; echo rc=$?"));
    screen.waits_for(&format!("starting the container of {job}"));
    assert_ended(&screen, &job);
    world.bn(&["container", "wait", &job]).exits(0);
}

#[test]
fn a_merge_shows_its_check_and_whom_it_waits_for() {
    let world = World::new();
    let job = world.job();
    let (other, commit) = (world.name("other"), "git commit -q --allow-empty -m work");
    world.agent(&["--name", &job, "--no-merge"], commit).exits(0);
    world.git("worktree add -q ../other -b other");
    world.bn(&crate::world::run_line("../other", &["--name", &other, "--no-merge"], commit)).exits(0);
    let (screen, second) = (Screen::of(&world), Screen::of(&world));
    screen.types(&format!("bn container merge {job} --check 'sleep 6; true'; echo rc=$?"));
    screen.waits_for(&format!("checking {job}: sleep 6; true"));
    second.types(&format!("bn container merge {other} --wait --rebase; echo rc=$?"));
    second.waits_for("waiting for another run that lands here");
    assert_ended(&screen, "merged into main");
    assert_ended(&second, "merged into main");
}

#[test]
fn off_a_terminal_what_takes_long_is_a_plain_line_and_with_quiet_none() {
    let told: Vec<_> = [&[][..], &["--quiet"]]
        .map(|flags: &'static [&str]| {
            std::thread::spawn(move || {
                let world = World::new();
                let deaf = "trap '' TERM; touch ready; while :; do sleep 0.2; done";
                world.agent(&["--detach", "--name", &world.job()], deaf).exits(0);
                crate::world::wait_for("the agent", || world.path("agent-1/ready").exists());
                let stopped = world.bn(&[flags, &["container", "stop", "-t", "14", &world.job()]].concat()).exits(0);
                (stopped.stderr, format!("stopping {}\n", world.job()))
            })
        })
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    assert_eq!(told[0].0, told[0].1);
    assert_eq!(told[1].0, "");
}

#[test]
fn to_empty_caches_and_what_agents_remember_is_shown() {
    let world = World::new();
    let job = crate::waiting::begin(&world, "claude", "x");
    world.bn(&["container", "stop", "--time", "0", &job]).exits(0);
    for (flag, said) in [("--caches", "emptying "), ("--agents", "forgetting ")] {
        let screen = Screen::of(&world);
        // Whoever begins a run keeps the door shut meanwhile.
        screen.types("flock \"$(ls -d ~/.local/state/binnacle/.lock)\" sleep 3 &");
        screen.types(&format!("sleep 0.5; clear; bn container prune {flag}; echo rc=$?"));
        screen.waits_for(said);
        screen.waits_for("rc=0");
        assert!(!moves(&screen.text()), "{}", screen.text());
    }
}
