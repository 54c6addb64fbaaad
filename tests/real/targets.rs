//! The target in every state in which a user may have left it.

use crate::running::MEET;
use crate::world::World;

const COMMIT: &str = "set -e; echo theirs > greeting; git add greeting; git commit -q -m work";

#[test]
fn changes_that_clash_are_left_alone_until_they_are_out_of_the_way() {
    let world = World::new();
    world.shell("echo mine > repo/greeting");
    let refused = world.run(COMMIT).exits(3);
    let checkout = world.path("repo");
    let reason = format!("uncommitted changes in {} are in the way: greeting", checkout.display());
    assert!(refused.stderr.contains(&reason), "{refused:#?}");
    assert!(refused.stderr.contains(&format!("hint: bn container merge {}", world.job())), "{refused:#?}");
    assert_eq!(world.shell("cat repo/greeting; git -C repo status --porcelain"), "mine\n?? greeting");
    world.assert_on_main("first");

    assert!(world.merge().exits(3).stdout.contains(&reason));
    world.shell("rm repo/greeting");
    world.merge().exits(0);
    world.assert_on_main("work");
    assert_eq!(world.shell("cat repo/greeting"), "theirs");
    assert_eq!(world.outcome(), "merged");
}

#[test]
fn changes_elsewhere_are_kept() {
    let world = World::new();
    world.shell("cd repo; echo more >> file; echo staged > staged; git add staged; echo new > untracked");
    world.run(COMMIT).exits(0);
    world.assert_on_main("work");
    assert_eq!(world.git("status --porcelain"), " M file\nA  staged\n?? untracked");
}

#[test]
fn an_ignored_file_in_the_way_is_not_overwritten() {
    let world = World::new();
    world.shell("cd repo; echo greeting > .git/info/exclude; echo mine > greeting");
    world.run("set -e; echo theirs > greeting; git add -f greeting; git commit -q -m work").exits(3);
    assert_eq!(world.shell("cat repo/greeting"), "mine");
}

#[test]
fn a_target_that_has_moved_on_waits_for_a_rebase() {
    let world = World::new();
    let run = world.start(&["--name", &world.job()], &format!("{COMMIT}; {MEET}"));
    run.meet();
    world.git("commit -q --allow-empty -m meanwhile");
    let refused = run.go_on().exits(3);
    assert!(refused.stderr.contains(": 1 commit is kept; main has moved on by 1\n"), "{refused:#?}");
    let rebase = format!("hint: bn container merge {} --rebase\n", world.job());
    assert!(refused.stderr.contains(&rebase), "{refused:#?}");
    world.assert_on_main("meanwhile");
    world.merge().exits(3);

    world.shell("git -C agent-1 rebase -q main");
    world.merge().exits(0);
    world.assert_on_main("work");
    assert_eq!(world.outcome(), "merged");
}

#[test]
fn a_rebase_that_waits_for_the_user_is_what_comes_next() {
    let world = World::new();
    let run = world.start(&["--name", &world.job()], &format!("{MEET}; echo a > file; git commit -qam work; exit 7"));
    run.meet();
    world.shell("cd repo && echo b > file && git commit -qam mine");
    run.go_on().exits(7);
    world.shell("! git -C agent-1 rebase -q main 2>/dev/null");
    let place = world.path("agent-1").display().to_string();
    let job = world.job();
    let said = format!(
        "{job}: the agent failed (7). 1 commit is kept; main has moved on by 1, and a rebase waits in {place} (file)\n\
         hint: git -C {place} rebase --continue && bn container merge {job}\n"
    );
    assert_eq!(world.merge_all_the_same().exits(3).stdout, said);
}

#[test]
fn what_was_not_the_agents_is_told_apart() {
    let world = World::new();
    world.shell("git -C agent-1 commit -q --allow-empty -m before");
    let merged = world.run("true").exits(0).stderr;
    let said = format!("{}: the agent made no commit; its branch was 1 ahead: merged into main\n", world.job());
    assert!(merged.contains(&said), "{merged}");

    let world = World::new();
    let run = world.start(&["--name", &world.job()], &format!("{COMMIT}; {MEET}"));
    run.meet();
    world.git("branch -m agent-1 renamed");
    let refused = run.go_on().exits(3).stderr;
    let (job, look) = (world.job(), world.look());
    let said = format!(
        "{job}: branch-moved, 1 commit is kept\n  branch agent-1 is gone, and its worktree is on renamed now; \
         the agent's commits are kept: {look}\nhint: bn container merge {job}\n"
    );
    assert!(refused.ends_with(&said), "{refused}");

    let world = World::new();
    let script = format!("{COMMIT}; touch ready; while [ -e file ]; do sleep 0.05; done");
    let run = world.start(&["--name", &world.job()], &script);
    run.meet();
    world.git("worktree remove --force ../agent-1");
    let answer = run.end();
    let place = world.path("agent-1").display().to_string();
    let id = world.git("rev-parse agent-1")[..10].to_owned();
    let said = format!("the worktree {place} is gone; its commit {id} is kept: git worktree add {place} agent-1\n");
    assert!(answer.stderr.contains(&said), "{answer:#?}");
}

