//! Nothing of anybody's is lost: what was there before a run, and what an agent made beside its own branch.

use crate::running::MEET;
use crate::world::{World, answer};

const COMMIT: &str = "set -e; echo theirs > greeting; git add greeting; git commit -q -m work";

#[test]
fn a_branch_that_the_agent_set_back_keeps_the_users_commit() {
    let world = World::new();
    world.shell("cd agent-1; echo mine > mine; git add mine; git commit -qm mine");
    let answer = world.run("git reset -q --hard HEAD~1").exits(0);
    assert!(answer.stderr.contains("agent-1 stays at "), "{answer:#?}");
    assert!(answer.stderr.contains("nothing to merge into main"), "{answer:#?}");
    assert_eq!(world.git("log -1 --format=%s agent-1"), "mine");

    world.shell("git -C agent-1 restore .");
    let name = world.unique("again");
    let answer = world.agent(&["--name", &name], &format!("git reset -q --hard HEAD~1; {COMMIT}")).exits(3);
    assert!(answer.stderr.contains("the work lacks 1 of the commits that its branch has"), "{answer:#?}");
    assert_eq!(world.git("log -1 --format=%s agent-1"), "mine");
    world.assert_on_main("first");
    assert_eq!(world.kept_of(&name, &format!("log -1 --format=%s refs/binnacle/runs/{name}/work")), "work");
    world.bn(&["container", "merge", &name]).exits(0);
    world.assert_on_main("work");
    assert_eq!(world.git("log -1 --format=%s agent-1"), "mine");
}

#[test]
fn what_the_user_takes_back_from_main_is_not_merged_again() {
    let world = World::new();
    world.git("commit -q --allow-empty -m mistake");
    world.shell("git -C agent-1 merge -q main");
    let mistake = world.git("rev-parse --short=10 HEAD");
    let run = world.start(&["--name", &world.job()], &format!("{COMMIT}; {MEET}"));
    run.meet();
    world.git("reset -q --hard HEAD~1");
    let answer = run.go_on().exits(3);
    assert!(answer.stderr.contains(&format!("main was at {mistake} when the agent saw it")), "{answer:#?}");
    world.assert_on_main("first");
    world.merge().exits(3);
    world.assert_on_main("first");
    world.shell(&format!("git -C agent-1 rebase -q --onto main {mistake}"));
    world.merge().exits(0);
    assert_eq!(world.git("log --format=%s main"), "work\nfirst");
}

#[test]
fn the_copy_of_the_users_files_outlives_prune_while_they_are_nowhere_else() {
    let world = World::new();
    world.shell("echo mine > agent-1/mine.txt");
    let answer = world.run("rm mine.txt").exits(0);
    let said = "a copy of your uncommitted files (mine.txt): git -C ";
    assert!(answer.stderr.contains(said), "{answer:#?}");
    let pruned = world.bn(&["container", "prune"]).exits(0).stdout;
    assert!(pruned.contains(&format!("kept {}: ", world.job())) && pruned.contains(said), "{pruned}");
    let again = world.run("true").exits(125);
    assert!(again.stderr.contains(&world.job()), "{again:#?}");
    let get = answer.stderr.split_once("(mine.txt): ").unwrap().1.lines().next().unwrap().to_owned();
    world.shell(&get);
    assert_eq!(world.shell("cat agent-1/mine.txt"), "mine");
    let pruned = world.bn(&["container", "prune"]).exits(0).stdout;
    assert!(pruned.starts_with(&format!("forgot {}: ", world.job())), "{pruned}");
}

#[test]
fn what_could_not_be_taken_over_outlives_prune_and_is_said() {
    let world = World::new();
    let script = format!(
        "{COMMIT}; t=$(git rev-parse HEAD^{{tree}}); git update-ref refs/heads/side $(printf \
        'tree %s\\nauthor a <a@b> 99999999999999999999 +0000\\ncommitter a <a@b> 1 +0000\\n\\nodd\\n' $t \
        | git hash-object -t commit -w --literally --stdin)"
    );
    let answer = world.run(&script).exits(0);
    assert!(answer.stderr.contains("kept with the run: what could not be taken over from the agent"), "{answer:#?}");
    assert_eq!(world.row(&world.job())["kept"], 1);
    let pruned = world.bn(&["container", "prune"]).exits(0).stdout;
    let get = format!("git -C {}", world.path("").display());
    assert!(pruned.contains(&get) && pruned.contains("not-taken.git log --all"), "{pruned}");
    world.run("true").exits(125);
}

