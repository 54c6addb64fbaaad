//! Agents that wait for an answer, and agents that only take their time.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::screen::Screen;
use crate::world::{World, image, wait_for};

/// An agent program of the worktree's own in front of those of the image.
const PATH: &str = "PATH=/workspace/tools:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Starts an agent program in agent-1 that prints this and then does nothing.
pub fn begin(world: &World, agent: &str, printed: &str) -> String {
    begin_after(world, agent, "", printed)
}

/// The same, once it has done this.
pub fn begin_after(world: &World, agent: &str, does: &str, printed: &str) -> String {
    let folder = world.path("agent-1/tools");
    fs::create_dir_all(&folder).unwrap();
    let script = format!("#!/bin/bash\n[[ $1 == --help ]] && exit\n{does}\ncat \"$0.txt\"\nexec sleep 1000\n");
    fs::write(folder.join(agent), script).unwrap();
    fs::set_permissions(folder.join(agent), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.join(format!("{agent}.txt")), printed).unwrap();
    let (name, image) = (world.name(agent), image());
    let words = ["container", "run", "--tag", &image, "--name", &name, "--agent", agent, "-e", PATH];
    world.bn(&[&words[..], &["--detach", "--prompt", "Fix it", "../agent-1"]].concat()).exits(0);
    let printed = || world.bn(&["container", "logs", "--raw", &name]).exits(0).stdout;
    wait_for("what it prints", || printed().trim_end().ends_with(['}', ']', 'x']));
    name
}

/// Lets it be so long since anything was seen of the agent.
pub fn since(world: &World, name: &str, seconds: u64) {
    let found = format!(
        "find . -path '*/runs/{name}/log' -o -path '*/runs/{name}/git/logs/HEAD'; find \"$XDG_RUNTIME_DIR/binnacle\" -path '*.screens/*'"
    );
    world.shell(&format!("({found}) | xargs -d '\\n' touch -h -d '{seconds} seconds ago'"));
}

fn why(world: &World, name: &str) -> Option<String> {
    world.row(name)["wish"]["why"].as_str().map(str::to_owned)
}

pub const ASKS: &str = r#"{"type":"assistant","message":{"content":[{"type":"tool_use","id":"q","name":"AskUserQuestion","input":{"questions":[{"question":"Which\u001b]0;x\u0007 one?"}]}}]}}
"#;
const WANTS_LEAVE: &str = r#"{"type":"control_request","request_id":"r","request":{"subtype":"can_use_tool","tool_name":"Bash","input":{"command":"make all"}}}
"#;
const ENDED: &str = r#"{"type":"item.completed","item":{"id":"1","type":"agent_message","text":"Done.\nShall I push?"}}
{"type":"turn.completed","usage":{"input_tokens":1,"output_tokens":1}}
"#;

#[test]
fn an_agent_that_asks_is_named_with_its_question_and_somebody_is_told() {
    let world = World::new();
    let job = begin(&world, "claude", ASKS);
    assert_eq!(why(&world, &job), None, "a program may answer at once");
    since(&world, &job, 12);
    let said = "it asks, and nobody can answer: Which";
    assert!(
        why(&world, &job).is_some_and(|why| why.starts_with(said) && why.ends_with("one?")),
        "{:?}",
        world.row(&job)
    );
    let listed = world.bn(&["container", "list"]).exits(0).stdout;
    assert!(listed.contains(&format!("{job}: {said}")) && !listed.contains('\u{1b}'), "{listed:?}");
    let told = format!("--notify=echo \"$BN_RUN $BN_OUTCOME\" >>{}", world.path("told").display());
    world.bn(&["container", "wait", &told, "--timeout", "5s", &job]).exits(124);
    assert_eq!(fs::read_to_string(world.path("told")).unwrap(), format!("{job} waiting\n"));
    world.bn(&["container", "stop", "--time", "0", &job]).exits(0);
    assert!(why(&world, &job).is_none_or(|why| !why.contains("asks")), "{:?}", world.row(&job));
}

#[test]
fn an_agent_that_wants_leave_and_one_whose_turn_has_ended_are_named() {
    for (agent, printed, seconds, said) in [
        ("claude", WANTS_LEAVE, 12, "it asks for permission, and nobody can answer: Bash: make all"),
        ("codex", ENDED, 40, "its turn ended 40 seconds ago with a question, and nobody can answer: Shall I push?"),
        ("copilot", "Go on? [x/x]", 70, "it has stood still for 1 minute at: Go on? [x/x]"),
    ] {
        let world = World::new();
        let job = begin(&world, agent, printed);
        since(&world, &job, seconds / 2 - 2);
        assert_eq!(why(&world, &job), None, "{agent}");
        since(&world, &job, seconds);
        let found = why(&world, &job).unwrap_or_default();
        // A second may have passed.
        assert_eq!(found.replace("41 seconds", "40 seconds"), said);
        world.bn(&["container", "stop", "--time", "0", &job]).exits(0);
    }
}

