//! Nothing that the agent wrote is run, followed or obeyed by the host's git: a canary outside would tell. Each attack has
//! a control that shows that it works where the wall is not.

use std::path::PathBuf;

use crate::git::private::RunGit;
use crate::git::testing::Bench;

/// A script that leaves a canary where it runs.
fn tool(bench: &Bench) -> (String, PathBuf) {
    let canary = bench.path("canary");
    let tool = bench.path("tool.sh");
    std::fs::write(&tool, format!("#!/bin/sh\ntouch '{}'\ncat\n", canary.display())).unwrap();
    bench.sh("chmod +x tool.sh");
    (tool.display().to_string(), canary)
}

/// Whether the script was run; forgets it.
fn sprung(canary: &PathBuf) -> bool {
    std::fs::remove_file(canary).is_ok()
}

/// Every setting of the agent's repository that makes some git run a program.
fn poison(bench: &Bench, run: &RunGit, tool: &str) {
    let keys = [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "core.alternateRefsCommand",
        "filter.x.clean",
        "filter.x.smudge",
        "diff.x.textconv",
        "diff.external",
        "uploadpack.packObjectsHook",
        "gpg.program",
        "credential.helper",
        "merge.x.driver",
        "remote.origin.uploadpack",
        "core.gitProxy",
    ];
    let sets: String = keys.iter().map(|key| format!("git config {key} '{tool}'; ")).collect();
    bench.agent(run, &format!("{sets} git config core.hooksPath '{}'; git config extensions.partialClone origin; git config remote.origin.promisor true; git config remote.origin.url .; mkdir -p $GIT_DIR/hooks", bench.path("hooks").display()));
    bench.sh(&format!("mkdir -p hooks; for h in pre-commit post-checkout post-merge post-index-change reference-transaction pre-auto-gc fsmonitor-watchman; do cp {tool} hooks/$h; cp {tool} '{}'/hooks/$h; done", run.private().display()));
}

#[test]
fn no_setting_and_no_hook_of_the_private_folder_runs_on_the_host() {
    let bench = Bench::linked();
    let (tool, canary) = tool(&bench);
    let run = bench.prepare("agent");
    bench
        .agent(&run, "echo '* filter=x diff=x merge=x' > .gitattributes; echo a > a; git add .; git commit -qm agents");
    poison(&bench, &run, &tool);
    let collected = bench.collect(&run);
    bench.merge(&run, &collected);
    crate::git::collect::run_refs::discard(&bench.git, &run).unwrap();
    assert!(!sprung(&canary));
    bench.sh("git -C agent status; git -C repo status");
    assert!(!sprung(&canary));
}

#[test]
fn control_git_on_the_private_folder_runs_them() {
    let bench = Bench::linked();
    let (tool, canary) = tool(&bench);
    let run = bench.prepare("agent");
    poison(&bench, &run, &tool);
    bench.sh(&format!("git --git-dir='{}' --work-tree=agent status >/dev/null 2>&1 || true", run.private().display()));
    assert!(sprung(&canary));
}

#[test]
fn a_planted_repository_at_a_submodules_path_is_put_aside_before_the_users_git_looks() {
    let bench = Bench::linked();
    let (tool, canary) = tool(&bench);
    let run = bench.prepare("agent");
    plant(&bench, &run, &tool);
    let collected = bench.collect(&run);
    assert_eq!(collected.quarantined, ["closed/sub/.git.binnacle", "sub/.git.binnacle"]);
    bench.sh("git -C agent status; git -C agent diff; git -C agent/sub status");
    assert!(!sprung(&canary));
}

#[test]
fn control_without_the_quarantine_it_runs() {
    let bench = Bench::linked();
    let (tool, canary) = tool(&bench);
    let run = bench.prepare("agent");
    plant(&bench, &run, &tool);
    bench.collect(&run);
    bench.sh("mv agent/sub/.git.binnacle agent/sub/.git; git -C agent status");
    assert!(sprung(&canary));
}

fn plant(bench: &Bench, run: &RunGit, tool: &str) {
    bench.agent(
        run,
        &format!("unset GIT_DIR GIT_WORK_TREE; for s in sub closed/sub; do mkdir -p $s; (cd $s; git init -q; git config user.name x; git config user.email x; git commit -qm x --allow-empty; git config core.fsmonitor '{tool}'); done"),
    );
    bench.agent(
        run,
        "git -c advice.addEmbeddedRepo=false add sub; git commit -qm link; chmod 311 closed/sub; chmod 555 closed",
    );
}