#[test]
fn the_outcome_speaks_of_all_that_was_made() {
    let world = World::new();
    let answer = world.run(
        "set -e; git worktree add -q .claude/worktrees/f -b f; cd .claude/worktrees/f; git commit -qm inner --allow-empty; \
         cd /workspace; git tag -am told v1; echo s > file; git stash -q",
    );
    let answer = answer.exits(0);
    for said in ["nothing to merge into main", "branch f: git -C ", "tag v1: git -C ", "stash@{0}: git -C "] {
        assert!(answer.stderr.contains(said), "{said}: {answer:#?}");
    }
    let merge = world.merge().exits(0).stdout;
    assert!(merge.contains("branch f: git -C "), "{merge}");
    let list = world.bn(&["container", "list", "--all"]).exits(0).stdout;
    assert!(list.contains("nothing-to-merge, 3 kept"), "{list}");
}

#[test]
fn a_worktree_that_was_made_before_main_moved_on_starts_where_main_is() {
    let world = World::new();
    world.shell("cd repo; echo two > file; git commit -qam two");
    let answer = world.run(&format!("cat file; {COMMIT}")).exits(0);
    assert!(answer.stderr.contains("agent-1 is 1 commit behind main: fast-forwarded"), "{answer:#?}");
    assert!(answer.stdout.lines().any(|line| line == "two"), "{answer:#?}");
    world.assert_on_main("work");
}

#[test]
fn what_the_agent_stores_with_lfs_is_in_the_repositorys_own_store() {
    let world = World::new();
    let store =
        "o=$(printf one | sha256sum | cut -c1-64); d=$(git rev-parse --git-common-dir)/lfs/objects/${o:0:2}/${o:2:2}";
    world.run(&format!("{COMMIT}; {store}; mkdir -p $d; printf one > $d/$o")).exits(0);
    world.assert_on_main("work");
    assert_eq!(world.shell("cat repo/.git/lfs/objects/*/*/*"), "one");
}

/// Through the programs of both sides: the host's checkout after the merge, the agent's of what was there before.
#[test]
fn files_of_git_lfs_are_the_agents_and_the_users() {
    let world = World::new();
    world.shell(
        "cd repo; git lfs install --local; git lfs track '*.png'; printf zero > old.png; git add -A; git commit -qm png; \
         git -C ../agent-1 merge -q --ff-only main",
    );
    let script = "set -e; cat old.png; printf one > new.png; git add -A; git commit -qm v1; printf two > new.png; \
        printf changed > old.png; git commit -qam v2; git checkout -q HEAD~2; cat old.png; git checkout -q agent-1; git status --short";
    let answer = world.run(script).exits(0);
    assert!(answer.stdout.contains("zerozero"), "{answer:#?}");
    assert_eq!(
        world.shell("cd repo; cat new.png old.png; git status --short; git lfs fsck"),
        "twochangedGit LFS fsck OK"
    );
    assert_eq!(world.shell("cd repo; git checkout -q HEAD~1; cat new.png old.png"), "onezero");
}

#[test]
fn what_git_lfs_stored_and_cannot_be_taken_over_goes_with_the_copy_of_a_discarded_run() {
    let world = World::new();
    let script = format!(
        "{COMMIT}; o=$(printf x | sha256sum | cut -c1-64); d=$(git rev-parse --git-common-dir)/lfs/objects/${{o:0:2}}/${{o:2:2}}; mkdir -p $d; printf y > $d/$o"
    );
    let answer = world.run(&script).exits(3);
    assert!(answer.stderr.contains("with Git LFS could not be taken over"), "{answer:#?}");
    world.bn(&["container", "discard", "--yes", &world.job()]).exits(0);
    assert_eq!(world.shell("cat home/.local/state/binnacle/*/discarded/*/lfs/objects/*/*/*"), "y");
}

#[test]
fn work_whose_repository_was_moved_is_not_forgotten() {
    let world = World::new();
    world.agent(&["--name", &world.job(), "--no-merge"], "git commit -q --allow-empty -m work").exits(0);
    world.shell("mv repo moved; mkdir elsewhere; git -C elsewhere init -q");
    let mut prune = world.bn_command(&["container", "prune", "--all-repositories"]);
    let kept = answer(prune.current_dir(world.path("elsewhere")).output().unwrap()).exits(0).stdout;
    assert!(kept.contains(&format!("kept {}: its repository ", world.job())), "{kept}");
    world.shell("mv moved repo");
    world.merge().exits(0);
    world.assert_on_main("work");
}
