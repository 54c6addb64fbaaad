//! Agents that leave things behind, and agents that end badly.

use std::process::Command;

use crate::running::MEET;
use crate::world::{World, ctr, patience, wait_for};

const COMMIT: &str = "set -e; echo theirs > greeting; git add greeting; git commit -q -m work";

#[test]
fn uncommitted_files_stay_where_they_are() {
    let world = World::new();
    world.run(&format!("{COMMIT}; echo more >> file; echo new > new; echo staged > staged; git add staged")).exits(0);
    world.assert_on_main("work");
    let left = world.shell("cd agent-1; git status --porcelain; cat new staged; tail -1 file");
    assert_eq!(left, " M file\n?? new\n?? staged\nnew\nstaged\nmore");
    world.run(COMMIT).exits(1);
}

#[test]
fn the_user_hears_of_uncommitted_files_before_the_agent_gets_them() {
    let world = World::new();
    world.shell("cd agent-1; echo mine >> file; echo new > new");
    let answer = world.run("git checkout -q file; rm new").exits(0);
    assert!(answer.stderr.contains("2 uncommitted files in "), "{answer:#?}");
    let hint = format!(
        "git -C {0} fetch --quiet {1} refs/binnacle/runs/{2}/uncommitted && git -C {0} stash apply FETCH_HEAD",
        world.path("agent-1").display(),
        world.kept_folder(&world.job()).display(),
        world.job()
    );
    assert!(answer.stderr.contains(&hint), "{answer:#?}");
    assert_eq!(world.shell(&format!("{hint} >/dev/null; cd agent-1; tail -1 file; cat new")), "mine\nnew");
}

#[test]
fn branches_tags_and_stashes_are_kept_under_the_name_of_the_run() {
    let world = World::new();
    let script = format!(
        "{COMMIT}; echo stashed > file; git stash -q; git switch -q -c side; git commit -q --allow-empty -m side; \
         git tag v1; git rev-parse side v1 stash; git switch -q agent-1"
    );
    let answer = world.run(&script).exits(0);
    world.assert_on_main("work");
    let ids: Vec<&str> = answer.stdout.lines().filter(|line| line.len() == 40).collect();
    assert_eq!(ids.len(), 3, "{answer:#?}");
    let kept = world.kept("for-each-ref --format='%(objectname)' refs/binnacle/");
    ids.iter().for_each(|id| assert!(kept.contains(id), "{id} is not in {kept}"));
    assert_eq!(world.git("branch --list side; git -C repo tag; git -C repo stash list"), "");
}

#[test]
fn an_agent_that_ends_on_another_branch_is_taken_at_its_own_one() {
    let world = World::new();
    let answer =
        world.run(&format!("{COMMIT}; git switch -q -c other; echo o > other; git add other; git commit -qm other"));
    let answer = answer.exits(0);
    assert!(answer.stderr.contains("the agent ended on a commit that is not on its branch"), "{answer:#?}");
    world.assert_on_main("work");
    assert_eq!(world.shell("git -C agent-1 status --porcelain; git -C agent-1 log -1 --format=%s"), "other");
}

#[test]
fn history_that_the_agent_rewrote_can_be_found_again() {
    let world = World::new();
    world.shell("cd agent-1; git commit -q --allow-empty -m users-own");
    let answer = world.run(&format!(
        "{COMMIT}; git rev-parse HEAD; git commit -q --amend -m amended; git rebase -q HEAD~2 --onto HEAD~2"
    ));
    let answer = answer.exits(0);
    world.assert_on_main("amended");
    let id = answer.stdout.lines().find(|line| line.len() == 40).unwrap();
    world.git("reflog expire --expire=now --all; git -C repo gc -q --prune=now");
    assert_eq!(world.git(&format!("log -1 --format=%s {id}")), "work");
}

