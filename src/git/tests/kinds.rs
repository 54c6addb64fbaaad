//! Every kind of repository that has to work, from preparation to merge.

use crate::git::host::checkout::Checkout;
use crate::git::merge::fast_forward::MergeOutcome;
use crate::git::private::Start;
use crate::git::private::{hooks, view};
use crate::git::testing::Bench;
use crate::git::testing::Prepared;

const COMMIT: &str = "echo two > new; git add new; git commit -qm two";

/// One commit by an agent, merged; afterwards nothing is odd.
fn works(bench: &Bench, worktree: &str) -> Prepared {
    let (run, collected, outcome) = bench.run(worktree, COMMIT);
    assert!(matches!(outcome, MergeOutcome::Merged { .. }), "{outcome:?} {collected:?}");
    assert_eq!(collected.new_commits, 1);
    assert!(bench.clean(worktree));
    let common = run.checkout.common_dir.display();
    assert_eq!(bench.sh(&format!("git --git-dir='{common}' log -1 --format=%s main")), "two");
    assert_eq!(
        bench.sh(&format!("git --git-dir='{common}' fsck --no-dangling 2>&1 | grep -vE '^(notice|hint)' || true")),
        ""
    );
    run
}

#[test]
fn sha256() {
    works(&Bench::initialised("--object-format=sha256"), "agent");
}

#[test]
fn reftable() {
    // A git before 2.45 can neither make nor read such a repository: then there is none to run an agent on.
    if !Bench::empty().sh("git init -h 2>&1 | cat").contains("--ref-format") {
        return;
    }
    let bench = Bench::initialised("--ref-format=reftable");
    let run = works(&bench, "agent");
    bench.sh("git -C repo branch later");
    assert!(view::publish(&bench.git, &run).unwrap());
    assert!(bench.agent(&run, "git fetch -q host; git branch -r").contains("host/later"));
}

#[test]
fn shallow() {
    let bench = Bench::linked();
    bench.sh("cd repo && for i in 1 2 3; do echo $i > file; git commit -qam $i; done; git update-ref refs/heads/agent main; git -C ../agent reset -q --hard");
    bench.sh("git clone -q --depth 2 file://$PWD/repo shallow; git -C shallow worktree add -q ../s-agent -b s-agent");
    let run = works(&bench, "s-agent");
    assert_eq!(bench.agent(&run, "git log --oneline | wc -l; git gc -q"), "3");
}

#[test]
fn sparse_with_a_sparse_index() {
    let bench = Bench::linked();
    bench.sh(
        "cd repo && mkdir a b && touch a/x b/y && git add . && git commit -qm dirs && cd ../agent && git merge -q main",
    );
    bench.sh("git -C agent sparse-checkout set --cone --sparse-index a");
    let run = works(&bench, "agent");
    assert!(!bench.path("agent/b").exists());
    assert_eq!(bench.agent(&run, "git status --porcelain"), "");
}

#[test]
fn worktree_config() {
    let bench = Bench::linked();
    bench.sh("git -C repo config extensions.worktreeConfig true; git -C agent config --worktree core.autocrlf input");
    let run = works(&bench, "agent");
    assert_eq!(bench.agent(&run, "git config core.autocrlf"), "input");
}

#[test]
fn alternates() {
    let bench = Bench::linked();
    bench.sh("git clone -q --shared repo borrowing; git -C borrowing worktree add -q ../b-agent -b b-agent");
    let run = works(&bench, "b-agent");
    let sources: Vec<_> = run.mounts.iter().map(|mount| mount.source.clone()).collect();
    assert!(
        sources.contains(&bench.path("repo/.git/objects")) && sources.contains(&bench.path("borrowing/.git/objects"))
    );
}

#[test]
fn packed_refs_and_thousands_of_them() {
    let bench = Bench::linked();
    bench.sh("cd repo && git tag -am note v1 && id=$(git rev-parse HEAD) && for i in $(seq 3000); do echo create refs/heads/x/$i $id; echo create refs/tags/t/$i $id; done | git update-ref --stdin && git pack-refs --all");
    let run = works(&bench, "agent");
    assert_eq!(
        bench.agent(&run, "git for-each-ref refs/remotes/host | wc -l; git cat-file -t v1; git describe --always"),
        "3002\ntag\nv1-1-g".to_owned() + &bench.agent(&run, "git rev-parse --short HEAD")
    );
}

