//! kill -9 at every moment after a durable write of git's part of a run: the next one to come finishes it.
//!
//! The one that dies is this test program, started again for a single test.

use std::path::Path;

use crate::failpoint::Point;
use crate::git::collect::run_refs;
use crate::git::collect::unpacked::Size;
use crate::git::merge::fast_forward::{MergeOutcome, merge};
use crate::git::private::RunGit;
use crate::git::private::hooks::Inside;
use crate::git::private::prepare::Request;
use crate::git::testing::{Bench, collect_of, git, prepare};
use crate::process::{Cmd, Runner, exit_code};
use crate::untrusted::tree::Tree;

const PREPARING: &[Point] = &[Point::KeptMade, Point::Pinned, Point::UncommittedKept];
const FINISHING: &[Point] = &[
    Point::DotGitRestored,
    Point::Quarantined,
    Point::WorkTaken,
    Point::RefsTaken,
    Point::WorkHandedOver,
    Point::BranchMoved,
    Point::IndexMoved,
    Point::MergeBegun,
    Point::TargetMoved,
    Point::PrivateRemoved,
    Point::RefsRemoved,
];

/// Runs one of the two programs below in the bench's folder, and sees it die.
fn dies(bench: &Bench, program: &str, point: Point) {
    let this = std::env::current_exe().unwrap();
    let cmd = Cmd::new(this).args(["--exact", &format!("git::tests::crash::{program}"), "--ignored"]);
    let cmd = cmd.directory(bench.path("")).env("BN_FAILPOINT", format!("{point:?}"));
    let captured = Runner::ordinary().capture(&cmd).unwrap();
    assert_eq!(exit_code(captured.status), 128 + 9, "{point:?} is not passed: {}{}", captured.text(), captured.stderr);
}

/// The run that the bench's folder remembers, as a new process finds it.
fn remembered() -> (crate::git::host::Git, RunGit) {
    let folder = Path::new(".").canonicalize().unwrap();
    let (checkout, target, start) = serde_json::from_slice(&std::fs::read(folder.join("run.json")).unwrap()).unwrap();
    let run =
        RunGit { run: "run-1".to_owned(), folder: folder.join("runs/run-1"), checkout, target, start, submodule: None };
    (git(&folder.join("home")), run)
}

#[test]
#[ignore = "a program of the tests below"]
fn finisher() {
    let (git, run) = remembered();
    let collected = collect_of(&git, &run, Size::Usual).unwrap();
    merge(&git, &run, &collected).unwrap();
    run_refs::discard(&git, &run).unwrap();
}

#[test]
#[ignore = "a program of the tests below"]
fn preparer() {
    let (git, run) = remembered();
    let (folder, head) = (run.folder.with_file_name("again"), run.checkout.head.clone());
    let (checkout, target, hooks) = (&run.checkout, &run.target, Inside::Run);
    let tree = &Tree::unremembered(&checkout.worktree);
    prepare(
        &git,
        Request { run: "again", folder: &folder, checkout, target, head, hooks, ways: Default::default(), tree },
    )
    .unwrap();
}

fn remember(bench: &Bench, run: &RunGit) {
    std::fs::write(bench.path("run.json"), serde_json::to_vec(&(&run.checkout, &run.target, &run.start)).unwrap())
        .unwrap();
}

#[test]
fn death_at_any_moment_of_the_end_loses_nothing() {
    for worktree in ["agent", "repo"] {
        // In the agent's own checkout git writes no file.
        for &point in FINISHING.iter().filter(|point| worktree != "repo" || **point != Point::MergeBegun) {
            let bench = Bench::linked();
            let run = bench.prepare(worktree);
            remember(&bench, &run);
            let id =
                bench.agent(&run, "echo a > a; git add a; git commit -qm agents; git branch side; git rev-parse HEAD");
            dies(&bench, "finisher", point);
            if run.private().exists() {
                let collected = bench.collect(&run);
                let merged = bench.merge(&run, &collected);
                assert!(matches!(merged, MergeOutcome::Merged { .. }), "{point:?} {merged:?} {collected:?}");
            }
            run_refs::discard(&bench.git, &run).unwrap();
            assert_eq!(bench.sh("git -C repo rev-parse main"), id, "{point:?}");
            assert!(bench.clean("repo") && bench.clean(worktree), "{point:?}");
            assert_eq!(
                bench.sh("git -C repo for-each-ref refs/binnacle; ls runs/run-1; git -C repo fsck --no-dangling 2>&1"),
                ""
            );
        }
    }
}

#[test]
fn death_at_any_moment_of_the_start_leaves_nothing_behind() {
    for &point in PREPARING {
        let bench = Bench::linked();
        bench.sh("echo x > agent/x");
        let run = bench.prepare("agent");
        remember(&bench, &run);
        dies(&bench, "preparer", point);
        run_refs::abandon(&bench.git, &run.checkout.common_dir, "again", &bench.path("runs/again")).unwrap();
        assert_eq!(bench.sh("git -C repo for-each-ref refs/binnacle/runs/again; ls runs/again; cat agent/x"), "x");
        assert!(bench.try_prepare("agent", "again").is_ok(), "{point:?}");
    }
}