#[test]
fn an_agent_whose_tool_takes_its_time_is_not_named_within_minutes() {
    let world = World::new();
    let runs = ASKS.replace("AskUserQuestion", "Bash").replace("questions", "x");
    let job = begin(&world, "claude", &runs);
    since(&world, &job, 500);
    let row = world.row(&job);
    assert!(row["wish"].is_null() && row["doing"].as_str().unwrap().starts_with("Bash"), "{row}");
    since(&world, &job, 700);
    assert!(why(&world, &job).is_some_and(|why| why.contains("has not come back from Bash")), "{:?}", world.row(&job));
    world.bn(&["container", "stop", "--time", "0", &job]).exits(0);
}

#[test]
fn a_screen_that_stands_still_at_a_question_is_named_until_it_is_answered() {
    let world = World::new();
    let (job, image) = (world.job(), image());
    let script = "read -p \"Go on? [y/N] \" x; echo \"said $x\"; sleep 1000";
    let words = ["container", "run", "-d", "-i", "../agent-1", "--tag", &image, "--name", &job, "--"];
    world.bn(&[&words[..], &["bash", "-c", script]].concat()).exits(0);
    let shown = || world.bn(&["container", "logs", &job]).exits(0).stdout;
    wait_for("its question", || shown().contains("Go on?"));
    assert_eq!(why(&world, &job), None);
    since(&world, &job, 70);
    assert_eq!(why(&world, &job).as_deref(), Some("it has stood still for 1 minute at: Go on? [y/N]"));
    let listed = world.bn(&["container", "list"]).exits(0).stdout;
    assert!(listed.contains(&format!("bn container attach {job}")), "{listed}");
    let screen = Screen::of(&world);
    screen.types(&format!("bn container attach {job}"));
    screen.waits_for("Go on?");
    screen.types("yes");
    screen.waits_for("said yes");
    screen.closes();
    assert_eq!(why(&world, &job), None, "it shows something again");
    since(&world, &job, 70);
    assert_eq!(why(&world, &job), None, "it asks nothing");
    world.bn(&["container", "stop", "--time", "0", &job]).exits(0);
}

#[test]
fn the_screen_of_an_agent_program_that_moves_no_more_is_named() {
    let world = World::new();
    let job = world.job();
    let image = image();
    fs::create_dir_all(world.path("agent-1/tools")).unwrap();
    let program = world.path("agent-1/tools/codex");
    fs::write(&program, "#!/bin/bash\nprintf '\\033[2J? for shortcuts'; exec sleep 1000\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let words = ["container", "run", "-d", "-i", "../agent-1", "--tag", &image, "--name", &job, "-e", PATH];
    world.bn(&[&words[..], &["--agent", "codex"]].concat()).exits(0);
    since(&world, &job, 20);
    assert_eq!(why(&world, &job), None);
    since(&world, &job, 90);
    let said = "its screen has not changed for 1 minute: it waits for you";
    assert_eq!(why(&world, &job).as_deref(), Some(said));
    world.bn(&["container", "stop", "--time", "0", &job]).exits(0);
}

#[test]
fn an_agent_program_in_a_person_s_own_window_is_named_from_another_one() {
    let world = World::new();
    let (job, image) = (world.job(), image());
    fs::create_dir_all(world.path("agent-1/tools")).unwrap();
    let program = world.path("agent-1/tools/codex");
    fs::write(
        &program,
        "#!/bin/bash\nprintf '\\033[2J? for shortcuts\\n'; read -r x; echo \"said $x\"; exec sleep 1000\n",
    )
    .unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let screen = Screen::of(&world);
    screen.types("tty >../device");
    wait_for("its name", || world.shell("cat device 2>/dev/null || true").starts_with("/dev/"));
    let device = world.shell("cat device");
    screen.types(&format!("bn container run ../agent-1 --tag {image} --name {job} --agent codex -e {PATH}"));
    screen.waits_for("? for shortcuts");
    let idle = |seconds| {
        world.shell(&format!("touch -d '{seconds} seconds ago' {device} $(find . -path '*/runs/{job}/git/logs/HEAD')"))
    };
    idle(20);
    assert_eq!(why(&world, &job), None);
    idle(90);
    let said = format!("its screen has not changed for 1 minute: it waits for you in its window, {device}");
    assert_eq!(why(&world, &job), Some(said));
    screen.types("yes");
    screen.waits_for("said yes");
    assert_eq!(why(&world, &job), None, "it shows something again");
    world.bn(&["container", "stop", "--time", "0", &job]).exits(0);
}
