//! The agent borrows the host's objects: what the user deletes meanwhile must not break it.

use crate::git::collect::run_refs;
use crate::git::merge::fast_forward::MergeOutcome;
use crate::git::private::view;
use crate::git::testing::Bench;

const COLLECT_GARBAGE: &str = "git -C repo reflog expire --expire=now --all; git -C repo gc -q --prune=now";

#[test]
fn a_branch_that_the_user_deletes_and_prunes_is_still_there_for_the_agent() {
    let bench = Bench::linked();
    bench.sh("cd repo && git switch -qc topic && echo t > t && git add t && git commit -qm topic && git tag -am x heavy && git switch -q main");
    let run = bench.prepare("agent");
    bench.sh(&format!("git -C repo branch -qD topic; git -C repo tag -d heavy; {COLLECT_GARBAGE}"));
    assert_eq!(bench.agent(&run, "git show topic:t heavy:t; git fsck --no-dangling 2>&1; git gc -q"), "t\nt");
}

#[test]
fn without_pins_the_same_breaks_the_agents_repository() {
    let bench = Bench::linked();
    bench
        .sh("cd repo && git switch -qc topic && echo t > t && git add t && git commit -qm topic && git switch -q main");
    let run = bench.prepare("agent");
    bench.sh(&format!(
        "git -C repo update-ref -d refs/binnacle/runs/run-1/pin; git -C repo branch -qD topic; {COLLECT_GARBAGE}"
    ));
    assert_eq!(bench.agent(&run, "git show topic:t 2>/dev/null || echo broken"), "broken");
}

#[test]
fn what_was_published_during_the_run_is_kept_too() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.sh("cd repo && git switch -qc topic && echo t > t && git add t && git commit -qm topic && git tag -am x heavy && git switch -q main");
    assert!(view::publish(&bench.git, &run).unwrap());
    bench.agent(&run, "git fetch -q host");
    bench.sh(&format!("git -C repo branch -qD topic; git -C repo tag -d heavy; {COLLECT_GARBAGE}"));
    assert!(view::publish(&bench.git, &run).unwrap());
    assert_eq!(
        bench.agent(&run, "git show host/topic:t heavy:t; git fetch -q --prune host; git branch -r"),
        "t\nt\n  host/agent\n  host/main"
    );
}

#[test]
fn what_is_staged_is_kept() {
    let bench = Bench::linked();
    bench.sh("cd agent && echo staged > s && git add s");
    let run = bench.prepare("agent");
    bench.sh(&format!(
        "git -C agent reset -q; git -C repo update-ref -d refs/binnacle/runs/run-1/uncommitted; {COLLECT_GARBAGE}"
    ));
    assert_eq!(bench.agent(&run, "git commit -qm staged; git show HEAD:s"), "staged");
}

#[test]
fn conflicts_in_the_index_are_kept() {
    let bench = Bench::linked();
    bench.sh("cd agent && echo a > file && git stash -q && echo b > file && git commit -qam b && ! git stash pop -q 2>/dev/null >&2");
    let run = bench.prepare("agent");
    bench.sh(&format!("git -C agent stash drop -q; git -C agent reset -q --hard; {COLLECT_GARBAGE}"));
    assert_eq!(bench.agent(&run, "git cat-file -p :3:file; git cat-file -p :2:file"), "a\nb");
}

#[test]
fn the_users_garbage_collection_between_every_step_loses_nothing() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    let gc = || drop(bench.sh(&format!("{COLLECT_GARBAGE}; git -C repo repack -adq")));
    let mut ids = Vec::new();
    for number in 0..5 {
        gc();
        ids.push(
            bench.agent(&run, &format!("echo {number} > n; git add n; git commit -qm {number}; git rev-parse HEAD")),
        );
    }
    gc();
    let collected = bench.collect(&run);
    gc();
    assert!(matches!(bench.merge(&run, &collected), MergeOutcome::Merged { .. }));
    run_refs::discard(&bench.git, &run).unwrap();
    gc();
    ids.iter().for_each(|id| drop(bench.sh(&format!("git -C repo cat-file -e {id}^{{commit}}"))));
    assert_eq!(bench.sh("git -C repo fsck --no-dangling 2>&1"), "");
}

#[test]
fn the_view_cannot_be_pushed_to_and_says_so() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    let said = bench.agent(&run, "git commit -qm x --allow-empty; git push host HEAD 2>&1 || true");
    assert!(said.contains("nothing to push: your commits are taken over when you are done"), "{said}");
}

#[test]
fn an_index_in_parts_is_copied_whole() {
    let bench = Bench::linked();
    bench.sh(
        "cd agent && git config core.untrackedCache true && git update-index --split-index && echo s > s && git add s",
    );
    let run = bench.prepare("agent");
    assert_eq!(bench.agent(&run, "git status --porcelain"), "A  s");
    bench.agent(&run, "git commit -qm s");
    bench.collect(&run);
    assert!(bench.clean("agent"));
}

#[test]
fn an_abandoned_preparation_leaves_nothing() {
    let bench = Bench::linked();
    bench.sh("echo x > agent/x");
    let run = bench.prepare("agent");
    run_refs::abandon(&bench.git, &run.checkout.common_dir, "run-1", &run.folder).unwrap();
    assert_eq!(bench.sh("git -C repo for-each-ref refs/binnacle; ls runs/run-1; cat agent/x"), "x");
}
