//! Collecting from a folder that was made to hurt: it ends soon, with a reason, and takes over nothing that is not the
//! run's.

use std::time::{Duration, Instant};

use crate::git::collect::collected::BranchOutcome;
use crate::git::collect::collected::Collected;
use crate::git::collect::run_refs;
use crate::git::collect::unpacked::Size;
use crate::git::testing::{Bench, collect_of};

/// What the user's branches and tags are.
fn refs(bench: &Bench) -> String {
    bench.sh("git -C repo for-each-ref refs/heads refs/tags refs/remotes; git -C agent status --porcelain -uno")
}

/// The agent commits, then does this to its repository. Checks that collecting is quick and touches no branch, and
/// returns what it says: the error, the reason of a loss, or its notes.
fn hurt(script: &str) -> String {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(&run, "echo a > a; git add a; git commit -qm agents");
    bench.sh("git init -q other && cd other && git commit -qm theirs --allow-empty");
    bench.agent(&run, &format!("OTHER='{}'\n{script}", bench.path("other").display()));
    let before = refs(&bench);
    let start = Instant::now();
    let result = collect_of(&bench.git, &run, Size::Usual);
    assert!(start.elapsed() < Duration::from_secs(20), "{script}: {:?}", start.elapsed());
    assert_eq!(refs(&bench), before, "{script}");
    run_refs::discard(&bench.git, &run).unwrap();
    assert!(!run.private().exists());
    bench.sh("git -C repo fsck --no-dangling");
    match result {
        Err(error) => error.to_string(),
        Ok(Collected { branch: BranchOutcome::GitLost { reason }, complete: false, .. }) => reason,
        Ok(collected) => panic!("{script}: {collected:?}"),
    }
}

#[test]
fn without_any_attack_the_same_commit_is_taken_over() {
    let bench = Bench::linked();
    let (_, collected, _) = bench.run("agent", "echo a > a; git add a; git commit -qm agents");
    assert!(matches!(collected.branch, BranchOutcome::Moved { .. }));
}

#[test]
fn heads_and_refs_that_are_not_what_they_should_be() {
    for (script, reason) in [
        ("rm $GIT_DIR/HEAD; ln -s $OTHER/.git/HEAD $GIT_DIR/HEAD", "HEAD: it is a symbolic link"),
        ("rm $GIT_DIR/HEAD; mkfifo $GIT_DIR/HEAD", "HEAD: it is not a regular file"),
        ("rm $GIT_DIR/HEAD; ln -s /dev/zero $GIT_DIR/HEAD", "HEAD: it is a symbolic link"),
        ("echo 'ref: refs/../../x' > $GIT_DIR/HEAD", "HEAD: it names neither a branch nor a commit"),
        ("truncate -s 1G $GIT_DIR/HEAD", "HEAD: it has 1073741824 bytes, more than 4096"),
        ("cd $GIT_DIR/refs/heads; rm agent; ln -s $OTHER/.git/refs/heads/main agent", "it is a symbolic link"),
        ("cd $GIT_DIR/refs/heads; rm agent; mkfifo agent", "it is not a regular file"),
        ("cd $GIT_DIR/refs/heads; rm agent; mkdir agent", "it is not a regular file"),
        ("truncate -s 1G $GIT_DIR/refs/heads/agent", "it has 1073741824 bytes, more than 4096"),
        ("echo 'ref: refs/heads/main' > $GIT_DIR/refs/heads/agent", "it was made a symbolic ref"),
        ("echo zzz > $GIT_DIR/refs/heads/agent", "it holds no commit id"),
        ("rm -r $GIT_DIR/refs; ln -s $OTHER/.git/refs $GIT_DIR/refs", "refs: it is not a folder"),
        (
            "rm $GIT_DIR/refs/heads/agent; rm $GIT_DIR/packed-refs; mkfifo $GIT_DIR/packed-refs",
            "packed-refs: it is not a regular file",
        ),
        ("rm $GIT_DIR/refs/heads/agent; truncate -s 1G $GIT_DIR/packed-refs", "packed-refs: it has 1073741824 bytes"),
        ("mkdir $GIT_DIR/reftable", "it was converted to reftable"),
        ("rm -rf $GIT_DIR/refs", "refs: "),
    ] {
        let said = hurt(script);
        assert!(said.contains(reason), "{script}: {said}");
    }
}

