//! git inside, used as everybody uses it: what the agent must be able to do behind the wall.

use crate::running::MEET;
use crate::world::World;

/// Eight commits of which the fifth is bad, found by bisecting; a stash; a worktree whose branch is merged; a gc in the middle of it.
const BEFORE: &str = r#"
set -e
for i in 1 2 3 4 5 6 7 8; do echo $i > n; git add n; git commit -qm "n $i"; done
git bisect start HEAD HEAD~8 > /dev/null
git bisect run sh -c '! [ -e n ] || [ $(cat n) -lt 5 ]' | grep 'first bad commit'
git log -1 --format='bad: %s' refs/bisect/bad
git bisect reset 2> /dev/null

echo more >> file; echo new > fresh; git stash -q -u; git status --porcelain; git stash pop -q; cat fresh
git add -A; git commit -qm both; git commit -q --amend -m amended

git worktree add -q /tmp/side -b side HEAD~3
(cd /tmp/side; echo side > side; git add side; git commit -qm side)
git worktree list | wc -l
git worktree remove /tmp/side
git merge -q --no-edit side
git revert --no-edit HEAD~1 > /dev/null
git cherry-pick HEAD~2 > /dev/null
git gc -q
git fsck --no-progress --no-dangling
"#;

/// Onto what the host committed in the meantime.
const AFTER: &str = r#"
git fetch -q host
git rebase -q host/main
git log -1 --format='under it: %s' HEAD~$(git rev-list --count host/main..)
git gc -q --prune=now
git fsck --no-progress --no-dangling
echo later > later; git stash -q -u
git blame -s n | cut -d' ' -f2-
git status --porcelain --branch
"#;

#[test]
fn commit_bisect_stash_worktrees_gc_and_a_rebase_onto_the_live_target() {
    let world = World::new();
    let running = world.start(&["--name", &world.job()], &format!("{BEFORE}\n{MEET}\n{AFTER}"));
    running.meet();
    world.shell("echo x > repo/live; git -C repo add live; git -C repo commit -qm live");
    // The host's branches are shown to the agent every two seconds.
    std::thread::sleep(std::time::Duration::from_secs(3));
    let answer = running.go_on().exits(0);
    let said: Vec<&str> = answer.stdout.lines().collect();
    for line in ["bad: n 5", "new", "2", "under it: live", "1) 8", "## agent-1"] {
        assert!(said.contains(&line), "{line}: {answer:#?}");
    }
    assert_eq!(world.outcome(), "merged");
    assert_eq!(world.shell("cat repo/side repo/live repo/fresh"), "side\nx\nnew");
    world.git("fsck --no-progress --no-dangling");
    assert_eq!(world.git("status --porcelain"), "");
    let kept = world.kept("for-each-ref --format='%(refname)' refs/binnacle");
    // What is on main by another commit or not at all: the branch before it was rebased, and the stash.
    assert!(kept.contains("/heads/1") && kept.contains("/stash/0"), "{kept}");
}

#[test]
fn a_hook_whose_program_the_image_lacks_is_named_first_and_can_be_left_out() {
    let world = World::new();
    world.shell(
        "mkdir -p repo/.git/hooks; printf '#!/bin/sh\\nset -e\\nexec no-such-linter run\\n' > repo/.git/hooks/pre-commit; \
         chmod +x repo/.git/hooks/pre-commit",
    );
    let commit = "echo agent-begins >&2; echo x > x; git add x; git commit -q -m x || { echo refused; exit 1; }";
    let said = "binnacle: your hook pre-commit runs no-such-linter, which the image does not have: it will fail; \
                --no-hooks leaves your hooks out";
    let answer = world.agent(&["--no-merge"], commit).exits(1);
    let all = format!("{}{}", answer.stdout, answer.stderr);
    let (named, begun) = (all.find(said), all.find("agent-begins"));
    assert!(named.is_some() && begun.is_some(), "{all}");
    assert_eq!(all.matches("your hook pre-commit runs").count(), 1, "{all}");
    assert!(answer.stdout.contains("refused"), "{all}");
    world.shell("git -C agent-1 checkout -q -f; git -C agent-1 reset -q --hard");
    let answer = world.agent(&["--no-hooks"], commit).exits(0);
    assert!(!format!("{}{}", answer.stdout, answer.stderr).contains("no-such-linter"), "{answer:?}");
    world.assert_on_main("x");
}

#[test]
fn the_users_refs_show_nothing_of_a_run_and_garbage_collection_takes_nothing_from_it() {
    let world = World::new();
    let refs = "rm -rf mirror; git init -q --bare mirror; git -C repo push -q --mirror ../mirror; git -C mirror for-each-ref --format='%(refname)'; git -C repo log --all --format=%s";
    world.shell("echo mine > agent-1/mine");
    let before = world.shell(refs);
    let script = format!(
        "git branch side; echo a > a; git add a; git commit -qm one; {MEET}; echo b > b; git add b; git commit -qm two"
    );
    let run = world.start(&["--name", &world.job()], &script);
    run.meet();
    assert_eq!(world.shell(refs), before);
    world.git("reflog expire --expire=now --all");
    world.git("gc -q --prune=now");
    run.go_on().exits(0);
    world.assert_on_main("two");
    world.git("gc -q --prune=now");
    assert_eq!(world.shell(refs), format!("{}\n{}", before.replace("\nfirst", ""), "two\none\nfirst"));
    world.bn(&["container", "prune"]).exits(0);
    assert_eq!(world.shell("find repo/.git -name binnacle -o -name '*.keep'"), "");
}
