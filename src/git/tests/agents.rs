//! What an agent does with its repository, and what the host has of it afterwards.

use crate::git::collect::collected::BranchOutcome;
use crate::git::collect::collected::Collected;
use crate::git::collect::run_refs;
use crate::git::merge::fast_forward::{MergeOutcome, as_rebased};
use crate::git::merge::target_set_back;
use crate::git::private::view;
use crate::git::testing::Bench;

fn taken<'a>(collected: &'a Collected, name: &str) -> &'a str {
    let found = collected.refs.iter().find(|taken| taken.name == name);
    &found.unwrap_or_else(|| panic!("{name} in {collected:?}")).reference
}

#[test]
fn uncommitted_files_are_counted_aloud_and_a_copy_is_kept() {
    let bench = Bench::linked();
    bench.sh("cd agent && echo staged > s && git add s && echo changed > file && echo new > 'un tracked' && mkdir d && git init -q d/inner");
    let run = bench.prepare("agent");
    assert!(run.notes[0].starts_with("3 uncommitted files in"), "{:?}", run.notes);
    assert_eq!(bench.agent(&run, "git status --porcelain file s 'un tracked'; rm 'un tracked' s; git checkout -q file; git commit -qm x --allow-empty"), " M file\nA  s\n?? \"un tracked\"");
    let collected = bench.collect(&run);
    bench.merge(&run, &collected);
    run_refs::discard(&bench.git, &run).unwrap();
    bench.sh("cd agent && git reset -q --hard && git fetch -q ../runs/run-1/kept.git refs/binnacle/runs/run-1/uncommitted && git stash apply -q FETCH_HEAD");
    assert_eq!(bench.sh("cd agent && cat s file 'un tracked'"), "staged\nchanged\nnew");
}

/// Files of the same second as the index are read each time, until it is written anew. Where somebody else holds it, it stays.
#[test]
fn what_is_found_unchanged_is_written_down_in_the_index() {
    let bench = Bench::linked();
    let index = || bench.sh("stat -c '%i %z' repo/.git/worktrees/agent/index");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let before = index();
    bench.sh("touch repo/.git/worktrees/agent/index.lock");
    bench.prepare("agent");
    assert_eq!(index(), before);
    bench.sh("rm repo/.git/worktrees/agent/index.lock");
    bench.prepare("agent");
    let written = index();
    assert_ne!(written, before);
    bench.prepare("agent");
    assert_eq!(index(), written);
    assert_eq!(bench.sh("git -C agent status --porcelain"), "");
}

#[test]
fn an_index_that_git_writes_anew_after_it_was_copied_is_copied_again() {
    let one = "git init -q repo; cd repo; echo 'file filter=slow' > .gitattributes; echo one > file; git add .; git commit -qm one";
    let bench = Bench::with_repo(one);
    let index = || bench.sh("stat -c '%i %z' repo/.git/worktrees/agent/index");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let before = index();
    // Git answers long after all else is done.
    bench.sh("git -C repo config filter.slow.clean 'sleep 1; cat'");
    bench.prepare("agent");
    assert_ne!(index(), before);
    // For git that is the moment up to which it can be trusted.
    let written = |path: &str| bench.sh(&format!("stat -c %y {path}"));
    assert_eq!(written("runs/run-1/git/index"), written("repo/.git/worktrees/agent/index"));
}

#[test]
fn a_large_uncommitted_file_is_left_out_of_the_copy_and_said() {
    let bench = Bench::linked();
    bench.sh("cd agent && truncate -s 65M large && echo s > small");
    let run = bench.prepare("agent");
    assert!(run.notes.iter().any(|note| note.contains("would be too large: large (1 in all)")), "{:?}", run.notes);
    assert_eq!(
        bench.sh("git -C runs/run-1/kept.git ls-tree --name-only refs/binnacle/runs/run-1/uncommitted"),
        "file\nsmall"
    );
}