#[test]
fn objects_that_are_not_what_they_should_be() {
    let object = "id=$(git rev-parse HEAD:a); o=$GIT_DIR/objects/$(echo $id | cut -c1-2)/$(echo $id | cut -c3-)";
    for (script, reason) in [
        ("rm -r $GIT_DIR/objects; ln -s $OTHER/.git/objects $GIT_DIR/objects".to_owned(), "objects: it is not a folder"),
        (format!("{object}; d=$(dirname $o); mv $d $d.x; ln -s $d.x $d"), "it is not a folder"),
        (format!("{object}; rm -f $o; mkfifo $o"), "is not a regular file"),
        (format!("{object}; mv $o $o.x; ln -s $o.x $o"), "is not a regular file"),
        (format!("{object}; rm -f $o"), ""),
        (format!("{object}; chmod +w $o; echo junk > $o"), ""),
        (format!("{object}; chmod +w $o; printf 'x' | dd of=$o bs=1 seek=4 conv=notrunc 2>/dev/null"), ""),
        ("git repack -adlq; chmod +w $GIT_DIR/objects/pack/*.idx; for f in $GIT_DIR/objects/pack/*.idx; do head -c 100 $f > x; cat x > $f; done; rm x".to_owned(), ""),
    ] {
        let said = hurt(&script);
        assert!(said.contains(reason) && !said.is_empty(), "{script}: {said}");
    }
}

#[test]
fn a_rewritten_alternates_file_brings_no_commit_of_another_repository() {
    let script = "git --git-dir=$OTHER/.git rev-parse HEAD > $GIT_DIR/refs/heads/agent; echo $OTHER/.git/objects > $GIT_DIR/objects/info/alternates";
    assert_eq!(hurt_branch(script, &["refs/binnacle/runs/run-1/work"]), "");
}

/// For attacks on single refs: which of the named refs the host has afterwards.
fn hurt_branch(script: &str, names: &[&str]) -> String {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.sh("git init -q other && cd other && git commit -qm theirs --allow-empty");
    bench.agent(&run, "echo a > a; git add a; git commit -qm agents");
    bench.agent(&run, &format!("OTHER='{}'\n{script}", bench.path("other").display()));
    let collected = bench.collect(&run);
    assert!(!collected.complete && !collected.notes.is_empty(), "{collected:?}");
    bench.sh(&format!("git -C repo for-each-ref {}", names.join(" ")))
}

#[test]
fn a_branch_that_names_no_commit_is_not_taken_over() {
    let script = "t=$(git rev-parse HEAD^{tree}); echo $t > $GIT_DIR/refs/heads/agent";
    assert_eq!(hurt_branch(script, &["refs/binnacle/runs/run-1/work"]), "");
}

#[test]
fn one_bad_ref_spoils_neither_the_agents_own_nor_the_others() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(
        &run,
        "echo a > a; git add a; git commit -qm agents; git branch good; b=$(echo evil | git hash-object -w --stdin); t=$(printf '40000 .git\\0' | cat - > x; printf \"100644 blob $b\\t.git\" | git mktree); git branch bad $(git commit-tree -m bad $t); mkfifo $GIT_DIR/refs/heads/fifo; rm x",
    );
    let collected = bench.collect(&run);
    let names: Vec<&str> = collected.refs.iter().map(|taken| taken.name.as_str()).collect();
    assert_eq!(names, ["agent", "good"], "{collected:?}");
    assert!(matches!(collected.branch, BranchOutcome::Moved { .. }) && !collected.complete);
    let notes = collected.notes.join("\n");
    assert!(
        notes.contains("bad was not taken over: ") && notes.contains("refs/heads/fifo was not taken over"),
        "{notes}"
    );
}

#[test]
fn trees_that_would_write_into_a_git_folder_are_not_taken_over() {
    for name in [".git", ".GIT", "git~1", "..", "."] {
        let script = format!(
            "b=$(echo evil | git hash-object -w --stdin); t=$(printf \"100644 $(printf '%s' '{name}')\\0\" > /dev/null; printf \"100644 blob $b\\t{name}\\n\" | git mktree); git reset -q --soft $(git commit-tree -p HEAD -m bad $t)"
        );
        let said = hurt(&script);
        assert!(said.contains("object ") || said.contains("hasDot"), "{name}: {said}");
    }
}

#[test]
fn submodule_definitions_that_run_programs_are_not_taken_over() {
    for text in [
        "[submodule \"x\"]\\n path = x\\n url = -u./run",
        "[submodule \"../../x\"]\\n path = x\\n url = y",
        "[submodule \"x\"]\\n path = x\\n update = !run",
    ] {
        let said =
            hurt(&format!("printf '{text}\\n' > .gitmodules; git add .gitmodules; git commit -qm m; rm .gitmodules"));
        assert!(said.contains("gitmodules"), "{said}");
    }
}

