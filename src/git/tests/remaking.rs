//! Work that its target cannot be fast-forwarded to, in each of its shapes.

use crate::git::collect::collected::Collected;
use crate::git::host::refs;
use crate::git::merge::conflict::Kind;
use crate::git::merge::fast_forward::MergeOutcome;
use crate::git::merge::remake::{self, Remade, Shape, Wanted};
use crate::git::merge::{landed, remake::tidy};
use crate::git::private::RunGit;
use crate::git::testing::Bench;
use crate::git::testing::Prepared;

/// A run with this work, on a target on which this has happened meanwhile.
fn diverged(work: &str, meanwhile: &str) -> (Bench, Prepared, Collected) {
    let bench =
        Bench::with_repo("git init -q repo; cd repo; seq 1 20 > file; echo one > gone; git add .; git commit -qm one");
    let run = bench.prepare("agent");
    bench.agent(&run, &format!("git config user.name Agent; git config user.email agent@example.org; {work}"));
    let collected = bench.collect(&run);
    bench.sh(&format!("cd repo; {meanwhile}"));
    (bench, run, collected)
}

fn remade(bench: &Bench, run: &RunGit, collected: &Collected, shape: Shape, message: Option<&str>) -> Remade {
    let target = refs::commit(&bench.git, &run.checkout.common_dir, "refs/heads/main").unwrap().unwrap();
    let wanted = Wanted { shape, message: message.map(str::to_owned), first_target: None };
    remake::remake(&bench.git, run, collected, &target, &wanted).unwrap()
}

/// Makes it and merges it.
fn landed(bench: &Bench, run: &RunGit, collected: &Collected, shape: Shape, message: Option<&str>) -> Collected {
    let Remade::Made(commit) = remade(bench, run, collected, shape, message) else { panic!("{shape:?}") };
    let mut made = collected.clone();
    made.head.clone_from(&commit);
    let merged = bench.merge(run, &made);
    assert!(matches!(merged, MergeOutcome::Merged { .. }), "{merged:?}");
    tidy(run).unwrap();
    let mut collected = collected.clone();
    collected.remade = Some(commit);
    assert!(landed::is_there(&bench.git, run, &collected).unwrap());
    assert!(bench.clean("repo") && bench.sh("git -C repo fsck --strict 2>&1").is_empty());
    collected
}

const TWO: &str = "sed -i 's/^3$/three/' file; git commit -qam 'Spell three' -m 'Task: bn-1'; echo new > new; git add .; \
     git commit -qm 'Add new' -m 'Task: bn-2'";
const OURS: &str = "sed -i 's/^18$/eighteen/' file; git commit -qam ours";

#[test]
fn a_rebase_keeps_the_agents_names_and_messages() {
    let (bench, run, collected) = diverged(TWO, OURS);
    let own = bench.sh("git -C agent log --format='%an %ae %at %B' main..agent");
    landed(&bench, &run, &collected, Shape::Rebased, None);
    assert_eq!(bench.sh("git -C repo log --format='%an %ae %at %B' -2"), own);
    assert_eq!(bench.sh("git -C repo log --format='%s %cn' -3"), "Add new Ann\nSpell three Ann\nours Ann");
    assert_eq!(bench.sh("sed -n '3p;18p' repo/file; cat repo/new"), "three\neighteen\nnew");
    assert_eq!(remade(&bench, &run, &collected, Shape::Rebased, None), Remade::There);
}

#[test]
fn a_squash_is_one_commit_of_the_agents_that_names_the_tasks() {
    let (bench, run, collected) = diverged(TWO, OURS);
    landed(&bench, &run, &collected, Shape::Squashed, None);
    assert_eq!(
        bench.sh("git -C repo log -1 --format='%an %ae %cn%n%B'"),
        "Agent agent@example.org Ann\nSpell three\n\n* Spell three\n* Add new\n\nTask: bn-1\nTask: bn-2"
    );
    assert_eq!(bench.sh("git -C repo log -2 --format='%p %s' | cut -d' ' -f2-"), "Spell three\nours");
    assert_eq!(remade(&bench, &run, &collected, Shape::Squashed, None), Remade::There);
}

#[test]
fn a_message_makes_a_merge_commit_on_a_target_that_nobody_has_checked_out() {
    let (bench, run, collected) = diverged(TWO, &format!("{OURS}; git switch -qc elsewhere"));
    landed(&bench, &run, &collected, Shape::Merged, Some("Take it"));
    assert_eq!(
        bench.sh("git -C repo log -1 --format='%an %cn%n%B' main"),
        "Ann Ann\nTake it\n\nTask: bn-1\nTask: bn-2"
    );
    assert_eq!(bench.sh("git -C repo log -1 --format=%P main").split(' ').count(), 2);
    assert_eq!(bench.sh("git -C repo show main:file | sed -n '3p;18p'"), "three\neighteen");
}

