//! The agent borrows the host's objects: what the user deletes meanwhile must not break it.

use crate::git::collect::{kept, run_refs};
use crate::git::host::object_links;
use crate::git::merge::fast_forward::MergeOutcome;
use crate::git::private::{kept_git, view};
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
fn without_names_of_its_own_the_same_breaks_the_agents_repository() {
    let bench = Bench::linked();
    bench
        .sh("cd repo && git switch -qc topic && echo t > t && git add t && git commit -qm topic && git switch -q main");
    let run = bench.prepare("agent");
    bench.sh(&format!("rm -r repo/.git/binnacle; git -C repo branch -qD topic; {COLLECT_GARBAGE}"));
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
    bench.sh(&format!("git -C agent reset -q; rm -r runs/run-1/kept.git; {COLLECT_GARBAGE}"));
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

/// What a user sees of all refs, and what a mirror of the repository gets.
fn all_refs(bench: &Bench) -> String {
    bench.sh("rm -rf mirror; git init -q --bare mirror; git -C repo push -q --mirror ../mirror; git -C mirror for-each-ref; git -C repo for-each-ref; git -C repo log --all --format=%s")
}

#[test]
fn the_users_refs_show_nothing_of_a_run_while_it_goes_on_and_after_it() {
    let bench = Bench::linked();
    bench.sh("git -C repo tag -am x heavy; echo mine > agent/mine; echo staged > agent/s; git -C agent add s");
    let before = all_refs(&bench);
    let run = bench.prepare("agent");
    assert_eq!(all_refs(&bench), before);
    bench.sh("git -C repo tag -am y later");
    assert!(view::publish(&bench.git, &run).unwrap());
    bench.sh("git -C repo tag -d later");
    assert_eq!(all_refs(&bench), before);
    bench.agent(&run, "git branch side; git add mine; git commit -qm work; git switch -q side; git commit -qm side --allow-empty; git switch -q agent");
    let collected = bench.collect(&run);
    assert!(matches!(bench.merge(&run, &collected), MergeOutcome::Merged { .. }));
    run_refs::discard(&bench.git, &run).unwrap();
    let after = all_refs(&bench);
    assert!(!after.contains("binnacle") && !after.contains("side") && after.ends_with("work\none"), "{after}");
    // The branch beside the work is kept, and comes back as it is said, whatever the user deleted.
    bench.sh(&format!("git -C repo worktree remove --force agent; git -C repo branch -qD agent; git -C repo reset -q --hard heavy; {COLLECT_GARBAGE}"));
    let kept = run_refs::unmerged(&bench.git, &run).unwrap();
    let get: Vec<String> =
        kept::all(&bench.git, &run, &kept, Some(&collected)).unwrap().into_iter().map(|kept| kept.get).collect();
    get.iter().filter(|get| get.contains("/heads/1")).for_each(|get| drop(bench.sh(get)));
    assert_eq!(bench.sh("git -C repo log -1 --format=%s side; git -C repo fsck --no-dangling 2>&1"), "side");
    run_refs::forget(&bench.git, &run.checkout.common_dir, &run.run, &run.folder).unwrap();
    assert_eq!(bench.sh("find repo/.git -name binnacle; find repo/.git -name '*.keep'; ls runs/run-1"), "seen-targets");
}

#[test]
fn a_run_that_landed_leaves_nothing_in_the_users_git_folder() {
    let bench = Bench::linked();
    let (run, _, outcome) = bench.run("agent", "git commit -qm work --allow-empty");
    assert!(matches!(outcome, MergeOutcome::Merged { .. }));
    run_refs::discard(&bench.git, &run).unwrap();
    assert_eq!(bench.sh("find repo/.git -name binnacle; find repo/.git -name '*.keep'; ls runs/run-1"), "");
}

#[test]
fn work_that_nobody_merged_outlives_the_branch_and_the_users_garbage_collection() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(&run, "echo a > a; git add a; git commit -qm work");
    bench.sh("git -C agent commit -qm users --allow-empty");
    let collected = bench.collect(&run);
    run_refs::discard(&bench.git, &run).unwrap();
    bench.sh(&format!("git -C repo worktree remove --force agent; git -C repo branch -qD agent; {COLLECT_GARBAGE}"));
    assert!(matches!(bench.merge(&run, &collected), MergeOutcome::Merged { .. }));
    assert_eq!(bench.sh("cat repo/a; git -C repo fsck --no-dangling 2>&1"), "a");
}

#[test]
fn refs_of_an_older_bn_are_found_where_it_left_them() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    run_refs::abandon(&bench.git, &run.checkout.common_dir, &run.run, &run.folder).unwrap();
    bench.sh("cd repo; for r in pin old work; do git update-ref refs/binnacle/runs/run-1/$r $(git commit-tree -m $r HEAD^{tree}); done");
    let kept = run_refs::unmerged(&bench.git, &run).unwrap();
    assert_eq!(kept.iter().map(|kept| kept.reference.as_str()).collect::<Vec<_>>(), ["refs/binnacle/runs/run-1/work"]);
    let have = kept::to_have(&run, &kept[0].reference, "refs/heads/back");
    assert_eq!(
        bench
            .sh(&format!(
                "{} | cat; {have}; git -C repo log -1 --format=%s back",
                kept::to_see(&run, &kept[0].reference)
            ))
            .lines()
            .last(),
        Some("work")
    );
    run_refs::forget(&bench.git, &run.checkout.common_dir, &run.run, &run.folder).unwrap();
    assert_eq!(bench.sh("git -C repo for-each-ref refs/binnacle"), "");
}

#[test]
fn objects_without_a_second_name_are_copied_and_packs_that_come_and_go_are_waited_for() {
    let bench = Bench::linked();
    let common = bench.path("repo/.git");
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    let (here, there) = (bench.path("objects"), elsewhere.path().join("objects"));
    bench.sh("git -C repo gc -q; echo two > repo/two; git -C repo add two; git -C repo commit -qm two");
    assert_eq!(object_links::link(&common, &here).unwrap(), 0);
    assert!(object_links::link(&common, &there).unwrap() > 0);
    for objects in [here, there] {
        let said = bench.sh(&format!("git init -q --bare x; rm -rf x/objects; cp -r {} x/objects; git -C x fsck --no-dangling $(git -C repo rev-parse main) 2>&1; rm -rf x", objects.display()));
        assert!(!said.contains("missing"), "{said}");
    }
    let churn = std::thread::scope(|scope| {
        let packing = scope.spawn(|| bench.sh("for n in 1 2 3 4 5 6; do echo $n > repo/n; git -C repo add n; git -C repo commit -qm $n; git -C repo gc -q --prune=now; done"));
        while !packing.is_finished() {
            let target = tempfile::tempdir_in(bench.path("")).unwrap();
            object_links::link(&common, target.path()).unwrap();
        }
        packing.join()
    });
    assert_eq!(churn.unwrap(), "");
}

#[test]
fn what_a_copy_borrows_goes_with_the_copy_and_never_from_a_later_run() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    let (runs, copy) = (bench.path("runs"), bench.path("copy"));
    std::fs::rename(&run.folder, &copy).unwrap();
    let later = bench.prepare("agent");
    kept_git::expire(&copy, &runs).unwrap();
    assert!(kept_git::objects(&later.checkout.common_dir, &later.run).exists());
    std::fs::remove_dir_all(&later.folder).unwrap();
    kept_git::expire(&copy, &runs).unwrap();
    assert!(!later.checkout.common_dir.join("binnacle").exists());
}