#[test]
fn thousands_of_refs_and_a_deep_tree_of_them_do_not_hide_the_agents_own() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(
        &run,
        "echo a > a; git add a; git commit -qm agents; id=$(git rev-parse HEAD); seq 1 3000 | sed \"s#.*#$id refs/heads/many/&#\" | LC_ALL=C sort -k2 > $GIT_DIR/p; grep -v '^#' $GIT_DIR/packed-refs >> $GIT_DIR/p; mv $GIT_DIR/p $GIT_DIR/packed-refs; d=$GIT_DIR/refs/heads; for i in $(seq 100); do d=$d/d; done; mkdir -p $d; echo $id > $d/x",
    );
    let start = Instant::now();
    let collected = bench.collect(&run);
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    assert!(matches!(collected.branch, BranchOutcome::Moved { .. }) && !collected.complete);
    assert!(collected.notes.iter().any(|note| note.contains("more than 500 refs")), "{:?}", collected.notes);
}

#[test]
fn a_tree_without_end_ends_with_a_reason() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(
        &run,
        "t=$(git rev-parse HEAD:); for i in $(seq 12); do t=$(for n in 0 1 2 3 4 5 6 7 8 9; do printf \"040000 tree $t\\t$n\\n\"; done | git mktree); done; git update-ref refs/heads/agent $(git commit-tree -p HEAD -m bomb $t)",
    );
    let start = Instant::now();
    let collected = bench.collect(&run);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    let BranchOutcome::Excess { why } = &collected.branch else { panic!("{collected:?}") };
    assert!(why.starts_with("the work has 999999999999 more files"), "{why}");
    assert_eq!(bench.sh("git -C runs/run-1/kept.git rev-parse refs/binnacle/runs/run-1/work"), collected.head);
    assert_eq!(bench.sh("git -C agent rev-parse HEAD"), run.base());
}

#[test]
fn many_files_out_of_few_objects_hold_the_merge_back() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(
        &run,
        "b=$(echo x | git hash-object -w --stdin); t=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf \"100644 blob $b\\tf$i\\n\"; done | git mktree); for l in 1 2 3 4; do t=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf \"040000 tree $t\\td$i\\n\"; done | git mktree); done; git update-ref refs/heads/agent $(git commit-tree -p HEAD -m many $t)",
    );
    assert_eq!(bench.collect(&run).holds, ["100000 files are new"]);
}

#[test]
fn much_out_of_little_holds_the_merge_back() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(&run, "truncate -s 9M zeros; git add zeros; git commit -qm zeros; git repack -qd; rm zeros");
    let collected = bench.collect(&run);
    assert_eq!(collected.holds, ["zeros has 9 MB"]);
}

#[test]
fn what_is_much_when_it_is_unpacked_stays_packed_until_it_is_accepted() {
    const BOMB: &str = "cd $GIT_DIR; head -c 40m /dev/zero > z; b=$(git hash-object -w z); rm z; git update-ref refs/heads/side \
        $(git commit-tree -m side $(printf \"100644 blob $b\\tz\" | git mktree)); cd - > /dev/null; ";
    // Loose, in a pack, and behind an object at which git might end.
    for more in [
        "",
        "git repack -qad",
        "echo x > $(dirname $(find $GIT_DIR/objects -type f | sort | head -1))/$(printf '%038d' 0)",
    ] {
        let bench = Bench::linked();
        let run = bench.prepare("agent");
        bench.agent(&run, &format!("git commit -q --allow-empty -m own; {BOMB}{more}"));
        let collected = bench.collect(&run);
        let BranchOutcome::Packed { why } = &collected.branch else { panic!("{more}: {collected:?}") };
        assert!(why.starts_with("the agent's objects are 40 MB when they are unpacked, more than 32 MB"), "{why}");
        assert!(!collected.complete && collected.refs.is_empty() && run.private().exists() && !run.taken().exists());
        let collected = collect_of(&bench.git, &run, Size::Any).unwrap();
        assert!(matches!(collected.branch, BranchOutcome::Moved { .. }) && collected.refs.len() == 2, "{collected:?}");
    }
}

#[test]
fn what_the_host_has_already_counts_for_nothing() {
    let bench = Bench::linked();
    bench.sh("cd agent; head -c 40m /dev/zero > z; git add z; git commit -qm large");
    let run = bench.prepare("agent");
    bench.agent(&run, "git commit -q --allow-empty -m own; git repack -qad");
    let collected = bench.collect(&run);
    assert!(collected.complete && collected.holds.is_empty() && collected.new_commits == 1, "{collected:?}");
}

#[test]
fn a_new_submodule_link_holds_the_merge_back() {
    let bench = Bench::linked();
    let (_, collected, _) =
        bench.run("agent", "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub; git commit -qm link");
    assert_eq!(collected.holds, ["the submodule link sub is new or changed"]);
}

#[test]
fn names_of_the_agents_reach_no_terminal_as_they_are() {
    let bench = Bench::linked();
    let (_, collected, _) =
        bench.run("agent", "git commit -qm x --allow-empty; git branch \"$(printf 'a\\342\\200\\256b')\"");
    assert_eq!(collected.refs[1].name, "a\\u{202e}b");
}
