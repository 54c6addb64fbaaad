//! Command lines that cannot work: one clear line each, and what to type instead.

use crate::world::World;

/// What is answered to wrong use.
fn answer(world: &World, words: &[&str]) -> String {
    let answer = world.bn(words);
    assert_eq!((answer.code, answer.stdout.as_str()), (2, ""), "{words:?}: {answer:?}");
    assert!(!world.calls().contains(" run --"), "{words:?} ran something: {}", world.calls());
    world.neutral(&answer.stderr)
}

#[test]
fn the_agents_command_goes_after_two_dashes() {
    let world = World::new();
    world.git(&["worktree", "add", "--quiet", "../a1", "-b", "agent-1"]);
    let run = |words: &[&str]| answer(&world, &[&["container", "run"], words].concat());
    insta::assert_snapshot!(run(&["../a1", "true"]), @"
    Error: `true` is one word too many: the command goes after --
    hint: you may mean: bn container run ../a1 -- true
    ");
    insta::assert_snapshot!(run(&["--name", "job", "make", "test", "-j", "4"]), @"
    Error: `test` is one word too many: the command goes after --
    hint: you may mean: bn container run --name job -- make test -j 4
    ");
    insta::assert_snapshot!(run(&["pytest", "-q", "a b"]), @"
    Error: `bn container run` has no flag -q
    hint: if it belongs to the agent's command, that goes after --: bn container run -- pytest -q 'a b'
    ");
}

#[test]
fn what_a_variable_is_set_to_is_not_repeated() {
    let world = World::new();
    let words = ["container", "run", "-e", "A=canary1", "--env=B=canary2", "-eC=canary3", "--env", "D", "make", "test"];
    insta::assert_snapshot!(answer(&world, &words), @"
    Error: `test` is one word too many: the command goes after --
    hint: you may mean: bn container run -e 'A=VALUE' '--env=B=VALUE' '-eC=VALUE' --env D -- make test
    ");
}

#[test]
fn a_flag_that_does_not_exist_gets_a_tip_only_where_one_is_near() {
    let world = World::new();
    let run = |flag: &str| answer(&world, &["container", "run", flag]);
    insta::assert_snapshot!(run("--rm"), @"
    Error: `bn container run` has no flag --rm
    hint: leave it out: every container is removed when its run ends
    ");
    insta::assert_snapshot!(run("-it"), @"
    Error: `bn container run` has no flag -t
    hint: leave it out: an agent gets the terminal where there is one
    ");
    insta::assert_snapshot!(run("--no-merg"), @"
    Error: `bn container run` has no flag --no-merg
    hint: you may mean: --no-merge
    ");
    insta::assert_snapshot!(answer(&world, &["container", "allow", "job"]), @"
    Error: `bn container allow` needs HOST[:PORT]
    hint: usage: bn container allow [OPTIONS] [NAME] [HOST[:PORT]]...
    ");
    insta::assert_snapshot!(run("--no-such-flag"), @"
    Error: `bn container run` has no flag --no-such-flag
    hint: its flags: bn container run --help
    ");
    insta::assert_snapshot!(answer(&world, &["task", "list", "--stat", "open"]), @"
    Error: `bn task list` has no flag --stat
    hint: you may mean: --status
    ");
}

#[test]
fn a_command_that_does_not_exist_is_answered_with_the_one_that_does() {
    let world = World::new();
    let tips = [
        (&["create", "Fix it"][..], "bn task create 'Fix it'"),
        (&["list"], "bn container list, or: bn task list, or: bn link list, or: bn agent list"),
        (&["run", "../a1"], "bn container run ../a1"),
        (&["done", "bn-1"], "bn task close bn-1"),
        (&["ps"], "bn container list, or: bn agent list"),
        (&["contaner", "list"], "bn container"),
        (&["container", "ps", "-a"], "bn container list"),
        (&["container", "stpo", "job"], "bn container stop job"),
        (&["-C", ".", "task", "new", "x"], "bn task create"),
    ];
    for (words, tip) in tips {
        let said = answer(&world, words);
        assert!(said.starts_with("Error: there is no command `bn "), "{words:?}: {said}");
        assert!(said.contains(&format!("hint: you may mean: {tip}")), "{words:?}: {said}");
    }
}

/// A word of which nothing comes near.
#[test]
fn a_short_word_is_not_taken_for_a_command_of_another_group() {
    let world = World::new();
    insta::assert_snapshot!(answer(&world, &["container", "nope"]), @"
    Error: there is no command `bn container nope`
    hint: bn container --help lists the commands
    ");
    insta::assert_snapshot!(answer(&world, &["help", "nope"]), @"
    Error: there is neither a command nor a topic `nope`
    hint: bn help lists them
    ");
    insta::assert_snapshot!(answer(&world, &["help", "exit-code"]), @"
    Error: there is neither a command nor a topic `exit-code`
    hint: you may mean: bn help exit-codes
    ");
    insta::assert_snapshot!(answer(&world, &["help", "reday"]), @"
    Error: there is neither a command nor a topic `reday`
    hint: you may mean: bn help ready
    ");
    insta::assert_snapshot!(answer(&world, &["help", "task", "shwo"]), @"
    Error: there is neither a command nor a topic `shwo`
    hint: you may mean: bn help task show
    ");
}

#[test]
fn a_hidden_command_is_never_a_tip() {
    let world = World::new();
    insta::assert_snapshot!(answer(&world, &["relya"]), @"
    Error: there is no command `bn relya`
    hint: bn --help lists the commands
    ");
    insta::assert_snapshot!(answer(&world, &["container", "relya"]), @"
    Error: there is no command `bn container relya`
    hint: bn container --help lists the commands
    ");
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let world = World::new();
    insta::assert_snapshot!(answer(&world, &["container", "run", "--agent", "gemini"]), @"Error: --agent gemini: not one of copilot, claude, codex");
    insta::assert_snapshot!(answer(&world, &["container", "run", "--agent"]), @"Error: --agent needs a value: one of copilot, claude, codex");
    insta::assert_snapshot!(answer(&world, &["container", "run", "--agent", "codex", "--", "true"]), @"
    Error: --agent cannot be used with COMMAND
    hint: leave one of them out
    ");
    insta::assert_snapshot!(answer(&world, &["container", "run", "--tag", "a", "--tag", "b"]), @"
    Error: --tag is given twice
    hint: leave one of them out
    ");
    insta::assert_snapshot!(answer(&world, &["task", "create", "Fix", "the", "parser", "-p", "1"]), @"
    Error: `the` is one word too many: a title of several goes in quotes
    hint: you may mean: bn task create 'Fix the parser' -p 1
    ");
    insta::assert_snapshot!(answer(&world, &["task", "show"]), @"
    Error: `bn task show` needs ID
    hint: usage: bn task show <ID>
    ");
    insta::assert_snapshot!(answer(&world, &["task", "create", "-p", "9", "x"]), @"Error: --priority: priority 9 is not one of 0 to 4");
}

#[test]
fn programs_get_the_same_as_json() {
    let world = World::new();
    insta::assert_snapshot!(answer(&world, &["--json", "done"]), @r#"{"error":"there is no command `bn done`","causes":[],"hints":["you may mean: bn task close"],"exit_code":2}"#);
}

#[test]
fn a_name_that_is_missing_is_asked_for() {
    let world = World::new();
    insta::assert_snapshot!(answer(&world, &["container", "stop"]), @"
    Error: which one? running: none in this repository
    hint: those of all repositories: bn container list --all --all-repositories
    ");
    insta::assert_snapshot!(answer(&world, &["container", "logs"]), @"
    Error: which one? there are: none in this repository
    hint: those of all repositories: bn container list --all --all-repositories
    ");
}

#[test]
fn what_changes_the_runs_of_all_repositories_is_asked_to() {
    let world = World::new();
    for (words, said) in [(&["prune"][..], "prune"), (&["stop", "--all"], "stop --all")] {
        let mut command = world.command(&[&["-C", "/", "container"], words].concat());
        let answer = crate::world::answer(&mut command);
        assert_eq!(answer.code, 2, "{answer:?}");
        let hint = format!("hint: cd into one, or: bn container {said} --all-repositories\n");
        assert_eq!(
            answer.stderr,
            format!("Error: this folder is in no git repository, so bn cannot tell which runs are meant\n{hint}")
        );
    }
}