#[test]
fn a_conflict_names_files_and_lines_and_leaves_everything_as_it_was() {
    let work = "sed -i 's/^3$/three/; s/^9$/nine/' file; git rm -q gone; printf mine > \"$(printf 'a\\033[31m')\"; git add .; git commit -qm work";
    let ours = "sed -i '1i zero' file; sed -i 's/^3$/THREE/; s/^20$/twenty/' file; echo two > gone; printf ours > \"$(printf 'a\\033[31m')\"; \
        git add .; git commit -qm ours";
    let (bench, run, collected) = diverged(work, ours);
    let seen = || {
        bench.sh("find repo agent runs -not -path '*/objects/*' -type f | sort | xargs -d '\\n' sha256sum; git -C repo count-objects -v; \
            git -C repo for-each-ref; git -C repo status --porcelain; git -C agent status --porcelain")
    };
    // The indexes are refreshed.
    seen();
    let before = seen();
    for shape in [Shape::Rebased, Shape::Squashed, Shape::Merged] {
        let Remade::Conflicts(found) = remade(&bench, &run, &collected, shape, Some("m")) else { panic!("{shape:?}") };
        let said: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            ["a\\u{1b}[31m (new on both sides)", "file (line 4)", "gone (deleted by the work, changed on the target)"]
        );
        assert_eq!((found[1].kind, found[1].lines.as_slice()), (Kind::BothChanged, &[(4, 4)][..]));
        assert_eq!(seen(), before, "{shape:?}");
    }
    assert_eq!(remake::conflicts(&bench.git, &run, &collected).unwrap().len(), 3);
    assert_eq!(seen(), before);
}

/// A driver of the user's that the agent's attributes name, and a filter, and hooks: none of them starts.
#[test]
fn nothing_that_an_agent_wrote_is_obeyed_while_its_work_is_made_again() {
    let work = "printf '* merge=evil filter=evil diff=evil text eol=crlf\\n' > .gitattributes; sed -i 's/^3$/three/' file; \
        git add .; git commit -qm work";
    let (bench, run, collected) = diverged(work, "sed -i 's/^3$/THREE/' file; git commit -qam ours");
    let ran = bench.path("ran");
    let program = format!("touch {}; cat", ran.display());
    for key in
        ["merge.evil.driver", "filter.evil.clean", "filter.evil.smudge", "diff.evil.command", "diff.evil.textconv"]
    {
        bench.sh(&format!("git config --global {key} '{program}'; git -C repo config {key} '{program}'"));
    }
    bench.sh(&format!(
        "git config --global core.attributesFile {0}/attributes; echo '* merge=evil' > attributes; echo '* merge=evil diff=evil' > repo/.git/info/attributes; \
         for hook in post-commit reference-transaction post-rewrite pre-merge-commit; do printf '#!/bin/sh\\n{program}\\n' > repo/.git/hooks/$hook; chmod +x repo/.git/hooks/$hook; done",
        bench.path("").display()
    ));
    for shape in [Shape::Rebased, Shape::Squashed, Shape::Merged] {
        assert!(matches!(remade(&bench, &run, &collected, shape, None), Remade::Conflicts(_)), "{shape:?}");
        assert!(!ran.exists(), "{shape:?}");
    }
}

/// Names that a merge must not bring into being, and names that differ in case alone.
#[test]
fn names_that_git_refuses_get_no_further() {
    let (bench, run, collected) = diverged(
        "echo a > A; ln -s /etc/passwd link; git add .; git commit -qm work",
        "echo b > a; ln -s /etc/hostname other; git add .; git commit -qm ours",
    );
    landed(&bench, &run, &collected, Shape::Rebased, None);
    assert_eq!(bench.sh("cat repo/A repo/a; readlink repo/link repo/other"), "a\nb\n/etc/passwd\n/etc/hostname");
    // A commit that no fetch would take: the merged one is looked at as the agent's was.
    let (bench, run, mut collected) = diverged("echo a > x; git add .; git commit -qm work", OURS);
    collected.head = bench.sh(
        "cd repo; blob=$(echo '[core]' | git hash-object -w --stdin); inner=$(printf '100644 blob %s\\tconfig\\n' $blob | git mktree); \
         tree=$( { git ls-tree main; printf '040000 tree %s\\t.git\\n' $inner; } | git mktree); git commit-tree -p main~1 -m evil $tree",
    );
    let target = bench.sh("git -C repo rev-parse main");
    let wanted = Wanted { shape: Shape::Squashed, ..Wanted::default() };
    let error = remake::remake(&bench.git, &run, &collected, &target, &wanted).unwrap_err().to_string();
    assert!(error.contains(".git"), "{error}");
    assert_eq!(bench.sh("git -C repo rev-parse main"), target);
}

#[test]
fn another_target_gets_the_work_and_not_what_the_first_one_had() {
    let bench = Bench::linked();
    bench.sh("cd repo; git branch release; echo m > m; git add .; git commit -qm m; git -C ../agent merge -q main");
    let run = bench.prepare("agent");
    bench.agent(&run, "echo w > w; git add .; git commit -qm work");
    let collected = bench.collect(&run);
    let target = bench.sh("git -C repo rev-parse release");
    for shape in [Shape::Rebased, Shape::Squashed] {
        let wanted = Wanted { shape, message: None, first_target: Some("main".to_owned()) };
        let Remade::Made(commit) = remake::remake(&bench.git, &run, &collected, &target, &wanted).unwrap() else {
            panic!("{shape:?}")
        };
        assert_eq!(bench.sh(&format!("git -C repo log --format=%s {commit}")), "work\none", "{shape:?}");
        assert_eq!(bench.sh(&format!("git -C repo ls-tree --name-only {commit}")), "file\nw", "{shape:?}");
    }
}
