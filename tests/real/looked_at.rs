//! What an agent can do to those who look at its run, look into it or step in: nothing that it makes is obeyed on the way.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::program;
use crate::screen::Screen;
use crate::waiting;
use crate::world::{Answer, World, answer, wait_for};

/// Programs that lie in the worktree, for whoever stands there and has `.` on their PATH.
const PLANTED: [&str; 8] = ["git", "sh", "bash", "less", "ls", "ssh", "ctr", "sudo"];

/// A question whose words are orders to a terminal: another title, another colour, the other direction, the line above.
const ASKS: &str = r#"{"type":"assistant","message":{"content":[{"type":"text","text":"said\u001b]0;evil\u0007\u009b31m\u202etxet"},{"type":"tool_use","id":"q","name":"AskUserQuestion","input":{"questions":[{"question":"Which\u001b]0;evil\u0007\u001b[2J\u001b[1A one?"}]}}]}}
"#;

/// What it does before it asks: commits, files, branches, attributes, configuration, tasks.
const HOSTILE: &str = r#"
    e=$(printf '\033]0;evil\007\302\23331m'); u=$(printf '\342\200\256')
    bn task create "title$e"; bn task create "Draw the logo$u" >/dev/null; bn task claim $(bn ready --json | jq -r '.tasks[0].id') >/dev/null
    echo one > "file$e"; echo two > "$(printf 'x%.0s' $(seq 250))"; printf 'a\nb' > "$(printf 'two\nlines')"
    printf '* diff=evil filter=evil textconv=evil\n' > .gitattributes
    for where in --local --global; do for key in core.pager pager.diff pager.log diff.external diff.evil.command diff.evil.textconv filter.evil.clean core.fsmonitor; do
        git config $where $key "touch $RAN"; done; done
    cp ~/.gitconfig .gitconfig
    git add -A; git commit -qm "subject$e$u"; git branch "branch$u"; echo lies > "lies$e"
"#;

fn hostile(world: &World) -> String {
    for name in PLANTED {
        let path = world.path("agent-1").join(name);
        fs::write(&path, format!("#!/bin/bash\ntouch {}/ran-{name}\n", world.path("agent-1").display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    // On the host alone there is such a folder.
    let does = format!("RAN={}\n{HOSTILE}", world.path("agent-1/ran-configured").display());
    waiting::begin_after(world, "claude", &does, ASKS)
}

/// In the agent's own worktree, by somebody whose PATH begins there.
fn stands_there(world: &World, words: &[&str]) -> Answer {
    let mut command = world.bn_command(words);
    let path = format!(".:{}:{}", world.path("agent-1").display(), std::env::var("PATH").unwrap());
    answer(command.current_dir(world.path("agent-1")).env("PATH", path).output().unwrap())
}

fn ran(world: &World) -> String {
    world.shell("ls agent-1 | grep '^ran-' || true")
}

/// Nothing in it is an order to a terminal, or turns the text around.
fn is_plain(letter: char) -> bool {
    matches!(letter, '\n' | '\t') || !letter.is_control() && letter != '\u{202e}'
}

#[test]
fn no_word_of_an_agents_is_obeyed_and_no_program_of_its_is_started_by_those_who_look() {
    let world = World::new();
    let job = hostile(&world);
    waiting::since(&world, &job, 12);
    let mut told = world.bn_command(&["container", "events"]);
    let mut events = told.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let job = job.as_str();
    let notify = format!("--notify=echo \"$BN_RUN $BN_OUTCOME\" >>{}", world.path("told").display());
    let looks: &[&[&str]] = &[
        &["list"],
        &["list", "--all"],
        &["list", "--json"],
        &["log", job],
        &["log", "--json", job],
        &["diff", "--stat", job],
        &["diff", "--json", job],
        &["stats"],
        &["inspect", job],
        &["allow", job, "--check", "example.org"],
        &["port", job],
        &["ssh-config", job],
        &["tell", job, "Keep the old names"],
        &["exec", job, "--", "true"],
        // It has used the graph: ten seconds after that it counts as waiting.
        &["wait", &notify, "--timeout", "14s", job],
    ];
    for look in looks {
        let seen = stands_there(&world, &[&["container"], *look].concat());
        for text in [&seen.stdout, &seen.stderr] {
            assert!(text.chars().all(is_plain), "{look:?}: {text:?}");
        }
        assert!(ran(&world).is_empty(), "{look:?}: {}", ran(&world));
        assert!(seen.code != 126 && seen.code != 127, "{look:?}: {seen:#?}");
    }
    assert_eq!(fs::read_to_string(world.path("told")).unwrap(), format!("{job} waiting\n"));
    events.kill().unwrap();
    let heard = answer(events.wait_with_output().unwrap()).stdout;
    assert!(heard.chars().all(is_plain), "{heard:?}");

    // On a terminal, which would obey.
    let screen = Screen::of(&world);
    let there = format!("cd {}; PATH=.:$PATH;", world.path("agent-1").display());
    let verbs = ["diff", "log", "logs", "logs --timestamps --tail 3"].map(|verb| format!("{verb} {job}"));
    for (number, verb) in verbs.iter().chain(&["list".to_owned()]).enumerate() {
        screen.types(&format!("clear; {there} LESS=FRX bn container {verb}; echo done{number}=$?"));
        wait_for("the text", || {
            let text = screen.text();
            // A pager that has more than a screen waits.
            if text.ends_with("(END)") || text.ends_with(':') {
                screen.presses("q");
            }
            text.contains(&format!("done{number}=0"))
        });
        assert_ne!(screen.title(), "evil", "{verb}");
    }
    screen.types(&format!("{there} bn container top"));
    screen.waits_for("q quit");
    screen.waits_for("it asks");
    assert_ne!(screen.title(), "evil");
    screen.presses("q");
    drop(screen);
    assert!(ran(&world).is_empty(), "{}", ran(&world));
    world.bn(&["container", "stop", "--time", "0", job]).exits(0);
}

#[test]
fn an_agent_that_prints_without_end_keeps_nobody_from_leaving_it() {
    let world = World::new();
    let job = world.job();
    let flood = "while :; do printf \"\\033]0;evil\\007\\033[2J\\033c%0200d\" 7; done";
    let words = ["container", "run", "-d", "-i", "../agent-1", "--tag", &crate::world::image(), "--name", &job, "--"];
    world.bn(&[&words[..], &["bash", "-c", flood]].concat()).exits(0);
    let screen = Screen::of(&world);
    screen.types(&format!("bn container attach {job}; echo rc=$?"));
    screen.waits_for("0000000");
    screen.presses("C-p");
    screen.presses("C-q");
    screen.waits_for("rc=0");
    screen.types("stty -a | grep -o ' icanon'");
    screen.waits_for("\n icanon");
    drop(screen);
    // Beside it, too: whoever reads no more ends what is endless.
    let bn = program::bn();
    let line = format!("cd repo; {} container exec {job} -- yes | head -c 100000 | wc -c", bn.display());
    assert_eq!(world.shell(&line).trim(), "100000");
    let listed = world.bn(&["container", "list"]).exits(0).stdout;
    assert!(listed.chars().all(is_plain), "{listed:?}");
    let logs = world.bn(&["container", "logs", "--tail", "3", &job]).exits(0).stdout;
    assert!(!logs.contains("\u{1b}]0;evil"), "{logs:?}");
    world.bn(&["container", "stop", "--time", "0", &job]).exits(0);
}
