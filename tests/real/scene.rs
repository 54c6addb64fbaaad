//! What a run must be like to come to a certain point, and what is to be seen after a death there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::crash::{Crash, dies};
use crate::point::Point;
use crate::world::{User, World, wait_for};

/// Commits a file of its own, and says so.
pub const COMMIT: &str = r#"set -e
commit() { echo "$1" > "$1"; git add "$1"; git commit -qm "$1"; echo "commit=$(git rev-parse HEAD)"; }
"#;
const WORK: &str = "commit one; git switch -qc side; commit side; git switch -q agent-1; commit two\n";
/// Until the test lets the agent go on.
const WAIT: &str = "echo waiting; until [[ -e go-on ]]; do sleep 0.05; done\n";

pub fn world(point: Point) -> World {
    World::of(if point == Point::CleanedUp { User::Passwordless } else { User::Me })
}

/// What the agent does.
pub fn script(point: Point) -> String {
    let end = match point {
        Point::PinRenewed | Point::ViewPublished | Point::StopRequested | Point::DotGitRestored => WAIT,
        Point::HeadMoved => "git switch -qc later; commit three\n",
        Point::TasksReopened => "bn task close $(bn task list --json | jq -r '.. | .id? // empty' | head -1); exit 7\n",
        _ => "",
    };
    let claim = match point {
        Point::TasksReopened => "bn task claim $(bn ready --json | jq -r '.. | .id? // empty' | head -1)\n",
        _ => "",
    };
    format!("{COMMIT}{claim}{WORK}{end}")
}

/// Whether a run comes to the point, in the terminal or detached.
pub fn is_passed(point: Point, detached: bool) -> bool {
    match point {
        Point::PidRecorded | Point::OwnerStarted | Point::StopRequested => detached,
        // Their scenes are in graph_kills.rs.
        // Theirs are in checks.rs.
        Point::CheckBegun | Point::CheckEnded => false,
        point if (Point::RequestRead..=Point::AnswerSent).contains(&point) => false,
        _ => true,
    }
}

/// Which command it is that dies.
pub fn dies_in(point: Point) -> &'static str {
    match point {
        Point::StopRequested => "stop",
        Point::CleanedUp => "merge",
        _ => "run",
    }
}

pub fn before(crash: &Crash) {
    crash.world.shell("echo mine > agent-1/uncommitted");
    match crash.point {
        Point::TasksReopened => drop(crash.world.bn(&["task", "create", "Add a greeting"]).exits(0)),
        Point::StartFailed => {
            program(&crash.world, "runc", UNLIMITED);
            // It has a PATH of its own.
            program(&crash.world, "sudo", UNLIMITED);
        }
        Point::CleanedUp => program(&crash.world, "sudo", REFUSAL),
        Point::CatchUpBegun => {
            drop(crash.world.shell("cd repo && echo main > ahead && git add ahead && git commit -qm ahead"))
        }
        Point::CollectFailed => program(&crash.world, "git", FULL),
        _ => {}
    }
}

/// runc that sets no limit, also behind sudo.
const UNLIMITED: &str = r#"[[ " $0 $*" =~ [/\ ]runc\ .*update ]] && exit 1"#;

/// sudo with a ticket that has run out.
const REFUSAL: &str =
    r#"[[ -e $here/locked && "$*" == *" rm "* ]] && { echo "sudo: a password is required" >&2; exit 1; }"#;

/// git that finds no room as soon as the agent's commits are counted.
const FULL: &str = r#"[[ -e $here/locked && "$*" == *" rev-list --count "* ]] && { echo "fatal: No space left on device" >&2; exit 128; }"#;

/// Puts a program in front of the real one of that name.
fn program(world: &World, name: &str, line: &str) {
    let real = world.shell(&format!("command -v {name}"));
    let path = world.path(name);
    fs::write(&path, format!("#!/bin/bash\nhere=\"${{0%/*}}\"\n{line}\nexec {real} \"$@\"\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    world.shell("touch locked");
}

/// The world's own programs first.
pub fn on_path(world: &World, mut command: Command) -> Command {
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", world.root().display()));
    command
}

pub fn during(crash: &Crash) {
    let world = &crash.world;
    let waits = || world.bn(&["container", "logs", &crash.name]).stdout.contains("waiting");
    match crash.point {
        Point::PinRenewed | Point::ViewPublished => {
            wait_for("the agent", waits);
            let commit = world.git("commit-tree -m other -p HEAD HEAD^{tree}");
            world.git(&format!("update-ref refs/heads/other {commit}"));
        }
        Point::DotGitRestored => {
            wait_for("the agent", waits);
            world.shell("mv agent-1/.git old && echo 'gitdir: /nowhere' > agent-1/.git && touch agent-1/go-on");
        }
        Point::StopRequested => {
            wait_for("the agent", waits);
            dies(&mut crash.doomed(&["container", "stop", &crash.name]));
            crash.world.bn(&["container", "stop", &crash.name]).exits(0);
        }
        _ => {}
    }
}

/// Once `bn` is dead.
pub fn after(crash: &Crash) {
    match crash.point {
        Point::CleanedUp => {
            crash.world.shell("rm locked");
            dies(&mut crash.doomed(&["container", "merge", &crash.name]));
        }
        Point::CollectFailed => drop(crash.world.shell("rm locked")),
        // The agent goes on alone, as far as it comes without a way out of its container.
        Point::GateOpened => wait_for("the agent's end", || crash.status() == "interrupted"),
        _ => {}
    }
}

/// What `list` may say.
pub fn statuses(point: Point) -> &'static [&'static str] {
    match point {
        Point::FolderMade => &[""],
        Point::PinRenewed | Point::ViewPublished => &["unowned"],
        Point::OwnerStarted | Point::RunEnded | Point::CleanedUp => &["exited (0)"],
        Point::StopRequested => &["stopped"],
        Point::StartFailed => &["start-failed"],
        Point::CollectFailed => &["collect-failed"],
        // The container comes up meanwhile.
        point if (Point::KeptMade..Point::ContainerStarted).contains(&point) => &["interrupted", "unowned"],
        point if (Point::ContainerStarted..Point::GateOpened).contains(&point) => &["unowned"],
        _ => &["interrupted"],
    }
}

/// The command that finishes the run.
pub fn verb(point: Point) -> &'static str {
    if point == Point::StopRequested { "stop" } else { "merge" }
}

/// The agent had done all its work.
pub fn is_merged(point: Point) -> bool {
    point >= Point::EndingRecorded && point != Point::StartFailed
}

pub fn exit_of_the_next_run(_: Point) -> i32 {
    0
}