#[test]
fn what_the_agent_leaves_uncommitted_stays_in_the_worktree() {
    let bench = Bench::linked();
    let (_, _, outcome) = bench.run(
        "agent",
        "echo two > new; git add new; git commit -qm two; echo left > left; echo more >> new; echo s > s; git add s",
    );
    assert!(matches!(outcome, MergeOutcome::Merged { .. }));
    assert_eq!(bench.sh("git -C agent status --porcelain"), " M new\n?? left\n?? s");
}

#[test]
fn what_the_user_has_staged_stays_staged() {
    let bench = Bench::linked();
    bench.sh("cd agent && echo u > u && git add u");
    bench.run("agent", "echo two > new; git commit -qm two -- $(git add new; echo new)");
    assert_eq!(bench.sh("git -C agent status --porcelain"), "A  u");
}

#[test]
fn what_is_staged_on_both_sides_is_kept_in_the_file() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(&run, "echo agents > u; git add u; git commit -qm two");
    bench.sh("cd agent && echo users > u && git add u");
    let collected = bench.collect(&run);
    assert!(collected.notes.iter().any(|note| note.contains("are unstaged now")), "{:?}", collected.notes);
    assert_eq!(bench.sh("cd agent && git status --porcelain && cat u"), " M u\nusers");
}

#[test]
fn branches_tags_stashes_and_notes_come_over_under_plain_names() {
    let bench = Bench::linked();
    let (_, collected, _) = bench.run(
        "agent",
        "git commit -qm a --allow-empty; git branch 'wild/#größe'; git tag light; git tag -am x heavy; git notes add -m n; echo s > file; git stash -q; echo t > file; git stash -q",
    );
    for name in ["wild/#größe", "light", "heavy", "stash@{0}", "stash@{1}", "notes/commits"] {
        bench.sh(&format!("git -C runs/run-1/kept.git rev-parse -q --verify {}", taken(&collected, name)));
    }
    assert_eq!(bench.sh(&format!("git -C runs/run-1/kept.git cat-file -t {}", taken(&collected, "heavy"))), "tag");
    assert_eq!(bench.sh(&format!("git -C runs/run-1/kept.git show {}:file", taken(&collected, "stash@{1}"))), "s");
    assert_eq!(
        bench.sh("git -C repo branch --format='%(refname)'; git -C repo tag"),
        "refs/heads/agent\nrefs/heads/main"
    );
    assert!(collected.refs.iter().all(|taken| taken.reference.is_ascii()));
}

#[test]
fn every_commit_that_the_agent_saw_is_there_afterwards() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    let ids = bench.agent(
        &run,
        "c() { git commit -q --allow-empty \"$@\"; git rev-parse HEAD; }; c -m a; c --amend -m b; git checkout -q --detach; c -m c; git checkout -q agent; c -m d; git reset -q --hard HEAD~1; git worktree add -q --detach wt; (unset GIT_DIR GIT_WORK_TREE; cd wt; c -m e)",
    );
    let collected = bench.collect(&run);
    bench.merge(&run, &collected);
    run_refs::discard(&bench.git, &run).unwrap();
    bench.sh("git -C repo reflog expire --expire=now --all; git -C repo gc -q --prune=now");
    assert_eq!(ids.lines().count(), 5);
    for id in ids.lines() {
        bench.sh(&format!("git -C repo cat-file -e {id}^{{commit}}"));
    }
}

#[test]
fn a_branch_that_the_agent_set_back_keeps_the_users_commits() {
    let bench = Bench::linked();
    for (script, left_out) in [
        ("git reset -q --hard HEAD~1", 1),
        ("git reset -q --hard HEAD~2; git commit -qm agents --allow-empty", 2),
        ("echo x > mine; git commit -q --amend -am other", 1),
    ] {
        bench.sh("cd agent && git reset -q --hard main && for i in 1 2; do echo $i > mine; git add mine; git commit -qm mine-$i; done");
        let base = bench.sh("git -C agent rev-parse HEAD");
        let run = bench.prepare("agent");
        bench.agent(&run, script);
        let collected = bench.collect(&run);
        assert_eq!(collected.branch, BranchOutcome::SetBack { kept: base.clone(), left_out }, "{script}");
        assert!(collected.notes[0].starts_with(&format!("agent stays at {}", &base[..10])), "{:?}", collected.notes);
        run_refs::discard(&bench.git, &run).unwrap();
        assert_eq!(
            bench.sh("git -C agent rev-parse HEAD; git -C agent symbolic-ref HEAD"),
            format!("{base}\nrefs/heads/agent")
        );
    }
}

