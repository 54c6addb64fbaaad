//! A run ends even if its work could not be taken over, and one file can keep all of it.

use crate::git::collect::bundle::{self, Source};
use crate::git::collect::collected::BranchOutcome;
use crate::git::collect::run_refs;
use crate::git::testing::Bench;

/// The agent's branch ends in an object that git takes over from nobody.
const BAD: &[&str] = &[
    // A zero byte in a header.
    "t=$(git rev-parse HEAD^{tree}); c=$(printf 'tree %s\\nparent %s\\nauthor a <a> 0 +0000\\ncommitter a\\0a <a> 0 +0000\\n\\nbad\\n' $t $(git rev-parse HEAD) | git hash-object -t commit -w --literally --stdin); git update-ref refs/heads/agent $c",
    "b=$(echo evil | git hash-object -w --stdin); t=$(printf \"100644 blob $b\\t.git\\n\" | git mktree); git update-ref refs/heads/agent $(git commit-tree -p HEAD -m bad $t)",
];

#[test]
fn a_bad_object_ends_the_run_and_takes_nothing_else_with_it() {
    for bad in BAD {
        let bench = Bench::linked();
        let run = bench.prepare("agent");
        bench.agent(
            &run,
            &format!("git switch -qc side; git commit -qm side --allow-empty; git switch -q agent; {bad}"),
        );
        let collected = bench.collect(&run);
        assert!(matches!(collected.branch, BranchOutcome::GitLost { .. }) && !collected.complete, "{collected:?}");
        assert_eq!(bench.sh("git -C runs/run-1/kept.git log -1 --format=%s refs/binnacle/runs/run-1/heads/1"), "side");
        assert_eq!(bench.sh("git -C agent rev-parse HEAD"), run.base());

        let file = bench.path("rest.bundle");
        assert!(bundle::create(&bench.git, &run, Source::All, &file).unwrap());
        run_refs::abandon(&bench.git, &run.checkout.common_dir, "run-1", &run.folder).unwrap();
        assert_eq!(bench.sh("git -C repo for-each-ref refs/binnacle"), "");
        bench.sh(&format!("git -C repo fetch -q {} 'refs/binnacle/runs/run-1/*:refs/heads/back/*'", file.display()));
        assert_eq!(
            bench.sh("git -C repo log -1 --format=%s back/work; git -C repo log -1 --format=%s back/heads/1"),
            "bad\nside"
        );
    }
}

#[test]
fn a_run_without_commits_has_no_bundle() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    let file = bench.path("rest.bundle");
    assert!(!bundle::create(&bench.git, &run, Source::All, &file).unwrap() && !file.exists());
    assert!(!run.taken().exists());
}
