//! What agents in their streaming form do, as lines for people.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::screen::Screen;
use crate::world::{Answer, World, image, wait_for};

/// An agent program of the worktree's own in front of those of the image.
const PATH: &str = "PATH=/workspace/tools:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

fn program(world: &World, name: &str, script: &str) {
    let folder = world.path("agent-1/tools");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/bash\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn run(world: &World, agent: &str, more: &[&str]) -> Answer {
    run_as(world, &world.job(), agent, more)
}

fn run_as(world: &World, name: &str, agent: &str, more: &[&str]) -> Answer {
    let image = image();
    let words = ["container", "run", "--tag", &image, "--name", name, "--agent", agent, "-e", PATH];
    world.bn(&[&words, more, &["--prompt", "Fix it", "../agent-1"]].concat())
}

const CLAUDE: &str = r#"echo "asked: $*"
echo '{"type":"system","subtype":"init","model":"m"}'
echo '{"type":"assistant","message":{"content":[{"type":"text","text":"I make it.\u001b]0;title\u0007"},{"type":"tool_use","id":"t1","name":"Bash","input":{"command":"make all"}}]}}'
sleep 0.3
echo '{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t1","content":"ok"}]}}'
echo '{"type":"result","is_error":false,"num_turns":2,"duration_ms":2000,"result":"ok"}'
printf '{"type":"broken'
"#;

#[test]
fn what_an_agent_does_is_readable_while_it_does_it_and_the_stream_is_kept() {
    let world = World::new();
    program(&world, "claude", CLAUDE);
    let answer = run(&world, "claude", &[]).exits(0);
    let shown = &answer.stdout;
    let flags = "asked: --dangerously-skip-permissions -p Fix it --output-format stream-json --verbose\n";
    assert!(shown.contains(flags), "{answer:#?}");
    assert!(
        shown.contains("\n→ Bash: make all\n← Bash took 0.") && shown.contains(" s\n(2 turns, 2 s)\n"),
        "{answer:#?}"
    );
    assert!(shown.contains("{\"type\":\"broken") && !shown.contains("\"assistant\""), "{answer:#?}");
    let logs = |more: &[&str]| world.bn(&[&["container", "logs", &world.job()], more].concat()).exits(0).stdout;
    assert!(logs(&[]).contains("\n→ Bash: make all\n(2 turns, 2 s)\n"), "{}", logs(&[]));
    assert!(logs(&["--raw"]).contains("{\"type\":\"assistant\",\"message\""), "{}", logs(&["--raw"]));
    let tail = logs(&["--raw", "--tail", "1000"]);
    assert_eq!(tail, logs(&["--raw"]));
    assert_eq!(logs(&["--tail", "1000"]), logs(&[]));
    let last = logs(&["--tail", "2"]);
    assert_eq!(last.lines().count(), 2, "{last}");
    let json: serde_json::Value = serde_json::from_str(&logs(&["--json"])).unwrap();
    assert!(json["log"].as_str().unwrap().contains("→ Bash: make all\n"), "{json}");
}

#[test]
fn codex_and_copilot_are_started_in_their_streaming_form() {
    let world = World::new();
    program(
        &world,
        "codex",
        "echo \"asked: $*\"; echo '{\"type\":\"item.completed\",\"item\":{\"id\":\"1\",\"type\":\"agent_message\",\"text\":\"Hello.\"}}'",
    );
    let answer = run(&world, "codex", &[]).exits(0);
    let said = "asked: -c features.daemon_auto_start=false exec --json --dangerously-bypass-approvals-and-sandbox Fix it\nHello.\n";
    assert!(answer.stdout.contains(said), "{answer:#?}");
    // One that has no such form is not asked for it.
    for (help, flags) in [("  --output-format FORMAT", " --output-format json"), ("", "")] {
        let world = World::new();
        let script = format!("if [[ $1 == --help ]]; then echo '{help}'; echo >> helped; else echo \"asked: $*.\"; fi");
        program(&world, "copilot", &script);
        let asked = |name: &str| {
            let answer = run_as(&world, &world.name(name), "copilot", &[]).exits(0);
            assert!(answer.stdout.contains(&format!("asked: --allow-all -p Fix it{flags}.\n")), "{answer:#?}");
            world.shell("wc -l < agent-1/helped")
        };
        assert_eq!((asked("first").as_str(), asked("second").as_str()), ("1", "1"), "its help is read once");
        world.shell("touch -d 2020-01-01 agent-1/tools/copilot");
        assert_eq!(asked("changed"), "2", "another program");
    }
}

#[test]
fn what_a_silent_agent_has_begun_is_named() {
    let world = World::new();
    program(&world, "claude", &CLAUDE.replace("sleep 0.3", "sleep 1000"));
    run(&world, "claude", &["--detach"]).exits(0);
    wait_for("the tool", || world.row(&world.job())["doing"] == "Bash: make all");
    world.bn(&["container", "stop", "--time", "1", &world.job()]).exits(0);
}

#[test]
fn at_a_terminal_an_agent_opens_its_own_screen_unless_it_was_told_what_to_do() {
    let world = World::new();
    for (agent, flags) in [
        ("claude", "--dangerously-skip-permissions Look at `bn ready`"),
        ("codex", "-c features.daemon_auto_start=false --dangerously-bypass-approvals-and-sandbox Look at `bn ready`"),
        ("copilot", "--allow-all -i Look at `bn ready`"),
    ] {
        program(&world, agent, "echo \"asked: $*\"; tty && echo has-a-screen");
        let screen = Screen::of(&world);
        let name = world.name(agent);
        screen.types(&format!(
            "bn container run ../agent-1 --tag {} --name {name} --agent {agent} -e {PATH}; echo rc=$?",
            image()
        ));
        screen.waits_for("rc=0");
        let text = screen.text();
        assert!(text.contains(&format!("asked: {flags}")) && text.contains("\nhas-a-screen"), "{text}");
    }
    program(&world, "claude", CLAUDE);
    let screen = Screen::of(&world);
    let run = format!("bn container run ../agent-1 --tag {} --name {} --agent claude -e {PATH}", image(), world.job());
    screen.types(&format!("{run} --prompt \"Fix it\"; echo rc=$?"));
    screen.waits_for("rc=0");
    let text = screen.text();
    assert!(text.contains("-p Fix it --output-format stream-json"), "{text}");
    assert!(text.contains("→ Bash: make all\n← Bash took 0.") && !text.contains("\"assistant\""), "{text}");
}
