//! Work that no merge brings by itself: what it would make of the host's memory, filters and worktrees.

use std::time::{Duration, Instant};

use crate::world::World;

/// Ten trees of ten entries, each the next one: a thousand bytes that are files without end wherever they are counted one by one.
#[test]
fn a_tree_bomb_ends_the_run_with_a_reason_and_can_be_given_up() {
    let world = World::new();
    let script = "t=$(git rev-parse HEAD:); for l in {1..12}; do t=$(for i in {0..9}; do printf '040000 tree %s\\td%s\\n' $t $i; done | git mktree); done
        git update-ref refs/heads/agent-1 $(git commit-tree -m bomb -p HEAD $t)";
    let start = Instant::now();
    let answer = world.run(script).exits(3);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert!(
        answer.stderr.contains(
            "the work has 999999999999 more files, and bn compares or writes at most 1000000; it is kept in "
        ),
        "{answer:#?}"
    );
    world.bn(&["container", "merge", &world.job(), "--accept-handoff"]).exits(3);
    world.assert_on_main("first");
    world.bn(&["container", "discard", "--yes", &world.job()]).exits(0);
}

/// Zeros on a side branch, a few megabytes of objects: what unpacks them spends more than two gigabytes' worth of a processor.
#[test]
fn what_is_much_when_it_is_unpacked_waits_for_the_user_and_can_be_given_up() {
    let world = World::new();
    let script = "git commit -q --allow-empty -m work; truncate -s 2100M /tmp/z; \
        b=$(git -c core.bigFileThreshold=1m hash-object -w /tmp/z); rm /tmp/z; \
        git update-ref refs/heads/side $(git commit-tree -m side $(printf \"100644 blob $b\\tz\" | git mktree))";
    let answer = world.run(script).exits(3);
    let said = "the agent's objects are 2100 MB when they are unpacked, more than 2048 MB";
    assert!(answer.stderr.contains(said), "{answer:#?}");
    assert!(answer.stderr.contains("refused, what the agent committed is kept as it made it"), "{answer:#?}");
    let accept = format!("bn container merge {} --accept-handoff", world.job());
    assert!(answer.stderr.contains(&accept), "{answer:#?}");
    world.assert_on_main("first");
    let kept = world.bn(&["container", "prune"]).exits(0);
    assert!(kept.stdout.contains(said) && kept.stdout.contains(&accept), "{kept:#?}");
    // Asked for, and not looked at.
    world.merge().exits(3);
    world.assert_on_main("first");
    world.bn(&["container", "merge", &world.job(), "--accept-handoff"]).exits(0);
    world.assert_on_main("work");
}

#[test]
fn a_filter_of_the_users_that_the_work_asks_for_runs_only_when_it_is_accepted() {
    let world = World::new();
    let canary = world.path("canary");
    world.shell(&format!("git config --global filter.x.smudge 'touch {}; cat'", canary.display()));
    let script = "echo '* filter=x' > .gitattributes; echo y > y; git add .; git commit -qm filtered";
    let answer = world.run(script).exits(3);
    assert!(answer.stderr.contains(".gitattributes (gives files to your git filter x, "), "{answer:#?}");
    assert!(!canary.exists());
    world.merge().exits(3);
    assert!(!canary.exists());
    // The user has looked at it.
    world.bn(&["container", "merge", &world.job(), "--accept-handoff"]).exits(0);
    assert!(canary.exists());
}

#[test]
fn a_merge_writes_nothing_into_a_worktree_inside_the_main_checkout() {
    let world = World::new();
    world.shell("cd repo; git worktree add -q wt/a -b a; git worktree add -q wt/b -b b; echo wt > .git/info/exclude");
    let script = "mkdir -p wt/b; echo planted > wt/b/planted; git add -f wt/b/planted; git commit -qm planted";
    let answer = world.run_in("wt/a", script).exits(3);
    assert!(answer.stderr.contains("wt/b/planted would be written into another worktree, "), "{answer:#?}");
    assert_eq!(world.shell("ls repo/wt/b; git -C repo/wt/b status --porcelain"), "file");
    world.assert_on_main("first");
}
