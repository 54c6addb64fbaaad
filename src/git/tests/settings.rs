//! What the user has set for other places, and what a full disk says, is not blamed on the agent.

use crate::git::collect::collected::BranchOutcome;
use crate::git::host::main_checkout;
use crate::git::host::{checkout, target};
use crate::git::merge::fast_forward::MergeOutcome;
use crate::git::private::hooks::Inside;
use crate::git::testing::Bench;

const WORK: &str = "echo two > new; git add .; git commit -qm two";

/// Settings of the user's that change what a fetch from a path does.
const SETTINGS: &[&str] = &[
    "url.https://example.invalid/.insteadOf /",
    "transfer.hideRefs refs",
    "uploadpack.hideRefs refs",
    "uploadpack.packObjectsHook /nonexistent/hook",
];

#[test]
fn the_users_own_settings_do_not_get_between_two_folders_of_this_machine() {
    for setting in SETTINGS {
        for (scope, detach) in [("--global", false), ("--local", false), ("--global", true), ("--local", true)] {
            let bench = Bench::linked();
            bench.sh(&format!("git -C repo config {scope} {setting}"));
            if detach {
                bench.sh("git -C repo switch -q --detach");
            }
            let (_, collected, outcome) = bench.run("agent", WORK);
            assert_eq!((collected.new_commits, collected.complete), (1, true), "{scope} {setting}: {collected:?}");
            assert!(matches!(outcome, MergeOutcome::Merged { .. }), "{scope} {setting}: {outcome:?}");
            assert_eq!(bench.sh("git -C repo log -1 --format=%s main"), "two", "{scope} {setting}");
        }
    }
}

#[test]
fn a_main_checkout_whose_git_folder_lies_elsewhere_gets_the_work() {
    let commit = "cd repo && echo one > file && git add . && git commit -qm one";
    for script in [
        format!("git init -q --separate-git-dir=meta repo && {commit}"),
        format!("git init -q repo && ({commit}) && mv repo/.git meta && ln -s ../meta repo/.git"),
        format!(
            "mkdir away && git init -q repo && ({commit}) && mv repo/.git away/.git && ln -s ../away/.git repo/.git"
        ),
    ] {
        let bench = Bench::with_repo(&script);
        let checkout = checkout::resolve(&bench.git, &bench.path("agent")).unwrap();
        let target = target::resolve(&bench.git, &checkout.repository(), None).unwrap();
        let target = main_checkout::locate(&bench.git, &checkout, target, &bench.path("repo")).unwrap();
        assert_eq!(target.checkout, Some(bench.path("repo")));
        let run = bench.prepare_as("run-1", &checkout, &target, Inside::Run).unwrap();
        bench.agent(&run, WORK);
        let collected = bench.collect(&run);
        assert!(matches!(bench.merge(&run, &collected), MergeOutcome::Merged { .. }), "{script}");
        assert_eq!(bench.sh("cat repo/new"), "two");
        assert!(bench.clean("repo"));
    }
}

#[test]
fn a_main_checkout_that_git_cannot_find_is_refused_at_the_start() {
    use crate::error::Explain;
    let bench =
        Bench::with_repo("git init -q --separate-git-dir=meta repo && git -C repo commit -qm one --allow-empty");
    let checkout = checkout::resolve(&bench.git, &bench.path("agent")).unwrap();
    let target = || target::resolve(&bench.git, &checkout.repository(), None).unwrap();
    let locate = |near| main_checkout::locate(&bench.git, &checkout, target(), &bench.path(near));
    let error = locate("agent").unwrap_err();
    let meta = bench.path("meta").display().to_string();
    assert_eq!(
        error.to_string(),
        format!("main is checked out in the main checkout of {meta}, and git does not know where that is")
    );
    let hints =
        ["run bn in that checkout", &format!("or tell git where it is: git -C {meta} config core.worktree PATH")];
    assert_eq!(error.hints(), hints);
    // What the agent writes in its own tree is no main checkout.
    bench.sh("mkdir agent/sub && echo 'gitdir: ../../meta' > agent/sub/.git");
    assert!(locate("agent/sub").is_err());
    bench.sh("git -C meta config core.worktree ../repo");
    assert_eq!(locate("agent").unwrap().checkout, Some(bench.path("repo")));
    assert!(bench.clean("repo"));
}

#[test]
fn commits_of_the_hosts_that_the_agent_rebased_onto_are_not_its_own() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(&run, WORK);
    bench.sh("cd repo && for i in 1 2 3; do git commit -q --allow-empty -m $i; done");
    crate::git::private::view::publish(&bench.git, &run).unwrap();
    bench.agent(&run, "git fetch -q host && git rebase -q host/main");
    let collected = bench.collect(&run);
    assert_eq!((collected.new_commits, collected.own_commits()), (4, 1));
    let again = bench.collect(&run);
    assert_eq!(again.own_commits(), 1);
}

#[test]
fn a_renamed_branch_and_a_worktree_that_is_gone_are_told_as_what_they_are() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(&run, WORK);
    bench.sh("git -C agent branch -m agent other");
    let collected = bench.collect(&run);
    assert_eq!(collected.branch, BranchOutcome::BranchMoved { found: None, renamed: Some("other".into()) });

    for (script, back) in [
        ("git -C repo worktree remove --force ../agent", "agent"),
        ("rm -rf agent", "agent"),
        ("git -C repo worktree remove --force ../agent && git -C repo branch -qD agent", "-b agent"),
    ] {
        let bench = Bench::linked();
        let run = bench.prepare("agent");
        bench.agent(&run, WORK);
        bench.sh(script);
        let collected = bench.collect(&run);
        let id = &collected.head;
        let place = bench.path("agent").display().to_string();
        let add = if back == "agent" { "agent".to_owned() } else { format!("{back} {id}") };
        let note =
            format!("the worktree {place} is gone; its commit {} is kept: git worktree add {place} {add}", &id[..10]);
        assert_eq!(collected.notes, [note], "{script}");
        // What may be in the user's hooks is still found out.
        crate::git::private::hooks::in_trees(&bench.git, &run).unwrap();
    }
}