#[test]
fn a_target_that_the_agent_set_back_as_its_own_checkout_stays() {
    let bench = Bench::linked();
    bench.sh("git -C repo commit -q --allow-empty -m mine");
    let (_, collected, outcome) = bench.run("repo", "git reset -q --hard HEAD~1");
    assert!(matches!(collected.branch, BranchOutcome::SetBack { left_out: 1, .. }), "{collected:?}");
    assert_eq!(outcome, MergeOutcome::NothingToMerge);
    assert_eq!(bench.sh("git -C repo log -1 --format=%s main"), "mine");
}

#[test]
fn commits_that_a_rebase_made_again_or_another_run_keeps_are_not_left_out() {
    let bench = Bench::linked();
    let (first, collected, _) = bench.run("agent", "echo agents > file; git commit -qam agents");
    let merged = bench
        .sh("git -C repo reset -q --hard HEAD~1; cd repo; echo main > file; git commit -qam main; git rev-parse HEAD");
    assert_eq!(bench.merge(&first, &collected), MergeOutcome::Diverged);
    let second = bench.try_prepare("agent", "second").unwrap();
    bench.agent(&second, "git rebase -q host/main >/dev/null 2>&1 || { echo both > file; git add file; GIT_EDITOR=true git rebase --continue; }");
    let collected = bench.collect(&second);
    assert!(matches!(collected.branch, BranchOutcome::Moved { .. }), "{collected:?}");
    assert_eq!(bench.sh("git -C agent rev-parse HEAD~1"), merged);
}

#[test]
fn what_the_user_took_back_from_the_target_is_known_to_be_in_the_work() {
    let bench = Bench::linked();
    bench.sh("cd repo && git commit -qm mistake --allow-empty && git -C ../agent merge -q main");
    let run = bench.prepare("agent");
    bench.agent(&run, "git commit -qm agents --allow-empty");
    let mistake = bench.sh("git -C repo rev-parse HEAD; git -C repo reset -q --hard HEAD~1; git -C repo commit -qm other --allow-empty").to_owned();
    view::publish(&bench.git, &run).unwrap();
    bench.sh("git -C repo reset -q --hard HEAD~1");
    view::publish(&bench.git, &run).unwrap();
    let collected = bench.collect(&run);
    let target = bench.sh("git -C repo rev-parse main");
    let known = |work: &str| target_set_back::dropped_commit(&bench.git, &run, &target, work).unwrap();
    assert_eq!(known(&collected.head), Some(mistake.clone()));
    bench.sh(&format!("git -C agent rebase -q --onto main {mistake}"));
    let rebased = as_rebased(&bench.git, &run, &collected).unwrap();
    assert_eq!((rebased.head.clone(), known(&rebased.head)), (bench.sh("git -C agent rev-parse HEAD"), None));
    bench.sh("git -C repo commit -qm later --allow-empty; git -C repo merge -q --no-edit agent");
}

#[test]
fn a_rewritten_history_moves_the_branch_and_keeps_the_old_one() {
    let bench = Bench::linked();
    bench.sh("cd agent && echo mine > mine && git add mine && git commit -qm mine");
    let old = bench.sh("git -C agent rev-parse HEAD");
    let (run, collected, _) = bench.run("agent", "git commit -q --amend -m better");
    assert!(matches!(collected.branch, BranchOutcome::Moved { .. }));
    run_refs::discard(&bench.git, &run).unwrap();
    assert_eq!(
        bench.sh("git -C agent log -1 --format=%s; git -C runs/run-1/kept.git rev-parse refs/binnacle/runs/run-1/old"),
        format!("better\n{old}")
    );
}