#[test]
fn a_bare_repository_with_worktrees() {
    let bench = Bench::linked();
    bench.sh("git clone -q --bare repo bare.git; git -C bare.git worktree add -q ../w -b w 2>/dev/null");
    works(&bench, "w");
}

#[test]
fn a_bare_repository_whose_target_has_a_worktree() {
    let bench = Bench::linked();
    bench.sh("git clone -q --bare repo bare.git; git -C bare.git worktree add -q ../m main 2>/dev/null; git -C bare.git worktree add -q ../w -b w 2>/dev/null");
    works(&bench, "w");
    assert_eq!(bench.sh("cat m/new"), "two");
    assert!(bench.clean("m"));
}

#[test]
fn a_plain_checkout_on_another_branch_than_the_target() {
    let bench = Bench::linked();
    bench.sh("git -C repo switch -qc topic");
    works(&bench, "repo");
    assert_eq!(bench.sh("git -C repo symbolic-ref HEAD"), "refs/heads/topic");
}

#[test]
fn a_git_dir_somewhere_else() {
    let bench = Bench::empty();
    bench.sh(
        "git init -q --separate-git-dir=store repo && cd repo && echo one > file && git add . && git commit -qm one",
    );
    works(&bench, "repo");
    assert_eq!(bench.sh("ls store | grep -c file || true"), "0");
}

#[test]
fn a_checkout_that_is_a_submodule_of_another() {
    let bench = Bench::linked();
    bench.sh("git init -q super && cd super && git -c protocol.file.allow=always submodule --quiet add ../repo sub && git commit -qm super");
    works(&bench, "super/sub");
}

#[test]
fn a_detached_head() {
    let bench = Bench::linked();
    bench.sh("git -C agent switch -q --detach");
    works(&bench, "agent");
    assert_eq!(bench.sh("git -C agent symbolic-ref -q HEAD || git -C agent log -1 --format=%s"), "two");
}

#[test]
fn odd_paths() {
    for name in ["with space", "a,b\"c'd", "co:lon", "größe", "-dash", "new\nline", "back\\slash", "per%cent", "$x"] {
        let bench = Bench::empty();
        std::fs::create_dir(bench.path(name)).unwrap();
        let quoted = format!("'./{}'", name.replace('\'', "'\\''"));
        bench.sh(&format!("cd {quoted} && git init -q repo && cd repo && echo one > file && git add . && git commit -qm one && git worktree add -q ../agent -b agent"));
        let (_, _, outcome) = bench.run(&format!("{name}/agent"), COMMIT);
        assert!(matches!(outcome, MergeOutcome::Merged { .. }), "{name}: {outcome:?}");
    }
}

#[test]
fn a_path_that_is_not_utf_8() {
    use std::os::unix::ffi::OsStrExt;
    let bench = Bench::empty();
    let folder = bench.path("").join(std::ffi::OsStr::from_bytes(b"\xff\xfe"));
    std::fs::create_dir(&folder).unwrap();
    bench.sh("cd $(printf '\\377\\376') && git init -q repo && cd repo && echo one > file && git add . && git commit -qm one && git worktree add -q ../agent -b agent");
    let checkout = crate::git::host::checkout::resolve(&bench.git, &folder.join("agent")).unwrap();
    let target = crate::git::host::target::resolve(&bench.git, &checkout.repository(), None).unwrap();
    let run = bench.prepare_as("run-1", &checkout, &target, hooks::Inside::Run).unwrap();
    let json = serde_json::to_string(&(&checkout, &run.start)).unwrap();
    assert_eq!(serde_json::from_str::<(Checkout, Start)>(&json).unwrap(), (checkout, run.start.clone()));
    bench.sh(&format!(
        "cd $(printf '\\377\\376')/agent && export GIT_DIR='{}' && export GIT_WORK_TREE=$PWD && {COMMIT}",
        run.private().display()
    ));
    let collected = bench.collect(&run);
    assert!(matches!(bench.merge(&run, &collected), MergeOutcome::Merged { .. }));
}

