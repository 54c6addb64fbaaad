//! Files that an agent leaves uncommitted in its worktree: no git waits at it, finds a repository in it, or is kept from the work.

use crate::git::merge::fast_forward::MergeOutcome;
use crate::git::testing::Bench;

const NAMES: [&str; 4] = [".gitattributes", ".gitignore", ".gitmodules", ".mailmap"];

#[test]
fn no_git_waits_at_a_pipe_that_it_takes_for_a_file_of_the_tree() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    let pipes = "mkdir d; touch d/x; for f in .gitattributes .gitignore .gitmodules .mailmap d/.gitattributes d/.gitignore; do mkfifo $f; done";
    bench.agent(&run, &format!("git commit -qm x --allow-empty; {pipes}; mkfifo pipe; ln -sf pipe d/.gitmodules"));
    let collected = bench.collect(&run);
    assert_eq!(collected.new_commits, 1);
    for name in NAMES {
        let said =
            format!("{name} was no regular file, and git would wait for it for ever; it is renamed to {name}.binnacle");
        assert!(collected.notes.contains(&said), "{:?}", collected.notes);
    }
    bench.sh("for c in status diff 'add -A' 'log -1' stash; do timeout 10 git -C agent $c; done");
}

#[test]
fn control_git_waits_there() {
    let bench = Bench::linked();
    bench.sh("mkfifo agent/.gitignore; ! timeout 2 git -C agent status");
}

#[test]
fn a_repository_inside_one_that_was_put_aside_is_put_aside_too() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(&run, "mkdir -p a/.git/b/.git/c; touch a/.git/b/.git/c/.git");
    let collected = bench.collect(&run);
    let names =
        ["a/.git.binnacle", "a/.git.binnacle/b/.git.binnacle", "a/.git.binnacle/b/.git.binnacle/c/.git.binnacle"];
    assert_eq!(collected.quarantined, names);
    assert_eq!(bench.sh("find agent -mindepth 2 -name .git"), "");
}

#[test]
fn an_agent_that_took_every_name_beside_its_repository_loses_it_all_the_same() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(
        &run,
        "git commit -qm x --allow-empty; mkdir -p a/.git; cd a; touch .git.binnacle; i=0; while [ $i -lt 10010 ]; do : > .git.binnacle.$i; i=$((i + 1)); done",
    );
    assert_eq!(bench.collect(&run).new_commits, 1);
    assert_eq!(bench.sh("find agent -mindepth 2 -name .git"), "");
}

#[test]
fn a_configuration_to_which_the_users_own_is_a_link_is_not_merged_over() {
    let bench = Bench::linked();
    bench.sh("mkdir repo/dot; mv home/.gitconfig repo/dot/git; ln -s ../repo/dot/git home/.gitconfig; cd repo; git add .; git commit -qm dot; git -C ../agent merge -q main");
    let (_, _, outcome) = bench.run("agent", "echo '[alias] st = !touch /tmp/x' >> dot/git; git commit -qam evil");
    let MergeOutcome::Refused { why } = outcome else { panic!("{outcome:?}") };
    assert_eq!(why, "your git reads its configuration from dot/git");
    assert!(bench.refusal("repo").starts_with("git reads configuration from a file of the worktree: /T/repo/dot/git"));
}

#[test]
fn an_agent_that_ends_on_a_tree_without_end_costs_the_host_no_more_than_a_moment() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    let tree = "t=$(git rev-parse HEAD:); for i in $(seq 12); do t=$(for n in 0 1 2 3 4 5 6 7 8 9; do printf \"040000 tree $t\\t$n\\n\"; done | git mktree); done";
    bench.agent(
        &run,
        &format!("git commit -qm x --allow-empty; {tree}; git update-ref refs/heads/bomb $(git commit-tree -p HEAD -m bomb $t); git symbolic-ref HEAD refs/heads/bomb"),
    );
    let start = std::time::Instant::now();
    let collected = bench.collect(&run);
    assert!(start.elapsed() < std::time::Duration::from_secs(30), "{:?}", start.elapsed());
    assert_eq!(collected.new_commits, 1);
    assert!(
        collected.notes.iter().any(|note| note.contains("the index was not updated to that commit")),
        "{:?}",
        collected.notes
    );
    assert_eq!(bench.sh("git -C agent symbolic-ref HEAD; git -C agent status --porcelain"), "refs/heads/agent");
}