#[test]
fn work_that_the_user_has_picked_by_hand_is_known_to_be_there() {
    let world = World::new();
    let run = world.start(&["--name", &world.job()], &format!("{COMMIT}; {MEET}"));
    run.meet();
    world.git("commit -q --allow-empty -m meanwhile");
    run.go_on().exits(3);
    world.git("cherry-pick agent-1");
    world.merge().exits(0);
}

#[test]
fn an_agent_sees_the_host_move_on_and_rebases() {
    let world = World::new();
    let script = format!(
        "{COMMIT}; {MEET}; until git fetch -q host && git log --format=%s host/main | grep -q meanwhile; do sleep 0.1; done; \
         git rebase -q host/main"
    );
    let run = world.start(&["--name", &world.job()], &script);
    run.meet();
    world.git("commit -q --allow-empty -m meanwhile");
    let merged = run.go_on().exits(0).stderr;
    // The commit of the host's that it rebased onto is not counted.
    assert!(merged.contains(": merged into main (1 commit)\n"), "{merged}");
    assert_eq!(world.git("log --format=%s main"), "work\nmeanwhile\nfirst");
    assert_eq!(world.shell("cat repo/greeting; git -C agent-1 status --porcelain"), "theirs");
}

#[test]
fn a_target_that_is_checked_out_nowhere_is_moved() {
    let world = World::new();
    world.git("switch -q -c elsewhere");
    world.run(COMMIT).exits(0);
    world.assert_on_main("work");
    assert_eq!(world.git("status --porcelain --branch"), "## elsewhere");
}

#[test]
fn failed_work_can_be_merged_later_where_the_target_is_checked_out_nowhere() {
    let world = World::new();
    world.git("switch -q -c elsewhere");
    world.run(&format!("{COMMIT}; exit 7")).exits(7);
    world.assert_on_main("first");
    world.merge_all_the_same().exits(0);
    world.assert_on_main("work");
}

#[test]
fn a_target_in_another_linked_worktree_is_moved_there() {
    let world = World::new();
    world.git("switch -q -c elsewhere");
    world.git("worktree add -q ../of-main main");
    world.run(COMMIT).exits(0);
    assert_eq!(world.shell("cat of-main/greeting; git -C of-main status --porcelain"), "theirs");
    world.assert_on_main("work");
}

#[test]
fn an_unfinished_rebase_in_the_targets_checkout_is_not_disturbed() {
    let world = World::new();
    world.shell(
        "cd repo; git switch -q -c side; echo side > file; git commit -qam side; git switch -q main; \
         echo main > file; git commit -qam main; git -C ../agent-1 reset -q --hard main; ! git rebase -q side 2>/dev/null",
    );
    world.run(COMMIT).exits(3);
    assert_eq!(world.outcome(), "target-busy");
    world.git("rebase --abort");
    world.merge().exits(0);
    world.assert_on_main("work");
}

#[test]
fn in_a_plain_checkout_the_target_itself_is_worked_on() {
    let world = World::new();
    world.run_in(".", COMMIT).exits(0);
    world.assert_on_main("work");
    assert_eq!(world.git("status --porcelain --branch"), "## main");
    assert_eq!(world.shell("test -d repo/.git && git -C repo fsck --no-dangling 2>&1"), "");
}

#[test]
fn in_a_plain_checkout_another_branch_is_merged() {
    let world = World::new();
    world.git("switch -q -c side");
    world.run_in(".", COMMIT).exits(0);
    world.assert_on_main("work");
    assert_eq!(world.git("status --porcelain --branch"), "## side");
}

#[test]
fn another_target_can_be_named() {
    let world = World::new();
    world.git("branch release");
    world.agent(&["--name", &world.job(), "--merge-target", "release"], COMMIT).exits(0);
    world.assert_on_main("first");
    assert_eq!(world.git("log -1 --format=%s release"), "work");
}

#[test]
fn commits_of_the_user_on_the_agents_branch_are_not_touched() {
    let world = World::new();
    let run = world.start(&["--name", &world.job()], &format!("{COMMIT}; {MEET}"));
    run.meet();
    world.shell("git -C agent-1 commit -q --allow-empty -m users");
    let refused = run.go_on().exits(3);
    assert_eq!(world.outcome(), "branch-moved");
    let users = world.git("rev-parse agent-1")[..10].to_owned();
    assert!(refused.stderr.contains(&format!(
        "branch agent-1 was moved to {users} meanwhile, by somebody else; the agent's commits are kept: {}",
        world.look()
    )));
    assert_eq!(world.git("log -1 --format=%s agent-1"), "users");
    assert_eq!(world.kept(&format!("log -1 --format=%s refs/binnacle/runs/{}/work", world.job())), "work");
    world.assert_on_main("first");
    world.merge().exits(0);
    world.assert_on_main("work");
    assert_eq!(world.git("log -1 --format=%s agent-1"), "users");
}
