//! What a run takes from the environment, and what flags change.

use std::fs;

use crate::world::{Answer, World, answer};

/// A dry run in an environment.
fn shown(world: &World, variables: &[(&str, &str)], words: &[&str]) -> Answer {
    let mut command = world.command(&[&["container", "run", "--dry-run"], words].concat());
    answer(command.envs(variables.iter().copied()))
}

#[test]
fn name_type_and_target_of_the_environment_are_defaults() {
    let world = World::new();
    let lines = [&["branch", "topic"][..], &["branch", "other"], &["config", "user.name", "T"]];
    lines.iter().chain(&[&["config", "user.email", "t@example.org"][..]]).for_each(|line| world.git(line));
    let variables = [("BN_AGENT_NAME", "job"), ("BN_AGENT_TYPE", "planner"), ("BN_MERGE_TARGET", "topic")];
    let taken = shown(&world, &variables, &["--", "true"]);
    assert_eq!(taken.code, 0, "{taken:?}");
    assert!(taken.stdout.starts_with("# run job on localhost/binnacle-self:latest, merging into topic\n"), "{taken:?}");
    for pair in ["BN_AGENT_NAME=job", "BN_AGENT_TYPE=planner", "BN_MERGE_TARGET=topic"] {
        assert!(
            taken.stdout.contains(&format!("--env {pair}")) || taken.stdout.contains(&format!("'{pair}'")),
            "{pair}"
        );
    }
    let said = "from the environment: BN_AGENT_NAME=job BN_AGENT_TYPE=planner BN_MERGE_TARGET=topic\n";
    assert_eq!(taken.stderr, said);

    let flags = ["--name", "mine", "--type", "buddy", "--merge-target", "other", "--", "true"];
    let said = shown(&world, &variables, &flags);
    assert!(said.stdout.starts_with("# run mine on localhost/binnacle-self:latest, merging into other\n"), "{said:?}");
    assert!(said.stdout.contains("BN_AGENT_TYPE=buddy"), "{said:?}");
    assert_eq!(said.stderr, "");
}

#[test]
fn an_agent_without_a_token_is_named_before_it_starts_with_what_to_type() {
    let world = World::new();
    world.git(&["config", "user.name", "T"]);
    world.git(&["config", "user.email", "t@example.org"]);
    let said = |variables: &[(&str, &str)], words: &[&str]| shown(&world, variables, words).stderr;
    insta::assert_snapshot!(said(&[], &["--agent", "claude"]), @"
    warning: no token for claude is set (ANTHROPIC_API_KEY, CLAUDE_CODE_OAUTH_TOKEN), and bn container login has none
    hint: once, for all runs: bn container login claude
    hint: or for this shell, with what claude setup-token prints: export CLAUDE_CODE_OAUTH_TOKEN=… (with a key of the API: ANTHROPIC_API_KEY)
    ");
    for (agent, way) in [("copilot", "export GH_TOKEN=$(gh auth token)"), ("codex", "export OPENAI_API_KEY=…")] {
        let said = said(&[], &["--agent", agent]);
        assert!(said.contains(way), "{said}");
    }
    assert_eq!(said(&[("CLAUDE_CODE_OAUTH_TOKEN", "word")], &["--agent", "claude"]), "");
    assert_eq!(said(&[], &["--", "true"]), "");
}

#[test]
fn a_key_that_stays_outside_is_named_and_not_shown() {
    let world = World::new();
    world.git(&["config", "user.name", "T"]);
    world.git(&["config", "user.email", "t@example.org"]);
    let said = shown(&world, &[("ANTHROPIC_API_KEY", "sk-canary")], &["--agent", "claude"]);
    assert!(said.stdout.contains("# its key stays outside: anthropic (https://api.anthropic.com)\n"), "{said:?}");
    assert!(!said.stdout.contains("sk-canary") && !said.stdout.contains("file: ANTHROPIC_API_KEY"), "{said:?}");
}

#[test]
fn a_default_that_makes_no_sense_is_named() {
    let world = World::new();
    let refused = |variable, value| shown(&world, &[(variable, value)], &["--", "true"]).stderr;
    insta::assert_snapshot!(refused("BN_AGENT_TYPE", "boss"), @"
    Error: BN_AGENT_TYPE=boss: not one of worker, planner, buddy
    hint: --type overrides it
    ");
    insta::assert_snapshot!(refused("BN_AGENT_NAME", "a b"), @"
    Error: 'a b' is not a legal name
    hint: letters and digits, joined by single '.', '_' or '-', at most 76 characters, such as agent-1
    hint: it is the value of BN_AGENT_NAME; --name overrides it
    ");
    insta::assert_snapshot!(refused("BN_MERGE_TARGET", "nope"), @"
    from the environment: BN_MERGE_TARGET=nope
    Error: there is no branch nope
    hint: the branches are: main
    ");
}

#[test]
fn a_variable_of_bn_s_own_is_said_with_its_flag() {
    let world = World::new();
    let flags = [
        ("BN_AGENT", "--agent NAME"),
        ("BN_AGENT_NAME", "--name NAME"),
        ("BN_AGENT_TYPE", "--type TYPE"),
        ("BN_INITIAL_PROMPT", "--prompt TEXT"),
        ("BN_MERGE_TARGET", "--merge-target BRANCH"),
        ("BN_NO_MERGE", "--no-merge"),
        ("BN_SHELL", "--shell"),
    ];
    for (name, flag) in flags {
        let refused = shown(&world, &[], &["--env", &format!("{name}=x"), "--", "true"]);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert_eq!(refused.stderr, format!("Error: {name} is set by bn itself\nhint: use {flag}\n"));
    }
}

#[test]
fn copilot_s_configuration_is_there_for_a_command_too() {
    let world = World::new();
    fs::create_dir_all(world.path("home/.config/github-copilot")).unwrap();
    let said = shown(&world, &[], &["--", "true"]).stdout;
    assert!(said.contains("; it holds Copilot's configuration itself and can send that anywhere"), "{said}");
    let has = |words: &[&str]| shown(&world, &[], words).stdout.contains("dst=/copilot-config,");
    assert!(has(&["--", "copilot", "--version"]) && has(&["--agent", "copilot"]));
    assert!(!has(&["--agent", "claude"]));
}

#[test]
fn the_help_of_run_names_every_default_in_80_columns() {
    let world = World::new();
    let help = world.bn(&["container", "run", "--help"]).stdout;
    let flat = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let defaults = [
        "[default: all]",
        "[default: three quarters of the machine's]",
        "[default: half of what is free]",
        "[default: 4096]",
    ];
    let variables = ["$BN_INITIAL_PROMPT", "$BN_AGENT_TYPE", "$BN_AGENT_NAME", "$BN_MERGE_TARGET"];
    for text in defaults.iter().chain(&variables) {
        assert!(flat.contains(text), "{text}: {help}");
    }
    let heads: Vec<&str> = help.lines().filter(|line| line.ends_with(':') && !line.starts_with(' ')).collect();
    let groups = ["What runs:", "How it runs:", "Where the work goes:", "Limits:", "Network:", "Examples:"];
    assert!(groups.iter().all(|group| heads.contains(group)), "{heads:?}");
    assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
    assert!(help.lines().count() <= 110, "{help}");
}
