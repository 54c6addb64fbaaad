//! A fast-forward that breaks half way leaves the checkout as it was, and can be made once its cause is gone.

use std::fs;

use crate::git::collect::collected::Collected;
use crate::git::host::changes;
use crate::git::merge::fast_forward::MergeOutcome;
use crate::git::merge::journal::{Journal, recover};
use crate::git::testing::Bench;
use crate::git::testing::Prepared;

/// Everything about the checkout that a user would notice.
fn seen(bench: &Bench) -> String {
    bench.sh("cd repo; git status --porcelain --ignored; git rev-parse HEAD; find . -path ./.git -prune -o -print | LC_ALL=C sort; cat $(git ls-files); git ls-files -s")
}

/// A repository whose files *.sec go through a filter of the user's.
fn with_filter() -> Bench {
    let bench = Bench::empty();
    bench.sh(
        "git config --global filter.crypt.clean cat; git config --global filter.crypt.smudge cat;\
         git init -q repo; cd repo; echo '*.sec filter=crypt' > .gitattributes; echo one > a.sec; echo one > file; echo gone > gone; mkdir d; echo d > d/d; \
         git add .; git commit -qm one; git worktree add -q ../agent -b agent",
    );
    bench
}

const WORK: &str = "echo two > a.sec; echo two > file; git rm -q gone; git rm -rq d; mkdir -p n/m; echo n > n/m/n; echo b > z.sec; ln -s file link; git add .; git commit -qm work";

/// The same with work that was collected and waits for its merge; the filter is required by now.
fn with_work() -> (Bench, Prepared, Collected) {
    let bench = with_filter();
    let run = bench.prepare("agent");
    bench.sh("git config --global filter.crypt.required true");
    bench.agent(&run, WORK);
    let collected = bench.collect(&run);
    (bench, run, collected)
}

#[test]
fn a_filter_that_fails_leaves_nothing_half_done_and_its_reason_is_said() {
    let (bench, run, collected) = with_work();
    let before = seen(&bench);
    let killer = bench.path("killer");
    fs::write(&killer, "#!/bin/sh\nkill -9 $PPID\n").unwrap();
    bench.sh("chmod +x killer");
    for broken in ["false", killer.to_str().unwrap()] {
        bench.sh(&format!("git config --global filter.crypt.smudge \"{broken}\""));
        let refused = bench.merge(&run, &collected);
        bench.sh("rm -f repo/.git/index.lock");
        let MergeOutcome::Refused { why } = refused else { panic!("{refused:?}") };
        assert!(why.contains("which are unchanged"), "{why}");
        assert!(broken != "false" || why.contains("smudge filter crypt failed"), "{why}");
        assert_eq!(seen(&bench), before);
    }
    bench.sh("git config --global filter.crypt.smudge cat");
    assert!(matches!(bench.merge(&run, &collected), MergeOutcome::Merged { .. }));
    assert!(bench.clean("repo") && !bench.path("repo/.git/binnacle-merge").exists());
    assert_eq!(bench.sh("cat repo/a.sec repo/n/m/n; test ! -e repo/d"), "two\nn");
}

#[test]
fn a_merge_that_was_cut_off_is_undone_by_the_next_one_and_nothing_of_the_users_goes() {
    let (bench, run, collected) = with_work();
    let before = seen(&bench);
    let (tree, git_dir) = (bench.path("repo"), bench.path("repo/.git"));
    let (from, to) = (run.base(), collected.head.as_str());
    let changed = changes::between(&bench.git, &git_dir, from, to).unwrap();
    let cut_off = |script: &str| {
        drop(Journal::begin((&git_dir, &tree), "refs/heads/main", (from, to), &changed).unwrap());
        bench.sh(&format!("cd repo; {script}"));
    };
    // As git would have left it.
    cut_off("rm -r gone d a.sec file; echo two > file; mkdir -p n/m; echo n > n/m/n; ln -s file link");
    assert_eq!(recover(&bench.git, &git_dir).unwrap(), None);
    assert_eq!(seen(&bench), before);
    // The same, from an older bn, which kept them all in one folder.
    cut_off(
        "rm -r gone d a.sec file; echo two > file; cd .git/binnacle-merge; mkdir all; mv [0-9]*/* all; rmdir [0-9]*; mv all/* .; rmdir all",
    );
    assert_eq!(recover(&bench.git, &git_dir).unwrap(), None);
    assert_eq!(seen(&bench), before);
    // The index was written, the branch was not moved.
    cut_off(&format!("git update-index -q --refresh; git read-tree -m -u HEAD {to}"));
    assert_eq!(recover(&bench.git, &git_dir).unwrap(), None);
    assert_eq!(seen(&bench), before);
    // What the user wrote since is neither old nor new.
    cut_off("rm file gone; echo mine > file");
    let told = recover(&bench.git, &git_dir).unwrap().unwrap();
    assert!(told.contains("file.binnacle"), "{told}");
    assert_eq!(bench.sh("cd repo; cat file.binnacle file gone"), "mine\none\ngone");
    fs::remove_file(tree.join("file.binnacle")).unwrap();
    // The user has put it in order, or gone on.
    cut_off("rm file; git checkout -q file");
    assert_eq!(recover(&bench.git, &git_dir).unwrap(), None);
    assert_eq!(seen(&bench), before);
    assert!(matches!(bench.merge(&run, &collected), MergeOutcome::Merged { .. }));
    assert!(bench.clean("repo") && !git_dir.join("binnacle-merge").exists());
}
