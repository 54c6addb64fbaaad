//! Every state in which a target can be.

use crate::git::collect::run_refs;
use crate::git::host::changes;
use crate::git::merge::fast_forward::MergeOutcome;
use crate::git::merge::filters;
use crate::git::merge::landed;
use crate::git::testing::Bench;

const CHANGE: &str = "echo two > file; echo new > new; git add .; git commit -qm two";

/// A finished run whose target is then brought into some state by the user; the merge, and what main is at after it.
fn after(prepare: &str) -> (Bench, MergeOutcome, String) {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(&run, CHANGE);
    let collected = bench.collect(&run);
    bench.sh(prepare);
    let outcome = bench.merge(&run, &collected);
    let main = bench.sh("git -C repo log -1 --format=%s refs/heads/main");
    (bench, outcome, main)
}

#[test]
fn dirty_without_a_clash_is_merged_and_kept() {
    let (bench, outcome, main) = after("cd repo && echo x > other && echo y > staged && git add staged");
    assert!(matches!(outcome, MergeOutcome::Merged { .. }), "{outcome:?}");
    assert_eq!((main.as_str(), bench.sh("git -C repo status --porcelain").as_str()), ("two", "A  staged\n?? other"));
}

#[test]
fn a_clash_of_any_kind_names_the_files_and_touches_nothing() {
    for (script, path) in [
        ("cd repo && echo mine > file", "file"),
        ("cd repo && echo mine > file && git add file", "file"),
        ("cd repo && echo mine > new", "new"),
        ("cd repo && echo new > .git/info/exclude && echo mine > new", "new"),
        ("cd repo && mkdir new && echo mine > new/x", "new"),
    ] {
        let bench = Bench::linked();
        let run = bench.prepare("agent");
        bench.agent(&run, CHANGE);
        let collected = bench.collect(&run);
        bench.sh(script);
        let before = bench.sh("cd repo && git status --porcelain --ignored && cat file && git rev-parse HEAD");
        let MergeOutcome::TargetDirty { paths, .. } = bench.merge(&run, &collected) else { panic!("{script}") };
        assert_eq!(paths, [path], "{script}");
        assert_eq!(bench.sh("cd repo && git status --porcelain --ignored && cat file && git rev-parse HEAD"), before);
        bench.sh("cd repo && git reset -q --hard && rm -rf new");
        assert!(matches!(bench.merge(&run, &collected), MergeOutcome::Merged { .. }), "{script}");
    }
}

#[test]
fn a_target_that_went_on_is_diverged() {
    let (_, outcome, main) = after("cd repo && git commit -qm three --allow-empty");
    assert_eq!((outcome, main.as_str()), (MergeOutcome::Diverged, "three"));
}

#[test]
fn a_target_that_has_it_already_is_merged() {
    let (_, outcome, main) = after("cd repo && git merge -q agent");
    assert!(matches!(outcome, MergeOutcome::Merged { .. }));
    assert_eq!(main, "two");
}

#[test]
fn a_target_that_is_gone_is_said() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(&run, CHANGE);
    let collected = bench.collect(&run);
    bench.sh("git -C repo branch -m main trunk");
    assert_eq!(bench.merge(&run, &collected), MergeOutcome::Refused { why: "branch main is gone".into() });
}

#[test]
fn a_target_in_another_linked_worktree_is_merged_there() {
    let (bench, outcome, main) = after("cd repo && git switch -qc elsewhere && git worktree add -q ../m main");
    assert!(matches!(outcome, MergeOutcome::Merged { .. }), "{outcome:?}");
    assert_eq!((main.as_str(), bench.sh("cat m/new").as_str()), ("two", "new"));
    assert!(bench.clean("m") && bench.clean("repo"));
}

#[test]
fn a_target_that_nobody_has_checked_out_is_moved() {
    let (bench, outcome, main) = after("git -C repo switch -qc elsewhere");
    assert!(matches!(outcome, MergeOutcome::Merged { .. }), "{outcome:?}");
    assert_eq!(main, "two");
    assert!(bench.clean("repo") && !bench.path("repo/new").exists());
}