#[test]
fn the_users_own_commits_on_the_branch_are_not_moved_away() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    let agents = bench.agent(&run, "echo a > a; git add a; git commit -qm agents; git rev-parse HEAD");
    bench.sh("cd agent && git commit -qm users --allow-empty");
    let before = bench.sh("git -C agent rev-parse HEAD; git -C agent status --porcelain");
    let collected = bench.collect(&run);
    assert!(matches!(collected.branch, BranchOutcome::BranchMoved { .. }));
    assert_eq!(bench.sh("git -C agent rev-parse HEAD; git -C agent status --porcelain"), before);
    assert_eq!(bench.sh("git -C runs/run-1/kept.git rev-parse refs/binnacle/runs/run-1/work"), agents);
}

#[test]
fn an_index_that_belongs_to_another_branch_by_now_is_left_alone() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(&run, "echo a > a; git add a; git commit -qm agents");
    bench.sh("cd agent && git switch -qc other");
    let collected = bench.collect(&run);
    assert!(matches!(collected.branch, BranchOutcome::Moved { .. }));
    assert_eq!(bench.sh("git -C agent status --porcelain; git -C repo log -1 --format=%s agent"), "?? a\nagents");
}

#[test]
fn a_branch_that_is_checked_out_elsewhere_by_now_is_left_alone() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(&run, "echo a > a; git add a; git commit -qm agents");
    bench.sh("git -C agent switch -q --detach; git -C repo switch -q agent");
    let collected = bench.collect(&run);
    assert!(matches!(&collected.branch, BranchOutcome::Busy { why } if why.contains("repo")), "{:?}", collected.branch);
    assert!(bench.clean("repo"));
}

#[test]
fn an_agent_that_ends_on_another_branch_leaves_a_clean_worktree_with_its_files() {
    let bench = Bench::linked();
    let (_, collected, outcome) = bench.run(
        "agent",
        "git commit -qm on --allow-empty; git switch -qc side; echo s > side; git add side; git commit -qm side",
    );
    assert_eq!(collected.ended_on.as_deref(), Some("side"));
    assert!(matches!(collected.branch, BranchOutcome::Moved { .. }) && matches!(outcome, MergeOutcome::Merged { .. }));
    assert_eq!(bench.sh("git -C agent status --porcelain; git -C agent log -1 --format=%s; git -C agent symbolic-ref -q HEAD || echo detached"), "side\ndetached");
    assert_eq!(bench.sh("git -C repo log -1 --format=%s main"), "on");
}

#[test]
fn an_agent_that_renames_its_branch_loses_nothing() {
    let bench = Bench::linked();
    let (_, collected, outcome) =
        bench.run("agent", "git branch -qm better; echo b > b; git add b; git commit -qm better");
    assert_eq!((collected.branch.clone(), outcome), (BranchOutcome::Unchanged, MergeOutcome::NothingToMerge));
    assert_eq!(
        bench.sh(&format!("git -C runs/run-1/kept.git log -1 --format=%s {}", taken(&collected, "better"))),
        "better"
    );
    assert!(bench.clean("agent"));
}

#[test]
fn a_plain_checkout_whose_git_folder_the_agent_emptied_is_called_lost_and_keeps_its_files() {
    let bench = Bench::linked();
    let run = bench.prepare("repo");
    bench.agent(&run, "echo a > a; git add a; git commit -qm agents; rm -rf \"$GIT_DIR\"/*");
    let collected = bench.collect(&run);
    assert!(matches!(collected.branch, BranchOutcome::GitLost { .. }), "{:?}", collected.branch);
    assert!(!collected.complete);
    assert!(matches!(bench.merge(&run, &collected), MergeOutcome::Refused { .. }));
    assert_eq!(bench.sh("cat repo/a; git -C repo log --format=%s"), "a\none");
    bench.agent(&run, "env -u GIT_WORK_TREE git init -q --bare \"$GIT_DIR\"");
    assert!(matches!(bench.collect(&run).branch, BranchOutcome::GitLost { .. }));
}