#[test]
fn a_rewritten_git_file_is_restored_through_no_link_of_the_agents() {
    let bench = Bench::linked();
    let (tool, canary) = tool(&bench);
    let run = bench.prepare("agent");
    let before = bench.sh("cat agent/.git; echo precious > precious");
    bench.agent(&run, "rm .git; git init -q --bare evil 2>/dev/null || true");
    bench.sh(&format!("cd agent && env -u GIT_DIR git init -q evil && git -C evil config core.fsmonitor '{tool}' && echo 'gitdir: evil/.git' > .git; ln -s ../precious .git.new; ln -s ../precious .git.binnacle"));
    let collected = bench.collect(&run);
    assert_eq!(bench.sh("cat agent/.git; cat precious"), format!("{before}\nprecious"));
    assert!(collected.notes[0].contains("is restored"), "{:?}", collected.notes);
    bench.sh("git -C agent status");
    assert!(!sprung(&canary));
}

#[test]
fn a_git_file_that_became_a_folder_a_link_or_a_pipe_is_restored() {
    for script in [
        "rm .git; mkdir .git",
        "rm .git; ln -s /etc/passwd .git",
        "rm .git; mkfifo .git",
        "rm .git",
        "truncate -s 1G .git",
    ] {
        let bench = Bench::linked();
        let run = bench.prepare("agent");
        bench.agent(&run, script);
        bench.collect(&run);
        assert!(bench.sh("cat agent/.git").ends_with("/repo/.git/worktrees/agent"), "{script}");
    }
}

#[test]
fn nothing_of_the_agents_is_followed_out_of_its_folders() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.sh("mkdir outside; echo precious > outside/file; git init -q outside/inner");
    bench.agent(&run, "git commit -qm x --allow-empty; ln -s ../outside link; ln -s ../outside/inner/.git deep; ln -s ../outside \"$GIT_DIR/link\"");
    bench.collect(&run);
    crate::git::collect::run_refs::discard(&bench.git, &run).unwrap();
    assert_eq!(bench.sh("cat outside/file; ls -A outside/inner"), "precious\n.git");
}

#[test]
fn an_index_of_the_agents_is_never_the_users() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(&run, "git commit -qm x --allow-empty; b=$(echo evil | git hash-object -w --stdin); git -c core.protectNTFS=false update-index --add --cacheinfo 100755,$b,staged");
    bench.collect(&run);
    assert_eq!(bench.sh("git -C agent ls-files"), "file");
}

#[test]
fn a_variable_of_the_environment_does_not_lead_the_hosts_git_elsewhere() {
    // Cleared for every host command, the user's own choice of configuration files excepted.
    let bench = Bench::linked();
    let cmd = bench.git.in_dir(&bench.path("repo/.git")).to_string();
    for word in ["LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "core.hooksPath=/dev/null", "core.fsmonitor=false", "--git-dir="]
    {
        assert!(cmd.contains(word), "{cmd}");
    }
}

#[test]
fn a_bare_repository_in_the_tree_is_named() {
    let bench = Bench::linked();
    let (_, collected, _) = bench
        .run("agent", "git init -q --bare evil 2>/dev/null || env -u GIT_DIR -u GIT_WORK_TREE git init -q --bare evil");
    assert!(collected.notes.iter().any(|note| note.contains("bare git repository at evil")), "{:?}", collected.notes);
}

#[test]
fn a_bare_repository_of_links_is_named() {
    let bench = Bench::linked();
    let script = "git init -q --bare /tmp/x-$$ ; mkdir evil real; mv /tmp/x-$$/objects /tmp/x-$$/refs real; mv /tmp/x-$$/HEAD evil; ln -s ../real/objects ../real/refs evil; rm -rf /tmp/x-$$";
    let (_, collected, _) = bench.run("agent", &format!("unset GIT_DIR GIT_WORK_TREE; {script}"));
    assert!(collected.notes.iter().any(|note| note.contains("bare git repository at evil")), "{:?}", collected.notes);
}

#[test]
fn a_worktree_that_the_agent_closed_is_opened_again() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(&run, "git commit -qm x --allow-empty; mkdir d; chmod 000 d; chmod 000 .");
    let collected = bench.collect(&run);
    assert_eq!(collected.new_commits, 1);
    assert!(bench.clean("agent"));
}
