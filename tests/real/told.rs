//! What a person tells an agent while it works.

use crate::running::MEET;
use crate::world::{Answer, World};

fn tell(world: &World, text: &str) -> Answer {
    world.bn(&["container", "tell", &world.job(), text])
}

fn told(world: &World) -> Vec<serde_json::Value> {
    let inspected = world.bn(&["container", "inspect", &world.job()]).exits(0).stdout;
    let inspected: serde_json::Value = serde_json::from_str(&inspected).unwrap();
    inspected["told"].as_array().unwrap().clone()
}

#[test]
fn an_agent_is_shown_a_message_once_at_its_next_call_and_on_its_page() {
    let world = World::new();
    // The entrypoint's own calls show nobody anything, nor does one whose words go to nobody.
    let script = format!(
        "bn ready 2>/dev/null; {MEET}; bn ready 2>/dev/null >&2; echo FIRST; bn ready --json; echo SECOND; bn ready; echo PAGE; bn orient; \
         touch {{/run/binnacle/ctl,/run/binnacle/status}}/x; echo me > /run/binnacle/ctl/told; git commit -q --allow-empty -m x; exit 3"
    );
    let run = world.start(&["--name", &world.job()], &script);
    run.meet();
    let sent = tell(&world, "Keep the\u{1b}[31m names\nand the tests\u{202e}").exits(0).stdout;
    assert_eq!(sent, format!("{} hears it when it next calls bn (bn ready, bn task …)\n", world.job()));
    assert_eq!(told(&world)[0]["shown"], false);
    let ended = run.go_on().exits(3);
    let log = world.bn(&["container", "logs", &world.job()]).exits(0).stdout;
    let part = |from: &str, to: &str| log.split(from).nth(1).unwrap().split(to).next().unwrap().to_owned();
    let message = "The person whose work this is says, at ";
    let text = "Keep the[31m names\nand the tests\n";
    let first = part("FIRST\n", "SECOND\n");
    assert!(first.contains(message) && first.contains(text), "{log}");
    assert!(first.lines().any(|line| line.starts_with('{')), "the answer is JSON all the same: {first}");
    assert!(!part("SECOND\n", "PAGE\n").contains(message), "{log}");
    assert!(part("PAGE\n", "Commands\n").contains(text), "{log}");
    assert_eq!(log.matches(message).count(), 2, "{log}");
    assert!(!log.contains("me\n"), "{log}");
    let told = told(&world);
    assert_eq!((told.len(), &told[0]["shown"]), (1, &true.into()), "{told:?}");
    assert!(ended.stdout.contains("ctl/told: Read-only file system"), "{ended:#?}");
    let late = tell(&world, "Stop, it's late").exits(2);
    let retry = format!("bn container retry {} --feedback \"Stop, it's late\"", world.job());
    assert!(late.stderr.contains(&retry), "{late:#?}");
    std::fs::write(world.path("agent-1/go"), "").unwrap();
    let again = world.bn(&["container", "retry", &world.job()]);
    assert!(again.stdout.contains("The user said while it worked: Keep the[31m names"), "{again:#?}");
}

/// What the agents' programs do between their steps, by the policies that they read.
#[test]
fn a_hook_of_the_agent_program_hands_it_over() {
    let world = World::new();
    let ask = |event: &str| {
        format!(
            "echo '{{\"hook_event_name\":\"{event}\"}}' | $(jq -r .hooks.{event}[0].hooks[0].command /etc/claude-code/managed-settings.json)"
        )
    };
    let script = format!(
        "{MEET}; {}; {}; {}; grep -c 'bn container told' /etc/codex/requirements.toml; \
         stat -c %U:%a /etc/codex/requirements.toml /etc/github-copilot/policy.d /etc/github-copilot/policy.d/binnacle.json",
        ask("PostToolUse"),
        ask("PostToolUse"),
        ask("Stop")
    );
    let run = world.start(&["--name", &world.job()], &script);
    run.meet();
    tell(&world, "one").exits(0);
    let ended = run.go_on().exits(0).stdout;
    assert_eq!(ended.matches("additionalContext\":\"The person whose work this is says").count(), 1, "{ended}");
    assert!(!ended.contains("\"decision\""), "{ended}");
    assert!(ended.contains("\n2\nroot:644\nroot:755\nroot:644\n"), "{ended}");
}

/// Copilot's events, as its own program sends them.
#[test]
fn copilot_hears_it_after_a_tool_and_before_it_stops() {
    let world = World::new();
    let ask = |event: &str, more: &str| {
        format!(
            "echo '{{\"hook_event_name\":\"{event}\"{more}}}' | $(jq -r .hooks.{event}[0].bash /etc/github-copilot/policy.d/binnacle.json)"
        )
    };
    let result = ",\"tool_name\":\"Bash\",\"tool_result\":{\"result_type\":\"success\",\"text_result_for_llm\":\"x\"}";
    let helper = format!(",\"agent_id\":\"a1\",\"parent_agent_id\":\"a0\"{result}");
    let again = "touch again; until [ -e on ]; do sleep 0.05; done; rm again on";
    let script = format!(
        "{MEET}; echo HELPER; {}; echo TOOL; {}; {}; {again}; echo STOP; {}",
        ask("PostToolUse", &helper),
        ask("PostToolUse", result),
        ask("PostToolUse", result),
        ask("Stop", ""),
    );
    let run = world.start(&["--name", &world.job()], &script);
    run.meet();
    tell(&world, "one").exits(0);
    world.shell("touch agent-1/go");
    crate::world::wait_for("the first answers", || world.path("agent-1/again").exists());
    tell(&world, "two").exits(0);
    world.shell("touch agent-1/on");
    let said = run.go_on().exits(0).stdout;
    let (_, tool) = said.split_once("HELPER\nTOOL\n").unwrap_or_else(|| panic!("{said}"));
    let (tool, stop) = tool.split_once("STOP\n").unwrap();
    let answers: Vec<serde_json::Value> = tool.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(answers.len() == 1 && answers[0]["additionalContext"].as_str().unwrap().ends_with(":\none"), "{said}");
    let stop: serde_json::Value = serde_json::from_str(stop.lines().next().unwrap()).unwrap();
    assert!(stop["decision"] == "block" && stop["reason"].as_str().unwrap().ends_with(":\ntwo"), "{said}");
}

#[test]
fn what_cannot_be_told_says_what_to_do_instead() {
    let world = World::new();
    let run = world.start(&["--name", &world.job()], MEET);
    run.meet();
    let long = tell(&world, &"a".repeat(9000)).exits(2);
    assert!(long.stderr.contains("a message may have 8 KiB, and this has 9"), "{long:#?}");
    let empty = tell(&world, "\u{200b} \u{7}").exits(2);
    assert!(empty.stderr.contains("there is nothing to tell"), "{empty:#?}");
    world.bn(&["container", "pause", &world.job()]).exits(0);
    let held = tell(&world, "later").exits(0);
    assert!(held.stderr.contains(&format!("hears it after: bn container resume {}", world.job())), "{held:#?}");
    world.bn(&["container", "resume", &world.job()]).exits(0);
    run.go_on().exits(0);
}
