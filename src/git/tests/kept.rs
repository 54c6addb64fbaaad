//! What a run keeps that is nowhere else, and that the user is told.

use crate::git::collect::collected::{Collected, Kept};
use crate::git::collect::{kept, run_refs};
use crate::git::private::RunGit;
use crate::git::testing::Bench;
use crate::git::testing::Prepared;

/// The run's end, and what it keeps after it.
fn finished(bench: &Bench, script: &str) -> (Prepared, Collected, Vec<Kept>) {
    let (run, collected, _) = bench.run("agent", script);
    if collected.complete {
        run_refs::discard(&bench.git, &run).unwrap();
    }
    let kept = kept_of(bench, &run, &collected);
    (run, collected, kept)
}

fn kept_of(bench: &Bench, run: &RunGit, collected: &Collected) -> Vec<Kept> {
    let unmerged = run_refs::unmerged(&bench.git, run).unwrap();
    kept::all(&bench.git, run, &unmerged, Some(collected)).unwrap()
}

fn whats(kept: &[Kept]) -> Vec<&str> {
    kept.iter().map(|kept| kept.what.as_str()).collect()
}

#[test]
fn everything_that_an_agent_made_beside_its_branch_is_named_with_what_brings_it_back() {
    let bench = Bench::linked();
    let script = "git commit -qm work --allow-empty; git tag light; git tag -am told told; git worktree add -q inner -b inner; \
        (unset GIT_DIR GIT_WORK_TREE; cd inner; git commit -qm inner --allow-empty); git worktree add -q --detach loose; \
        (unset GIT_DIR GIT_WORK_TREE; cd loose; git commit -qm loose --allow-empty); echo s > file; git stash -q";
    let (_, _, kept) = finished(&bench, script);
    let expected = ["branch inner", "stash@{0}", "tag told", "what was checked out in the agent's own worktree loose"];
    assert_eq!(whats(&kept), expected);
    for kept in &kept {
        bench.sh(&format!("git -C runs/run-1/kept.git rev-parse -q --verify {} && {} | cat", kept.place, kept.get));
    }
    assert_eq!(
        bench.sh("git -C repo log -1 --format=%s inner; git -C repo cat-file -t told; cat agent/file"),
        "inner\ntag\ns"
    );
}

#[test]
fn a_tag_that_the_user_has_taken_is_kept_no_longer() {
    let bench = Bench::linked();
    let (run, collected, kept) = finished(&bench, "git commit -qm work --allow-empty; git tag -am told told");
    bench.sh(&kept[0].get);
    assert_eq!(kept_of(&bench, &run, &collected), []);
}

#[test]
fn the_users_uncommitted_files_are_kept_while_they_are_nowhere_else() {
    let bench = Bench::linked();
    bench.sh("cd agent && echo mine > mine.txt && echo staged > s && git add s && echo changed > file");
    let (run, collected, kept) = finished(&bench, "rm mine.txt; git commit -qam two");
    assert_eq!(whats(&kept), ["a copy of your uncommitted files (mine.txt)"]);
    assert_eq!(bench.sh("cat agent/file agent/s"), "changed\nstaged");
    bench.sh("echo mine > agent/mine.txt; rm agent/s");
    bench.sh("git -C agent add -A");
    assert_eq!(kept_of(&bench, &run, &collected), []);
    bench.sh("echo other > agent/mine.txt; git -C agent add mine.txt");
    assert_eq!(kept_of(&bench, &run, &collected).len(), 1);
    bench.sh("git -C agent add -A; git -C agent reset -q --hard; ");
    bench.sh(&kept[0].get);
    assert_eq!(bench.sh("cat agent/mine.txt"), "mine");
}

/// A side branch whose commit is as given: `%b` stands for its tree and its parent.
fn side(line: &str) -> String {
    format!(
        "git commit -qm work --allow-empty; t=$(git rev-parse HEAD^{{tree}}); p=$(git rev-parse HEAD); \
        git update-ref refs/heads/side $(printf 'tree %s\\nparent %s\\n{line}\\n\\nold\\n' $t $p | git hash-object -t commit -w --literally --stdin)"
    )
}

#[test]
fn commits_that_old_histories_have_are_taken_over() {
    for line in [
        "author a <a@b> 0000000001 +0000\\ncommitter a <a@b> 0000000001 +0000",
        "author a 1 +0000\\ncommitter a 1 +0000",
        "author a <a@b>1 +0000\\ncommitter a<a@b> 1 +051800",
        "author a < 1 +0000\\ncommitter a <a@b> 1 +0000",
    ] {
        let (_, collected, kept) = finished(&Bench::linked(), &side(line));
        assert!(collected.complete, "{line}: {:?}", collected.notes);
        assert_eq!(whats(&kept), ["branch side"], "{line}");
    }
}