#[test]
fn a_partial_clone_never_takes_a_missing_file_for_a_deleted_one() {
    let bench = Bench::linked();
    bench.sh("cd repo && git config uploadpack.allowFilter true && echo two > file && git commit -qam two && git update-ref refs/heads/agent main && git -C ../agent reset -q --hard");
    bench.sh("git clone -q --filter=blob:none file://$PWD/repo partial; git -C partial worktree add -q ../p-agent -b p-agent");
    let run = works(&bench, "p-agent");
    assert!(run.notes.iter().any(|note| note.contains("partial clone")), "{:?}", run.notes);
    assert_eq!(bench.agent(&run, "git checkout -q HEAD~2 2>/dev/null && echo went || ls file"), "file");
}

#[test]
fn submodules_have_git_folders_of_their_own() {
    let bench = Bench::linked();
    bench.sh("git init -q lib && cd lib && echo l > l && git add . && git commit -qm lib");
    bench
        .sh("cd repo && git -c protocol.file.allow=always submodule --quiet add ../lib libs/lib && git commit -qm sub");
    let (run, collected, outcome) =
        bench.run("repo", "git status --porcelain; echo two > new; git add -A; git commit -qam two");
    assert!(matches!(outcome, MergeOutcome::Merged { .. }), "{outcome:?} {collected:?}");
    assert!(collected.holds.is_empty() && collected.quarantined.is_empty(), "{collected:?}");
    let inside: Vec<_> =
        run.mounts.iter().map(|mount| (mount.destination.to_string_lossy().into_owned(), mount.read_only)).collect();
    for mount in [
        ("/workspace/libs", false),
        ("/workspace/libs/lib", false),
        ("/workspace/libs/lib/.git", true),
        ("/run/binnacle/modules/0/git", false),
    ] {
        assert!(inside.contains(&(mount.0.to_owned(), mount.1)), "{inside:?}");
    }
    assert_eq!(bench.sh("cd repo && git submodule status && git status --porcelain").lines().count(), 1);
}

#[test]
fn the_users_settings_remotes_and_hooks_are_inside_and_secrets_are_not() {
    let bench = Bench::linked();
    bench.sh("cd repo && git remote add origin https://ghp_secret@example.org/a && git config http.extraheader 'Authorization: SECRET' && git config commit.gpgsign true && git config i18n.commitencoding utf-8");
    bench.sh("git -C repo update-ref refs/remotes/origin/main main; printf '#!/bin/sh\\n' > repo/.git/hooks/pre-commit; chmod +x repo/.git/hooks/pre-commit; mkdir -p home/.config/git; echo '*.log' > home/.config/git/ignore");
    let run = bench.prepare("agent");
    let config = bench.agent(&run, "git config --list --local; touch a.log; git status --porcelain; git rev-parse -q --verify origin/main >/dev/null");
    assert!(config.contains("remote.origin.url=https://example.org/a\n"), "{config}");
    assert!(
        config.contains("core.hookspath=/run/binnacle/hooks") && config.contains("commit.gpgsign=false"),
        "{config}"
    );
    assert!(!config.contains("ghp_secret") && !config.contains("SECRET") && !config.contains("a.log"), "{config}");
    assert!(run.mounts.iter().any(|mount| mount.source == bench.path("repo/.git/hooks") && mount.read_only));
    assert!(run.notes.iter().any(|note| note.contains("commit.gpgsign is on")), "{:?}", run.notes);
}

#[test]
fn hooks_that_are_left_out_fail_no_commit_and_those_in_the_tree_are_named_all_the_same() {
    use crate::git::host::{checkout, target};
    let bench = Bench::linked();
    let prepared = |hooks| {
        let checkout = checkout::resolve(&bench.git, &bench.path("agent")).unwrap();
        let target = target::resolve(&bench.git, &checkout.repository(), None).unwrap();
        bench.prepare_as("run-1", &checkout, &target, hooks).unwrap()
    };
    bench.sh("mkdir -p repo/.git/hooks; printf '#!/bin/sh\\nno-such-linter\\n' > repo/.git/hooks/pre-commit; chmod +x repo/.git/hooks/pre-commit");
    let is_mounted = |run: &Prepared| run.mounts.iter().any(|mount| mount.source == bench.path("repo/.git/hooks"));
    assert!(is_mounted(&prepared(hooks::Inside::Run)));
    let run = prepared(hooks::Inside::LeftOut);
    assert!(!is_mounted(&run));
    assert!(run.notes.iter().any(|note| note.ends_with("repo/.git/hooks do not run inside")), "{:?}", run.notes);
    bench.agent(&run, COMMIT);
    bench.sh(
        "mkdir agent/.husky; cp repo/.git/hooks/pre-commit agent/.husky; cd repo && git config core.hooksPath .husky",
    );
    let run = prepared(hooks::Inside::LeftOut);
    bench.agent(
        &run,
        "test -z \"$(git config core.hooksPath)\"; echo three > file3; git add file3; git commit -qm three",
    );
    assert!(run.notes.iter().any(|note| note.starts_with("core.hooksPath is .husky")), "{:?}", run.notes);
}

