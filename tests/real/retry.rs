//! Another try at a run's work, told what went wrong.

use crate::world::World;

/// Fails in the first run, and says in the next what it is told.
fn fails_first(first: &str) -> String {
    format!(
        "if ! bn orient | grep -q 'Tried before'; then {first}; fi; bn orient | sed -n '/Tried before/,/^$/p'; echo PROMPT: $BN_INITIAL_PROMPT"
    )
}

fn retry(world: &World, words: &[&str]) -> crate::world::Answer {
    world.bn(&[&["container", "retry", &world.job()], words].concat())
}

fn suggests(world: &World, name: &str, verb: &str) -> bool {
    let command = format!("bn container {verb} {name}");
    world.row(name)["wish"]["next"].as_array().unwrap().iter().any(|step| step["command"] == command)
}

fn second(world: &World) -> String {
    format!("{}-retry", world.job())
}

#[test]
fn a_conflict_is_told_to_the_next_try_and_both_are_settled_when_that_lands() {
    let world = World::new();
    let told = world.bn(&["task", "create", "--json", "Write it"]).exits(0).stdout;
    let task: serde_json::Value = serde_json::from_str(&told).unwrap();
    let (job, task) = (world.job(), task["id"].as_str().unwrap().to_owned());
    let first =
        format!("bn task claim {task}; echo theirs > file; git commit -qam theirs; bn task close {task}; exit 0");
    let mend = "git rebase -q host/main || { echo both > file; git add file; GIT_EDITOR=true git rebase --continue; }";
    let script = format!("{}; {mend}; bn task claim {task}; bn task close {task}", fails_first(&first));
    world.agent(&["--name", &job, "--no-merge", "--prompt", "Write it well"], &script).exits(0);
    world.shell("cd repo && echo ours > file && git commit -qam ours");
    world.bn(&["container", "merge", &job, "--rebase"]).exits(3);
    assert!(suggests(&world, &job, "retry"));
    let told = retry(&world, &["--feedback", "Keep the old names"]).exits(0).stdout;
    for words in
        ["main has changed the same: file (line 1)", "The user says: Keep the old names", "PROMPT: Write it well"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!(world.row(&job)["wish"], serde_json::Value::Null);
    world.bn(&["container", "merge", &second(&world)]).exits(0);
    assert_eq!(world.git("log --format=%s main"), "theirs\nours\nfirst");
    assert_eq!(world.row(&job)["outcome"], "merged");
    let shown = world.bn(&["task", "show", "--json", &task]).exits(0).stdout;
    assert!(shown.contains("\"status\":\"done\""), "{shown}");
    let refused = retry(&world, &[]);
    assert!(refused.code != 0 && refused.stderr.contains("is merged into main"), "{refused:#?}");
    world.bn(&["container", "prune"]).exits(0);
    assert!(world.list().is_empty(), "{:#?}", world.list());
}

#[test]
fn what_failed_timed_out_was_stopped_or_did_not_pass_its_check_is_tried_again_as_it_was() {
    let work = "echo done > done; git add done; git commit -qm done";
    for (options, first, code, says) in [
        (&["--cpus", "1"][..], "exit 7", 7, "the agent failed (7)"),
        (&["--setup", "echo made-$((40 + 2))"], "exit 8", 8, "made-42"),
        (&["--timeout", "2s"], "sleep 1000", 124, "timed-out"),
        (&["--check", "echo wrong; ! test -e bad"], "touch bad; git add bad; git commit -qm bad; exit 0", 3, "wrong"),
    ] {
        let world = World::new();
        let job = world.job();
        let script = format!("{}; git rm -q bad 2>/dev/null; {work}", fails_first(first));
        world.agent(&[&["--name", &job], options].concat(), &script).exits(code);
        assert!(suggests(&world, &job, "retry"), "{:#?}", world.row(&job));
        let told = retry(&world, &[]).exits(0).stdout;
        assert!(told.contains(says), "{says}: {told}");
        world.assert_on_main("done");
        world.bn(&["container", "prune"]).exits(0);
    }
}

#[test]
fn a_word_from_whoever_stops_a_run_reaches_the_next_try() {
    let world = World::new();
    let (job, word) = (world.job(), "You went the wrong way");
    let first = "echo half > half; git add half; git commit -qm half; touch ready; sleep 1000";
    let script = format!("{}; echo whole > half; git commit -qam whole", fails_first(first));
    let running = world.start(&["--name", &job], &script);
    crate::world::wait_for("the agent", || world.path("agent-1/ready").exists());
    let refused = retry(&world, &[]);
    assert!(refused.code != 0 && refused.stderr.contains("is still running"), "{refused:#?}");
    world.bn(&["container", "stop", "--time", "1", "--message", word, &job]).exits(0);
    drop(running);
    let why = world.row(&job)["wish"]["why"].as_str().unwrap().to_owned();
    assert!(why.ends_with(&format!("a word from whoever stopped it: {word}")), "{why}");
    let told = retry(&world, &[]).exits(0).stdout;
    assert!(told.contains(&format!("Whoever stopped it says: {word}")), "{told}");
    world.assert_on_main("whole");
    assert_eq!(world.row(&job)["outcome"], "merged");
}

#[test]
fn a_run_without_work_that_was_stopped_with_a_word_still_wants_another_try() {
    let world = World::new();
    let job = world.job();
    world.agent(&["--detach", "--name", &job], "sleep 1000").exits(0);
    world.bn(&["container", "stop", "--time", "1", "--message", "Use the small data", &job]).exits(0);
    assert!(suggests(&world, &job, "retry"), "{:#?}", world.row(&job));
}

#[test]
fn a_run_whose_worktree_is_gone_says_what_to_type_before_another_try() {
    let world = World::new();
    world.run("echo work > work; git add work; git commit -qm work; exit 7").exits(7);
    world.git("worktree remove ../agent-1");
    let refused = retry(&world, &[]);
    let hint = refused.stderr.lines().find_map(|line| line.rsplit_once("the same: ")).unwrap().1.to_owned();
    assert_eq!(refused.code, 2, "{refused:#?}");
    world.shell(&hint);
    retry(&world, &[]).exits(7);
    // A try of a try has the name of the first.
    world.bn(&["container", "retry", &second(&world)]).exits(7);
    assert_eq!(world.row(&format!("{}-retry-2", world.job()))["outcome"], "failed");
}