#[test]
fn what_could_not_be_taken_over_stays_and_is_named() {
    let bench = Bench::linked();
    let script = side("author a <a@b> 99999999999999999999 +0000\\ncommitter a <a@b> 1 +0000");
    let (run, collected, kept) = finished(&bench, &script);
    assert!(!collected.complete);
    assert_eq!(whats(&kept), ["what could not be taken over from the agent"]);
    assert!(bench.sh(&kept[0].get).contains("old"));
    assert!(run.private().exists());
}

/// Stores a file as Git LFS does, under the name of another content where `name` is one.
fn stored(content: &str, name: &str) -> String {
    format!(
        "git commit -qm work --allow-empty; o=$(printf '{content}' | sha256sum | cut -c1-64); o={name}; d=\"$GIT_DIR/lfs/objects/$(echo $o | cut -c1-2)/$(echo $o | cut -c3-4)\"; \
        mkdir -p \"$d\"; printf '{content}' > \"$d/$o\"; echo $o"
    )
}

#[test]
fn what_the_agent_stored_with_lfs_is_taken_over() {
    let bench = Bench::linked();
    let (_, collected, _) = finished(&bench, &stored("one", "$o"));
    assert!(collected.complete && collected.holds.is_empty(), "{collected:?}");
    assert_eq!(bench.sh("cat repo/.git/lfs/objects/*/*/*; find repo/.git/lfs -type f | wc -l"), "one1");
}

#[test]
fn what_is_not_what_its_name_says_stays_with_the_run_and_holds_the_merge() {
    for (script, why) in [
        (stored("one", "$(printf two | sha256sum | cut -c1-64)"), "is not what its name says"),
        (format!("{}; rm \"$d/$o\"; ln -s /etc/passwd \"$d/$o\"", stored("one", "$o")), "is no regular file"),
        (format!("{}; rm \"$d/$o\"; mkfifo \"$d/$o\"", stored("one", "$o")), "is no regular file"),
        (format!("{}; truncate -s 2M \"$d/$o\"", stored("one", "$o")), "they have more than 1 MB"),
    ] {
        let bench = Bench::linked();
        let (run, collected, kept) = finished(&bench, &script);
        assert!(collected.holds.iter().any(|hold| hold.ends_with(why)), "{collected:?}");
        assert!(!collected.complete && run.private().exists() && !kept.is_empty());
        assert_eq!(bench.sh("find repo/.git -path '*lfs*' -type f"), "");
    }
}

/// Where the content of a file is missing, a merge would bring the pointer alone.
#[test]
fn a_pointer_without_its_content_holds_the_merge() {
    let pointer = |name: &str| {
        format!(
            "printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:%s\\nsize 3\\n' {name} > a.bin; git add a.bin; {}",
            stored("one", "$o")
        )
    };
    let bench = Bench::linked();
    let (_, collected, _) = finished(&bench, &pointer("$(printf one | sha256sum | cut -c1-64)"));
    assert!(collected.complete && collected.holds.is_empty(), "{collected:?}");
    let bench = Bench::linked();
    let (_, collected, _) = finished(&bench, &pointer("$(printf two | sha256sum | cut -c1-64)"));
    assert_eq!(collected.holds, ["the content of a.bin is in no store of Git LFS here"]);
}

#[test]
fn one_object_that_is_none_keeps_no_other_back() {
    let bench = Bench::linked();
    let script = format!("{}; {}", stored("one", "000$(printf two | sha256sum | cut -c1-61)"), stored("three", "$o"));
    let (_, collected, _) = finished(&bench, &script);
    assert!(!collected.complete, "{collected:?}");
    assert_eq!(bench.sh("cat repo/.git/lfs/objects/*/*/*"), "three");
}

#[test]
fn the_users_own_store_is_the_one() {
    let bench = Bench::linked();
    bench.sh("git -C repo config lfs.storage elsewhere; git config --global filter.lfs.clean 'git-lfs clean -- %f'; mkdir -p repo/.git/elsewhere/objects");
    let (run, _, _) = finished(&bench, &stored("one", "$o"));
    assert_eq!(bench.sh("cat repo/.git/elsewhere/objects/*/*/*"), "one");
    let outside = bench.path("repo/.git/elsewhere/objects");
    let is_inside = |place: &std::path::Path| place.ends_with("lfs/objects");
    assert!(run.mounts.iter().any(|mount| mount.source == outside && is_inside(&mount.destination) && mount.read_only));
}
