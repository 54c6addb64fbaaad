//! What cannot work is refused before the start, with the reason and what to do.

use crate::error::Explain;
use crate::git::host::{repository, show, target, worktree_add};
use crate::git::testing::Bench;

#[test]
fn places_that_are_no_checkout_are_refused() {
    let bench = Bench::linked();
    bench.sh("mkdir elsewhere; git clone -q --bare repo bare.git; git init -q unborn; touch afile");
    assert!(bench.refusal("missing").starts_with("no such folder: /T/missing"));
    assert!(bench.refusal("afile").starts_with("no such folder: /T/afile"));
    assert!(bench.refusal("elsewhere").starts_with("/T/elsewhere is not in a git repository"));
    assert!(bench.refusal("bare.git").starts_with("/T/bare.git is a bare repository"));
    assert!(bench.refusal("repo/.git/refs").starts_with("/T/repo/.git/refs is inside a git folder"));
    assert!(bench.refusal("unborn").starts_with("branch main of /T/unborn has no commit yet"));
    assert_eq!(bench.refusal("repo"), "accepted");
}

#[test]
fn a_repository_that_git_itself_refuses_is_refused_with_gits_reason() {
    let bench = Bench::linked();
    bench.sh("git -C repo config core.repositoryformatversion 99");
    let refusal = bench.refusal("repo");
    assert!(refusal.starts_with("git cannot use the repository of /T/repo: "), "{refusal}");
    assert!(refusal.contains("99"), "{refusal}");
}

#[test]
fn a_checkout_in_the_middle_of_something_is_refused() {
    let bench = Bench::linked();
    bench
        .sh("cd repo && echo x > file && git commit -qam two && cd ../agent && echo y > file && git commit -qam three");
    bench.sh("cd agent && ! git merge -q main >/dev/null");
    assert!(bench.refusal("agent").starts_with("/T/agent is in the middle of a merge"));
    bench.sh("cd agent && git merge --abort && ! git rebase -q main >/dev/null 2>&1");
    assert!(bench.refusal("agent").starts_with("/T/agent is in the middle of a rebase"));
}

#[test]
fn a_checkout_that_holds_another_worktree_is_refused() {
    let bench = Bench::linked();
    bench.sh("git -C repo worktree add -q trees/b -b b");
    assert!(
        bench.refusal("repo").starts_with("/T/repo contains another worktree of the same repository: /T/repo/trees/b")
    );
    assert_eq!(bench.refusal("repo/trees/b"), "accepted");
}

#[test]
fn programs_and_configuration_of_the_tree_are_refused() {
    for (key, value) in [
        ("filter.x.clean", "./tool.sh"),
        ("filter.x.process", "tools/filter"),
        ("diff.x.textconv", "sh tools/x.sh"),
        ("merge.x.driver", "./merge %A %O %B"),
        ("core.fsmonitor", "./watch"),
    ] {
        let bench = Bench::linked();
        bench.sh(&format!("git -C repo config {key} '{value}'"));
        let refusal = bench.refusal("agent");
        assert!(
            refusal.starts_with(&format!("git is configured to run a program from the worktree: {key} = {value}")),
            "{refusal}"
        );
    }
    let bench = Bench::linked();
    bench.sh("git -C repo config include.path ../.gitconfig");
    assert!(
        bench.refusal("repo").starts_with("git reads configuration from a file of the worktree: /T/repo/.gitconfig")
    );
    assert_eq!(bench.refusal("agent"), "accepted");
}

#[test]
fn a_needed_filter_is_refused_only_where_a_file_has_it() {
    let bench = Bench::linked();
    bench
        .sh("git config --global filter.lfs.clean 'git-lfs clean -- %f'; git config --global filter.lfs.required true");
    assert_eq!(bench.refusal("agent"), "accepted");
    bench.sh("cd agent && echo '*.bin filter=lfs' > .gitattributes && touch a.bin && git add .gitattributes");
    assert_eq!(bench.refusal("agent"), "accepted");
    bench.sh("cd agent && git -c filter.lfs.clean=cat add a.bin");
    assert_eq!(bench.refusal("agent"), "accepted", "the image has a Git LFS of its own");
    for (key, value) in [("clean", "crypt --with lfs"), ("process", "crypt")] {
        bench.sh(&format!("git config --global filter.lfs.{key} '{value}'"));
        assert!(bench.refusal("agent").starts_with("files here need the git filter lfs (a.bin, for example)"), "{key}");
        bench.sh("git config --global filter.lfs.clean 'git-lfs clean -- %f'");
    }
}