#[test]
fn the_exit_code_of_an_agent_is_passed_on_and_nothing_is_merged() {
    let world = World::new();
    let answer = world.run(&format!("{COMMIT}; exit 7")).exits(7);
    let line = format!("{}: the agent failed (7), 1 commit is kept", world.job());
    assert!(answer.stderr.contains(&line), "{answer:#?}");
    world.assert_on_main("first");
    assert_eq!(world.git("log -1 --format=%s agent-1"), "work");
    // Nobody is at a terminal to be asked.
    let (job, look) = (world.job(), world.look());
    let said = format!(
        "Error: the work of {job} is not merged without your consent: the agent failed (7)\n\
         hint: look at it: {look}\n\
         hint: then, to merge it all the same: bn container merge {job} --yes\n"
    );
    assert_eq!(world.merge().exits(3).stderr, said);
    world.assert_on_main("first");
    let merged = world.merge_all_the_same().exits(0).stdout;
    assert!(merged.starts_with(&format!("{job}: the agent failed (7); merged into main (1 commit)\n")), "{merged}");
    world.assert_on_main("work");
}

#[test]
fn an_agent_without_commits_is_no_failure() {
    let world = World::new();
    let answer = world.run("true").exits(0);
    assert!(answer.stderr.contains("nothing to merge into main"), "{answer:#?}");
    assert_eq!(world.outcome(), "nothing-to-merge");
}

#[test]
fn an_agent_that_runs_out_of_memory_is_said_to() {
    let world = World::new();
    let options = ["--name", &world.job(), "--memory", "64m"];
    let answer = world.agent(&options, &format!("{COMMIT}; tail /dev/zero")).exits(137);
    let said = "the agent ran out of memory (137), 1 commit is kept\n  it may use 64 MiB; --memory gives it more";
    assert!(answer.stderr.contains(said), "{answer:#?}");
    assert_eq!(world.row(&world.job())["status"], "out of memory (137)");
}

/// An administrator may have asked the kernel to kill all of a group at once, or to begin with its first process.
#[test]
fn an_agent_whose_entrypoint_dies_for_want_of_memory_is_said_to_be_out_of_it() {
    let world = World::new();
    let name = world.job();
    let script = format!("{COMMIT}; {MEET}; tail /dev/zero");
    let running = world.start(&["--name", &name, "--memory", "64m"], &script);
    running.meet();
    let pid = world.shell(&format!("jq .pid home/.local/state/binnacle/*/runs/{name}/run.json"));
    let whole = format!("/sys/fs/cgroup/binnacle/{name}/memory.oom.group");
    let all = format!("if [ -e {whole} ]; then echo 1 >{whole}; else echo 1000 >/proc/{pid}/oom_score_adj; fi");
    assert!(Command::new("sudo").args(["-n", "sh", "-ec", &all]).status().unwrap().success(), "{all}");
    let answer = running.go_on().exits(137);
    assert!(answer.stderr.contains("the agent ran out of memory (137), 1 commit is kept"), "{answer:#?}");
}

#[test]
fn a_container_that_is_killed_loses_no_commit() {
    let world = World::new();
    let run = world.start(&["--name", &world.job()], &format!("{COMMIT}; {MEET}"));
    run.meet();
    ctr(&["tasks", "kill", "--signal", "SIGKILL", "--all", &world.job()]);
    run.end().exits(137);
    assert_eq!(world.git("log -1 --format=%s agent-1"), "work");
    world.assert_on_main("first");
    world.assert_nothing_runs(&world.job());
    world.merge_all_the_same().exits(0);
    world.assert_on_main("work");
}

#[test]
fn an_agent_that_takes_too_long_is_stopped() {
    let world = World::new();
    let options = ["--name", &world.job(), "--timeout", &format!("{}s", patience(1).as_secs())];
    let script =
        format!("{COMMIT}; trap 'git commit -q --allow-empty -m last; exit 0' TERM; while :; do sleep 0.1; done");
    let answer = world.agent(&options, &script).exits(124);
    assert!(answer.stderr.contains(&format!("{}: timed-out, 2 commits are kept", world.job())), "{answer:#?}");
    world.assert_on_main("first");
    assert_eq!(world.git("log -1 --format=%s agent-1"), "last");
    world.assert_nothing_runs(&world.job());
}

#[test]
fn work_that_is_not_to_be_merged_stays_on_its_branch() {
    let world = World::new();
    world.agent(&["--name", &world.job(), "--no-merge"], COMMIT).exits(0);
    world.assert_on_main("first");
    assert_eq!(world.git("log -1 --format=%s agent-1"), "work");
    assert_eq!(world.outcome(), "unmerged");
}