#[test]
fn hooks_in_the_tree_are_the_agents_to_change_and_are_named() {
    let bench = Bench::linked();
    bench.sh("cd repo && git config core.hooksPath .husky && mkdir .husky");
    let named = |bench: &Bench| {
        let found = hooks::in_trees(&bench.git, &bench.prepare("agent")).unwrap();
        found.iter().map(|path| path.display().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(named(&bench), [".husky"]);
    // The agent works in `agent`; what it changes there comes to `repo` by a merge.
    for place in ["agent/.hooks", "repo/tools/hooks", "repo/../agent/./hooks"] {
        bench.sh(&format!("git config -f repo/.git/config core.hooksPath $PWD/{place}"));
        assert_eq!(
            named(&bench),
            [place.rsplit_once("nt/").map_or("tools/hooks", |(_, name)| name.trim_start_matches("./"))]
        );
    }
    bench.sh("git config -f repo/.git/config --unset core.hooksPath; mkdir -p repo/scripts repo/.git/hooks; touch repo/scripts/check.sh; ln -s ../../scripts/check.sh repo/.git/hooks/pre-commit");
    assert_eq!(named(&bench), ["scripts/check.sh"]);
    assert!(bench.prepare("agent").notes.iter().any(|note| note.starts_with("your git runs scripts/check.sh")));
    bench.sh("mkdir home/hooks && cp /bin/true home/hooks/pre-commit && git config -f repo/.git/config core.hooksPath '~/hooks'");
    let run = bench.prepare("agent");
    assert!(run.mounts.iter().any(|mount| mount.source == bench.path("home/hooks")), "{:?}", run.mounts);
}

#[test]
fn a_submodule_that_cannot_be_read_is_an_empty_folder_inside_and_one_whose_git_folder_the_agent_could_write_is_refused()
{
    let bench = Bench::linked();
    bench.sh("git init -q lib && cd lib && echo l > l && git add . && git commit -qm lib");
    bench.sh("cd repo && git -c protocol.file.allow=always submodule --quiet add ../lib lib && git commit -qm sub");
    bench.sh("mv repo/.git/modules/lib away");
    let run = bench.prepare("repo");
    assert!(run.notes.iter().any(|note| note.contains("the submodule lib is an empty folder")), "{:?}", run.notes);
    let closed = run.mounts.iter().find(|mount| mount.destination.ends_with("workspace/lib")).unwrap();
    assert!(closed.read_only && closed.source.ends_with("empty"), "{closed:?}");
    assert!(run.mounts.iter().all(|mount| !mount.destination.ends_with("lib/.git")), "{:?}", run.mounts);
    for place in ["../hidden/lib", "../not/there/yet"] {
        bench.sh(&format!(
            "mkdir -p repo/hidden && cp -r away repo/hidden/lib && printf 'gitdir: {place}\\n' > repo/lib/.git"
        ));
        let error = bench.try_prepare("repo", "run-2").unwrap_err().to_string();
        assert!(error.starts_with("git reads configuration from a file of the worktree: "), "{place}: {error}");
    }
}

/// The host's git goes from one to the next.
#[test]
fn a_submodule_of_a_submodule_that_nobody_has_initialised_takes_no_git_folder() {
    let bench = Bench::linked();
    bench.sh("git init -q lib && cd lib && echo l > l && git add . && git commit -qm lib && git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),deep && git commit -qm deep");
    bench.sh("cd repo && git -c protocol.file.allow=always submodule --quiet add ../lib lib && git commit -qm sub");
    let run = bench.prepare("repo");
    let deep = run.mounts.iter().find(|mount| mount.destination.ends_with("lib/deep")).unwrap();
    assert!(deep.read_only, "{deep:?}");
}