#[test]
fn a_checkout_that_holds_the_state_of_binnacle_is_refused() {
    let bench = Bench::linked();
    bench.sh("mkdir agent/runs; ln -s agent/runs runs");
    let error = bench.try_prepare("agent", "run-1").unwrap_err().to_string();
    assert!(error.contains("a folder of bn that agents must not see"), "{error}");
}

#[test]
fn names_that_refs_cannot_bear_are_refused() {
    let bench = Bench::linked();
    for name in ["a.lock", "a..b", "a/b", ""] {
        assert!(bench.try_prepare("agent", name).is_err(), "{name}");
    }
}

#[test]
fn the_target_is_main_or_said_aloud() {
    let bench = Bench::linked();
    let repository = repository::resolve(&bench.git, &bench.path("agent")).unwrap();
    let target = |wanted| target::resolve(&bench.git, &repository, wanted);
    assert_eq!(target(None).unwrap(), target::Target { branch: "main".into(), note: None, checkout: None });
    assert_eq!(target(Some("agent")).unwrap().branch, "agent");
    let error = target(Some("nope")).unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.hints()),
        ("there is no branch nope", vec!["the branches are: agent, main".into()])
    );
    bench.sh("git -C repo branch -m main trunk");
    let found = target(None).unwrap();
    assert_eq!(found.branch, "trunk");
    assert!(found.note.unwrap().contains("there is no branch main; the work goes to trunk"));
}

#[test]
fn a_worktree_is_created_once() {
    let bench = Bench::linked();
    let repository = repository::resolve(&bench.git, &bench.path("repo")).unwrap();
    let add = |path: &str, branch: &str| worktree_add::add(&bench.git, &repository, &bench.path(path), branch, "main");
    let added = add("a b,c", "new").unwrap();
    assert_eq!(bench.sh("git -C 'a b,c' symbolic-ref HEAD"), "refs/heads/new");
    assert!(add("a b,c", "other").unwrap_err().to_string().ends_with("exists already"));
    let taken = add("d", "new").unwrap_err();
    assert_eq!(taken.to_string(), "branch new exists already");
    let there = format!("or it is checked out, run there: bn container run '{}'", bench.path("a b,c").display());
    assert_eq!(taken.hints(), ["take another name: -b NAME", &there]);
    bench.sh("git -C repo branch free");
    let free = format!("or add a worktree of it: git worktree add {} free", bench.path("d").display());
    assert_eq!(add("d", "free").unwrap_err().hints()[1], free);
    assert_eq!(add("d", "-x").unwrap_err().to_string(), "-x is not a legal branch name");
    assert!(!bench.path("d").exists());
    added.undo(&bench.git).unwrap();
    assert!(!bench.path("a b,c").exists());
    assert_eq!(bench.sh("git -C repo branch --list new"), "");
}

#[test]
fn a_file_is_read_from_the_branch_and_not_from_the_tree() {
    let bench = Bench::linked();
    let repository = repository::resolve(&bench.git, &bench.path("agent")).unwrap();
    let read = |path: &str| show::file(&bench.git, &repository, "main", path).unwrap();
    bench.sh("cd repo && mkdir .binnacle && echo FROM a > .binnacle/Containerfile && ln -s /etc/passwd link && git add . && git commit -qm x");
    bench.sh("cd repo && echo FROM evil > .binnacle/Containerfile");
    assert_eq!(read(".binnacle/Containerfile").as_deref(), Some(&b"FROM a\n"[..]));
    assert_eq!((read("missing"), read("link"), read(".binnacle")), (None, None, None));
}

#[test]
fn a_git_annex_is_refused_with_the_reason() {
    let bench = Bench::linked();
    bench.sh("git -C repo config annex.uuid 0b5a4c2e");
    assert!(bench.refusal("agent").starts_with("/T/repo is a git-annex repository: "));
}

#[test]
fn no_hint_about_a_needed_filter_leads_to_a_loss() {
    let bench = Bench::linked();
    bench.sh("git config --global filter.lfs.required true; cd agent; echo '*.bin filter=lfs' > .gitattributes; touch a.bin; git -c filter.lfs.required=false add .");
    let refusal = bench.refusal("agent");
    assert!(
        refusal.contains("work on a branch without files of the filter lfs") && !refusal.contains("git config"),
        "{refusal}"
    );
}