#[test]
fn a_target_that_something_unfinished_holds_is_busy_and_stays() {
    for script in [
        "cd repo && git commit -q --allow-empty -m x && git commit -q --allow-empty -m y && GIT_SEQUENCE_EDITOR='sed -i 1s/pick/edit/' git rebase -q -i HEAD~1",
        "cd repo && git bisect start -q && git bisect bad && git bisect good HEAD 2>/dev/null || git bisect start -q",
        "cd repo && touch .git/MERGE_HEAD",
        "cd repo && touch .git/index.lock",
        "cd repo && git switch -qc elsewhere && git worktree add -q ../m main && rm -rf ../m",
    ] {
        let bench = Bench::linked();
        bench.sh("git -C repo commit -q --allow-empty -m zero; git -C agent merge -q main");
        let run = bench.prepare("agent");
        bench.agent(&run, CHANGE);
        let collected = bench.collect(&run);
        bench.sh(script);
        let before = bench.sh("cd repo && git rev-parse main HEAD");
        let outcome = bench.merge(&run, &collected);
        assert!(matches!(outcome, MergeOutcome::TargetBusy { .. } | MergeOutcome::Diverged), "{script}: {outcome:?}");
        assert_eq!(bench.sh("cd repo && git rev-parse main HEAD"), before, "{script}");
    }
}

#[test]
fn a_rebase_that_stopped_on_the_targets_own_commit_is_not_moved() {
    let (bench, outcome, main) = after(
        "cd repo && git commit -q --allow-empty -m x && git reset -q --hard HEAD~1 && GIT_SEQUENCE_EDITOR='sed -i 1s/pick/edit/' git rebase -q -i --root",
    );
    assert!(matches!(outcome, MergeOutcome::TargetBusy { .. }), "{outcome:?}");
    assert_eq!(main, "one");
    bench.sh("git -C repo rebase --continue -q 2>/dev/null || git -C repo rebase --continue");
}

#[test]
fn a_program_of_the_tree_that_the_merge_would_run_refuses_it() {
    let (_, outcome, main) = after("git -C repo config filter.x.smudge ./tool.sh");
    assert!(matches!(outcome, MergeOutcome::Refused { .. }), "{outcome:?}");
    assert_eq!(main, "one");
}

#[test]
fn configuration_that_the_merge_would_bring_into_force_refuses_it() {
    let bench = Bench::linked();
    bench.sh("git -C repo config include.path ../.gitconfig");
    let (_, _, outcome) =
        bench.run("agent", "echo '[core] fsmonitor = ./x' > .gitconfig; git add .; git commit -qm two");
    let why = "your git reads its configuration from .gitconfig".to_owned();
    assert_eq!(outcome, MergeOutcome::Refused { why });
    let (_, _, outcome) = bench.run("agent", "git rm -q .gitconfig; git commit -qm three; git reset -q --hard HEAD~2; echo x > x; git add x; git commit -qm four");
    assert!(matches!(outcome, MergeOutcome::Merged { .. }), "{outcome:?}");
}

#[test]
fn a_tag_of_the_same_name_is_not_mistaken_for_the_branch() {
    let (_, outcome, main) = after(
        "git -C repo tag main; git -C repo tag agent; git -C repo config merge.ff no; git -C repo config branch.main.mergeOptions '--squash'",
    );
    assert!(matches!(outcome, MergeOutcome::Merged { .. }), "{outcome:?}");
    assert_eq!(main, "two");
}

#[test]
fn a_sparse_target_stays_sparse() {
    let bench = Bench::linked();
    bench.sh("cd repo && mkdir a b && touch a/x b/y && git add . && git commit -qm dirs && git -C ../agent merge -q main && git sparse-checkout set --cone a");
    let (_, _, outcome) = bench.run("agent", "echo 2 > b/y; echo 2 > a/x; git commit -qam two");
    assert!(matches!(outcome, MergeOutcome::Merged { .. }));
    assert!(!bench.path("repo/b").exists() && bench.clean("repo"));
}

#[test]
fn in_a_plain_checkout_of_the_target_the_users_own_commits_meanwhile_mean_diverged() {
    let bench = Bench::linked();
    let run = bench.prepare("repo");
    bench.agent(&run, CHANGE);
    bench.sh("git -C repo commit -q --allow-empty -m users");
    let collected = bench.collect(&run);
    assert_eq!(bench.merge(&run, &collected), MergeOutcome::Diverged);
    assert_eq!(bench.sh("git -C repo log -1 --format=%s"), "users");
}

#[test]
fn in_a_plain_checkout_of_the_target_a_merge_that_died_halfway_is_finished() {
    let bench = Bench::linked();
    let run = bench.prepare("repo");
    bench.agent(&run, CHANGE);
    let collected = bench.collect(&run);
    bench.sh(&format!("git -C repo update-ref refs/heads/main {}", collected.head));
    assert!(matches!(bench.merge(&run, &collected), MergeOutcome::Merged { .. }));
    assert!(bench.clean("repo"));
}