#[test]
fn collecting_again_after_dying_anywhere_comes_to_the_same_end() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(&run, "echo a > a; git add a; git commit -qm agents; git branch side");
    let id = bench.agent(&run, "git rev-parse HEAD");
    bench.sh("mkdir -p runs/run-1/taken/objects/pack; touch runs/run-1/taken/HEAD");
    let first = bench.collect(&run);
    bench.sh(&format!("git -C agent read-tree {}", run.base()));
    assert_eq!(bench.collect(&run), first);
    assert!(bench.clean("agent"));
    bench.sh(&format!("git -C repo update-ref refs/heads/agent {} {id}; git -C agent read-tree {0}; git -C runs/run-1/kept.git update-ref -d refs/binnacle/runs/run-1/work", run.base()));
    assert_eq!(bench.collect(&run), first);
    let merged = bench.merge(&run, &first);
    assert!(matches!(merged, MergeOutcome::Merged { .. }));
    assert!(matches!(bench.merge(&run, &first), MergeOutcome::Merged { .. }));
    assert!(bench.clean("agent") && bench.clean("repo"));
}

#[test]
fn eight_agents_at_once_lose_nothing() {
    let bench = Bench::linked();
    bench.sh("cd repo && for i in 1 2 3 4 5 6 7 8; do git worktree add -q ../a$i -b a$i; done");
    let head = |number: usize| {
        let run = bench.try_prepare(&format!("a{number}"), &format!("run-{number}")).unwrap();
        bench.agent(
            &run,
            &format!("for i in 1 2 3; do echo $i > f{number}; git add .; git commit -qm {number}.$i; done"),
        );
        bench.collect(&run).head
    };
    let heads: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=8).map(|number| scope.spawn(move || head(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (number, head) in (1..=8).zip(heads) {
        assert_eq!(
            bench.sh(&format!("git -C a{number} rev-parse HEAD; git -C a{number} log --format=%s main..")),
            format!("{head}\n{number}.3\n{number}.2\n{number}.1")
        );
    }
    assert_eq!(bench.sh("git -C repo fsck --no-dangling 2>&1"), "");
}

#[test]
fn a_worktree_that_the_user_removed_takes_no_commit_with_it() {
    for script in ["rm -rf agent", "git -C repo worktree remove --force agent"] {
        let bench = Bench::linked();
        let run = bench.prepare("agent");
        bench.agent(&run, "echo a > a; git add a; git commit -qm agents");
        bench.sh(script);
        let collected = bench.collect(&run);
        assert!(matches!(collected.branch, BranchOutcome::Moved { .. }), "{script}: {collected:?}");
        assert!(matches!(bench.merge(&run, &collected), MergeOutcome::Merged { .. }), "{script}");
        assert!(!bench.path("agent").exists() && bench.clean("repo"));
    }
}

#[test]
fn a_branch_that_the_user_deleted_takes_no_commit_with_it() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    let id = bench.agent(&run, "git commit -qm agents --allow-empty; git rev-parse HEAD");
    bench.sh("git -C agent switch -q --detach; git -C repo branch -qD agent");
    let collected = bench.collect(&run);
    assert_eq!(collected.branch, BranchOutcome::BranchMoved { found: None, renamed: None });
    assert_eq!(bench.sh("git -C runs/run-1/kept.git rev-parse refs/binnacle/runs/run-1/work"), id);
}

#[test]
fn what_the_host_has_anyway_is_not_kept_a_second_time() {
    let bench = Bench::linked();
    bench.sh("cd repo && git switch -qc topic && git commit -qm topic --allow-empty && git switch -q main");
    let (run, _, outcome) = bench.run(
        "agent",
        "git switch -q topic; git switch -q agent; git commit -qm a --allow-empty; git commit -qm b --allow-empty",
    );
    assert!(matches!(outcome, MergeOutcome::Merged { .. }));
    run_refs::discard(&bench.git, &run).unwrap();
    assert_eq!(bench.sh("git -C repo for-each-ref refs/binnacle"), "");
}