#[test]
fn a_task_whose_work_could_not_be_merged_is_open_again() {
    let world = World::new();
    let id = world.bn(&["task", "create", "Greet", "--json"]).exits(0);
    let id: serde_json::Value = serde_json::from_str(&id.stdout).unwrap();
    let id = id["id"].as_str().unwrap().to_owned();
    world.shell("echo mine > repo/greeting");
    world.run(&format!("bn task claim {id}; {COMMIT}; bn task close {id}")).exits(3);
    let shown = world.bn(&["task", "show", &id]).exits(0).stdout;
    assert!(shown.contains("\nopen · "), "{shown}");
    let note = format!(
        "the run {0} closed this, but its work is not on main (target-dirty); bn container merge {0}",
        world.job()
    );
    assert!(shown.contains(&note), "{shown}");
}

#[test]
fn claims_of_an_agent_that_died_are_released() {
    let world = World::new();
    let id = world.bn(&["task", "create", "Greet", "--json"]).exits(0);
    let id: serde_json::Value = serde_json::from_str(&id.stdout).unwrap();
    let id = id["id"].as_str().unwrap().to_owned();
    let run = world.start(&["--name", &world.job()], &format!("bn task claim {id}; {MEET}"));
    run.meet();
    assert!(world.bn(&["task", "show", &id]).exits(0).stdout.contains("\nin_progress · "));
    ctr(&["tasks", "kill", "--signal", "SIGKILL", "--all", &world.job()]);
    run.end().exits(137);
    assert!(world.bn(&["task", "show", &id]).exits(0).stdout.contains("\nopen · "));
    assert!(world.bn(&["ready"]).exits(0).stdout.contains(&id));
}

#[test]
fn a_submodule_link_is_merged_only_by_a_user_who_asks_for_it() {
    let world = World::new();
    let link = format!("git update-index --add --cacheinfo 160000,{},sub && git commit -q -m link", "1".repeat(40));
    let answer = world.run(&link).exits(3);
    assert!(
        answer.stderr.contains("look at this before it is merged: the submodule link sub is new or changed"),
        "{answer:#?}"
    );
    world.assert_on_main("first");
    world.merge().exits(3);
    world.bn(&["container", "merge", "--accept-handoff", &world.job()]).exits(0);
    world.assert_on_main("link");
}

#[test]
fn two_agents_of_one_repository_do_not_disturb_each_other() {
    let world = World::new();
    world.git("worktree add -q ../agent-2 -b agent-2");
    let first = world.start(&["--name", &world.name("one")], &format!("{COMMIT}; {MEET}"));
    first.meet();
    let second = world.run_in("../agent-2", "echo 2 > second; git add second; git commit -q -m second");
    second.exits(0);
    world.assert_on_main("second");
    first.go_on().exits(3);
    wait_for("the list to be empty", || world.bn(&["container", "list", "--quiet"]).stdout.is_empty());
}

#[test]
fn a_command_has_copilots_configuration_and_what_the_environment_says_of_the_run() {
    let world = World::new();
    world.shell("mkdir -p home/.config/github-copilot && echo canary > home/.config/github-copilot/hosts.json");
    world.git("branch topic");
    let script = "cat ~/.config/github-copilot/hosts.json; echo who=$BN_AGENT_NAME,$BN_AGENT_TYPE,$BN_MERGE_TARGET; \
                  git commit -q --allow-empty -m work";
    let image = crate::world::image();
    let mut command =
        world.bn_command(&["container", "run", "--tag", &image, "../agent-1", "--", "bash", "-c", script]);
    let name = world.job();
    let variables = [("BN_AGENT_NAME", name.as_str()), ("BN_AGENT_TYPE", "buddy"), ("BN_MERGE_TARGET", "topic")];
    let answer = crate::world::answer(command.envs(variables).output().unwrap()).exits(0);
    assert!(answer.stdout.contains("canary\n"), "{answer:#?}");
    assert!(answer.stdout.contains(&format!("who={},buddy,topic\n", world.job())), "{answer:#?}");
    assert_eq!(world.git("log -1 --format=%s topic"), "work");
    world.assert_on_main("first");
}
