//! Nothing of anybody's is lost: what was there before a run, and what an agent made beside its own branch.

use crate::running::MEET;
use crate::world::World;

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
    assert_eq!(world.git(&format!("log -1 --format=%s refs/binnacle/runs/{name}/work")), "work");
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
