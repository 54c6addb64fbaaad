use crate::git::collect::collected::BranchOutcome;
use crate::git::collect::run_refs;
use crate::git::merge::fast_forward::MergeOutcome;
use crate::git::private::view;
use crate::git::testing::Bench;

#[test]
fn a_commit_made_in_a_linked_worktree_lands_on_main() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    let id = bench.agent(
        &run,
        "git commit -qm before --allow-empty; echo two > new; git add new; git commit -qm two; git rev-parse HEAD",
    );
    let collected = bench.collect(&run);
    assert_eq!((collected.head.as_str(), collected.new_commits, collected.complete), (id.as_str(), 2, true));
    assert!(matches!(collected.branch, BranchOutcome::Moved { .. }), "{:?}", collected.branch);
    assert!(bench.clean("agent"));
    assert!(matches!(bench.merge(&run, &collected), MergeOutcome::Merged { .. }));
    assert_eq!(bench.sh("git -C repo log --format=%an:%s -1 main; cat repo/new"), "Ann:two\ntwo");
    assert!(bench.clean("repo"));
    run_refs::discard(&bench.git, &run).unwrap();
    assert_eq!(bench.sh("git -C repo for-each-ref refs/binnacle; git -C repo fsck --no-dangling 2>&1"), "");
    assert_eq!(bench.sh("ls runs/run-1"), "");
}

#[test]
fn a_commit_made_in_a_plain_checkout_of_main_is_there_after_the_merge_and_not_before() {
    let bench = Bench::linked();
    let run = bench.prepare("repo");
    let before = bench.sh("git -C repo rev-parse main");
    let id = bench.agent(&run, "echo two > new; git add new; git commit -qm two; git rev-parse HEAD");
    let collected = bench.collect(&run);
    assert_eq!(bench.sh("git -C repo rev-parse main"), before);
    assert!(matches!(bench.merge(&run, &collected), MergeOutcome::Merged { .. }));
    assert_eq!(bench.sh("git -C repo rev-parse main"), id);
    assert!(bench.clean("repo"));
}

#[test]
fn the_agent_can_rebase_onto_what_main_became_meanwhile() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(&run, "echo two > new; git add new; git commit -qm two");
    bench.sh("cd repo && echo three > other && git add . && git commit -qm three");
    assert!(view::publish(&bench.git, &run).unwrap());
    assert!(!view::publish(&bench.git, &run).unwrap());
    bench.agent(&run, "git fetch -q host; git rebase -q host/main");
    let collected = bench.collect(&run);
    assert!(matches!(bench.merge(&run, &collected), MergeOutcome::Merged { .. }));
    assert_eq!(bench.sh("git -C repo log --format=%s main"), "two\nthree\none");
}
