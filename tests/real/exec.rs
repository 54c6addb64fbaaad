//! One more program in a run's container: what it can do, and what it cannot.

use std::process::Stdio;

use crate::running::MEET;
use crate::screen::Screen;
use crate::world::{Answer, User, World, answer};

/// A program beside the agent of the run `job`.
fn exec(world: &World, words: &[&str]) -> Answer {
    world.bn(&[&["container", "exec", &world.job(), "--"], words].concat())
}

#[test]
fn a_program_works_beside_the_agent_in_the_same_walls() {
    for world in [Some(World::new()), World::of_other(User::Passwordless)].into_iter().flatten() {
        let run = world.start(&["--name", &world.job()], MEET);
        run.meet();
        let said = exec(
            &world,
            &[
                "bash",
                "-c",
                "pwd; echo $HOME; id -u; grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status; \
            prlimit --core --fsize --nofile --output=HARD --noheadings | xargs; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; true",
            ],
        );
        let said = said.exits(0).stdout;
        assert!(said.starts_with(&format!("/workspace\n/home/agent\n{}\n", world.shell("id -u").trim())), "{said}");
        let zero = said.lines().filter(|line| line.starts_with("Cap") && line.ends_with("\t0000000000000000")).count();
        assert_eq!(zero, 5, "{said}");
        assert!(said.contains("NoNewPrivs:\t1\n") && said.contains("Seccomp:\t2\n"), "{said}");
        // Through sudo the limit of core dumps may be 0 already.
        assert!(said.contains("\n1 ") || said.contains("\n0 "), "{said}");
        assert!(!said.contains("unlimited") && said.ends_with("\n4096\n"), "the limits of the agent: {said}");
        // It sees the agent's processes, and the agent its.
        assert!(exec(&world, &["cat", "/proc/1/comm"]).exits(0).stdout == "tini\n");
        exec(&world, &["bash", "-c", "exit 7"]).exits(7);
        let missing = exec(&world, &["no-such-program"]);
        assert!(missing.code != 0 && missing.stderr.contains("no-such-program"), "{missing:#?}");
        assert!(!missing.stderr.contains("level=") && !missing.stderr.contains("goroutine"), "{missing:#?}");
        run.go_on().exits(0);
        let late = exec(&world, &["true"]).exits(125);
        assert!(late.stderr.contains("hint: what became of it: bn container inspect"), "{late:#?}");
    }
}

#[test]
fn what_is_piped_in_and_out_passes_through() {
    let world = World::new();
    let run = world.start(&["--name", &world.job()], MEET);
    run.meet();
    let mut command = world.bn_command(&["container", "exec", &world.job(), "--", "tr", "a-z", "A-Z"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"hello\n").unwrap();
    assert_eq!(answer(child.wait_with_output().unwrap()).exits(0).stdout, "HELLO\n");
    run.go_on().exits(0);
}

#[test]
fn a_shell_opens_in_a_terminal_and_gives_it_back() {
    let world = World::new();
    let run = world.start(&["--name", &world.job()], MEET);
    run.meet();
    let screen = Screen::of(&world);
    screen.types(&format!("bn container shell {}; echo rc=$?; stty -a | grep -o ' icanon'", world.job()));
    screen.waits_for("/workspace");
    screen.types("stty size; exit 3");
    screen.waits_for("rc=3");
    screen.waits_for(" icanon");
    assert!(screen.text().contains("40 150\n"), "{}", screen.text());
    run.go_on().exits(0);
    let refused = world.bn(&["container", "shell", &world.job()]);
    assert_ne!(refused.code, 0, "{refused:#?}");
}

#[test]
fn a_program_beside_the_agent_has_the_terminal_that_it_is_started_in() {
    let world = World::new();
    let run = world.start(&["--name", &world.job()], MEET);
    run.meet();
    let told = "echo =${TERM}=${COLORTERM}=${LANG}=${EDITOR}=${BN_TERM}=; tput colors";
    for (variables, expected) in [
        ("COLORTERM=truecolor EDITOR=/opt/bin/less", "=screen=truecolor=C.UTF-8=less==\n8\n"),
        ("TERM=xterm-nobody-has COLORTERM= EDITOR=nosuch", "=xterm-256color==C.UTF-8=vim==\n256\n"),
    ] {
        let screen = Screen::of(&world);
        screen.types(&format!("{variables} bn container exec {} -- bash -c '{told}'; echo rc=$?", world.job()));
        screen.waits_for("rc=0");
        assert!(screen.text().contains(expected), "{variables}: {}", screen.text());
    }
    let piped = exec(&world, &["bash", "-c", "printenv TERM EDITOR BN_TERM || echo none of them"]).exits(0);
    assert_eq!(piped.stdout, "none of them\n");
    run.go_on().exits(0);
}

/// Where the agent is root without capabilities it can replace what stands in the image; nobody's capabilities are lent to it.
#[test]
fn an_agent_that_takes_the_programs_place_gets_nothing_that_it_had_not() {
    let world = World::new();
    let trap = "#!/bin/bash\ngrep -E '^(Cap|NoNew|Seccomp:|Uid)' /proc/self/status >/workspace/caught\n";
    let script = format!(
        "printf '%s' \"$TRAP\" > /tmp/trap; chmod +x /tmp/trap; for place in /usr/local/bin/bn /bin/bash /usr/bin/git; do \
         cp /tmp/trap $place.new 2>/dev/null && mv -f $place.new $place 2>/dev/null; done; {MEET}"
    );
    let run = world.start(&["--name", &world.job(), "--no-merge", "-e", &format!("TRAP={trap}")], &script);
    run.meet();
    drop(exec(&world, &["git", "status"]));
    if let Ok(caught) = std::fs::read_to_string(world.path("agent-1/caught")) {
        assert_eq!(caught.lines().filter(|line| line.ends_with("\t0000000000000000")).count(), 5, "{caught}");
        assert!(caught.contains("NoNewPrivs:\t1") && caught.contains("Seccomp:\t2"), "{caught}");
    }
    drop(run.go_on());
}

/// A runc that ignores what it is told about capabilities: the program never runs.
#[test]
fn a_program_that_would_be_outside_the_walls_is_not_let_go() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let run = world.start(&["--name", &world.job()], MEET);
    run.meet();
    let folder = world.path("bin");
    std::fs::create_dir(&folder).unwrap();
    // sudo has a PATH of its own: what it starts is changed in front of it.
    for name in ["runc", "sudo"] {
        let real = world.shell(&format!("command -v {name}"));
        let edit = r#"for file; do case $file in *exec-*.json) sed -i 's/"bounding":..,/"bounding":["CAP_CHOWN"],/' "$file";; esac; done"#;
        std::fs::write(folder.join(name), format!("#!/bin/sh\n{edit}\nexec {real} \"$@\"\n")).unwrap();
        std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = world.bn_command(&["container", "exec", &world.job(), "--", "touch", "/workspace/ran"]);
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let refused = answer(command.env("PATH", path).output().unwrap()).exits(125);
    assert!(refused.stderr.contains("the bounding capabilities are 0x1, not 0"), "{refused:#?}");
    assert!(!world.path("agent-1/ran").exists(), "it ran");
    run.go_on().exits(0);
}