#[test]
fn nothing_to_merge_is_said() {
    let bench = Bench::linked();
    let (run, _, outcome) = bench.run("agent", "echo left > left");
    assert_eq!(outcome, MergeOutcome::NothingToMerge);
    assert_eq!(run_refs::unmerged(&bench.git, &run).unwrap(), []);
}

#[test]
fn work_that_is_not_on_the_target_keeps_its_name_taken_until_it_is() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(&run, CHANGE);
    let collected = bench.collect(&run);
    run_refs::discard(&bench.git, &run).unwrap();
    let unmerged = || run_refs::unmerged(&bench.git, &run).unwrap();
    assert_eq!(
        unmerged().iter().map(|kept| kept.reference.as_str()).collect::<Vec<_>>(),
        ["refs/binnacle/runs/run-1/work"]
    );
    bench.merge(&run, &collected);
    assert_eq!(unmerged(), []);
    run_refs::discard(&bench.git, &run).unwrap();
    assert_eq!(bench.sh("git -C repo for-each-ref refs/binnacle"), "");
}

#[test]
fn changed_files_are_listed_with_what_happened_to_them() {
    let bench = Bench::linked();
    let (run, collected, _) = bench.run(
        "agent",
        "git rm -q file; echo '#!/bin/sh' > run.sh; chmod +x run.sh; ln -s x link; git add .; git commit -qm two",
    );
    let changed = changes::between(&bench.git, &run.checkout.common_dir, run.base(), &collected.head).unwrap();
    let facts: Vec<_> = changed
        .iter()
        .map(|change| format!("{:?} {:o} {}", change.status, change.mode, change.path.display()))
        .collect();
    assert_eq!(facts, ["Deleted 0 file", "Added 120000 link", "Added 100755 run.sh"]);
}

#[test]
fn nothing_is_written_into_a_worktree_within_the_target() {
    let bench = Bench::linked();
    bench.sh("git -C repo worktree add -q wt/b -b b");
    let (run, collected, outcome) = bench
        .run("agent", "mkdir -p wt/b; echo planted > wt/b/planted; git add -f wt/b/planted; git commit -qm planted");
    let MergeOutcome::Refused { why } = outcome else { panic!("{outcome:?}") };
    assert!(why.starts_with("wt/b/planted would be written into another worktree, "), "{why}");
    assert_eq!(bench.sh("ls repo/wt/b; git -C repo/wt/b status --porcelain"), "file");
    bench.sh("git -C repo worktree remove wt/b");
    assert!(matches!(bench.merge(&run, &collected), MergeOutcome::Merged { .. }));
}

#[test]
fn attributes_that_ask_for_a_filter_of_the_users_are_found() {
    let bench = Bench::linked();
    bench.sh("git config --global filter.x.smudge 'tee canary'; git config --global filter.unused.clean cat");
    for (script, found) in [
        ("echo '* filter=x' > .gitattributes", "x"),
        ("mkdir d; printf '[attr]m filter=x\n' > .gitattributes; echo '* m' > d/.gitattributes", "x"),
        ("echo '* filter=unused text' > .gitattributes", ""),
        ("echo '*.c diff=cpp' > .gitattributes", ""),
    ] {
        bench.sh("rm -rf runs/run-1; git -C agent checkout -q agent");
        let run = bench.prepare("agent");
        bench.agent(&run, &format!("rm -rf d .gitattributes; {script}; git add .; git commit -qm attributes"));
        let head = bench.agent(&run, "git rev-parse HEAD");
        let collected = bench.collect(&run);
        assert_eq!(collected.head, head.trim());
        let changed = changes::between(&bench.git, &run.checkout.common_dir, run.base(), &collected.head).unwrap();
        let asked = filters::asked(&bench.git, &run, &collected.head, &changed).unwrap();
        assert_eq!(asked.first().map_or("", |asked| asked.filter.as_str()), found, "{script}");
        run_refs::discard(&bench.git, &run).unwrap();
    }
}

#[test]
fn what_only_a_merge_commit_has_is_not_taken_for_landed() {
    let bench = Bench::linked();
    bench.sh("cd repo; echo mains > file; git commit -qam mains");
    let run = bench.prepare("agent");
    bench.agent(&run, "echo a > a; git add a; git commit -qm a; git merge -q --no-commit host/main; echo mended > file; echo only > only; git add .; git commit -qm merged");
    let collected = bench.collect(&run);
    bench.sh("git -C repo cherry-pick agent^ > /dev/null");
    assert!(!landed::is_there(&bench.git, &run, &collected).unwrap());
    bench.sh("git -C repo merge -q --no-edit agent");
    assert!(landed::is_there(&bench.git, &run, &collected).unwrap());
}
