//! `bn` dies by kill -9 after each durable write of a run. What it was doing shows, the next command finishes it, no
//! commit is lost, and the worktree can be used again.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use crate::machine::{files_with, running};
use crate::point::Point;
use crate::scene;
use crate::world::{Answer, World, answer, wait_for};

/// A token that no crash may leave behind.
const CANARY: &str = "canary-of-a-crash";

/// A run in which `bn` dies at one point.
pub struct Crash {
    pub world: World,
    pub name: String,
    pub point: Point,
    pub detached: bool,
}

impl Crash {
    fn new(point: Point, detached: bool) -> Self {
        let world = scene::world(point);
        let name = world.unique("crash");
        Self { world, name, point, detached }
    }

    /// `bn`, which dies when it comes to the point.
    pub fn doomed(&self, args: &[&str]) -> Command {
        let mut command = scene::on_path(&self.world, self.world.bn_command(args));
        command.env("BN_FAILPOINT", format!("{:?}", self.point)).env("GH_TOKEN", CANARY);
        command
    }

    fn start(&self) -> Child {
        let image = crate::world::image();
        let mut args = vec!["container", "run", "--tag", &image, "--name", &self.name, "../agent-1"];
        args.extend(self.detached.then_some("--detach"));
        let script = scene::script(self.point);
        args.extend(["--", "bash", "-c", &script]);
        let mut command = self.doomed(&args);
        // The owner of a detached run must not keep a pipe of ours open.
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// What the agent said it had committed.
    pub fn commits(&self) -> Vec<String> {
        let log = self.world.bn(&["container", "logs", &self.name]).stdout;
        log.lines().filter_map(|line| line.strip_prefix("commit=")).map(str::to_owned).collect()
    }

    pub fn status(&self) -> String {
        self.world.row(&self.name)["status"].as_str().unwrap().to_owned()
    }

    /// The run goes as far as the point, and `bn` is dead.
    fn happens(&self) {
        scene::before(self);
        let mut child = self.start();
        scene::during(self);
        let status = child.wait().unwrap();
        let in_the_foreground = !self.detached || self.point < Point::RunRunning;
        if scene::dies_in(self.point) == "run" && in_the_foreground {
            assert_eq!(status.signal(), Some(9), "bn did not come to {:?}: {status}", self.point);
        }
        if self.detached {
            let held = ["preparing", "starting", "running", "collecting"];
            wait_for("the owner's end", || !held.contains(&self.status().as_str()));
        }
        scene::after(self);
    }

    fn is_shown(&self) {
        let rows = self.world.list();
        let row = rows.iter().find(|row| row["name"] == self.name);
        let status = row.map_or("", |row| row["status"].as_str().unwrap());
        let expected = scene::statuses(self.point);
        assert!(expected.contains(&status), "{:?}: {status:?} is none of {expected:?}", self.point);
        let left = files_with(CANARY, &[self.world.root()]);
        assert!(left.is_empty(), "{:?}: the next command left a secret in {left:?}", self.point);
    }

    fn is_finished(&self) {
        // The agent of one point fails, and its work is merged by wish alone.
        let wish = (self.point == Point::TasksReopened).then_some("--yes");
        let words = ["container", scene::verb(self.point), &self.name];
        let finished = self.world.bn(&words.into_iter().chain(wish).collect::<Vec<_>>());
        if self.point == Point::FolderMade {
            assert!(finished.stderr.contains(&format!("no run is called {}", self.name)), "{finished:?}");
        } else {
            finished.exits(0);
            let status = self.status();
            let ended = ["exited", "killed", "stopped", "start-failed"].iter().any(|word| status.starts_with(word));
            assert!(ended, "{:?} ended as {status}", self.point);
        }
        self.world.assert_nothing_runs(&self.name);
        assert_eq!(self.world.git("for-each-ref refs/binnacle"), "", "{:?}", self.point);
        let left = running(&[&self.name]);
        assert!(left.is_empty(), "{left:?}");
    }

    fn lost_nothing(&self) {
        let commits = self.commits();
        assert!(self.point < Point::PinRenewed || self.point == Point::StartFailed || !commits.is_empty());
        for commit in &commits {
            self.world.git(&format!("cat-file -e {commit}^{{commit}}"));
        }
        if scene::is_merged(self.point) {
            assert_eq!(self.world.git("log -1 --format=%s main"), "two", "{:?}", self.point);
        }
        self.world.git("fsck --no-dangling --connectivity-only");
    }

    fn can_go_on(&self) {
        let script = format!("{}commit again", scene::COMMIT);
        let answered: Answer = self.world.agent(&["--name", &self.world.unique("again")], &script);
        answered.exits(scene::exit_of_the_next_run(self.point));
    }
}

/// Every one of the points that the filter wants.
fn dies_at_each(detached: bool, wanted: impl Fn(Point) -> bool) {
    for point in Point::ALL.iter().copied().filter(|point| wanted(*point) && scene::is_passed(*point, detached)) {
        let crash = Crash::new(point, detached);
        crash.happens();
        crash.is_shown();
        crash.is_finished();
        crash.lost_nothing();
        // The files of a detached run are no others.
        if !detached {
            crash.can_go_on();
        }
    }
}

#[test]
fn while_it_prepares() {
    dies_at_each(false, |point| point < Point::ContainerStarted);
}

#[test]
fn while_it_starts() {
    dies_at_each(false, |point| (Point::ContainerStarted..Point::EndingRecorded).contains(&point));
}

#[test]
fn while_it_collects() {
    dies_at_each(false, |point| (Point::EndingRecorded..Point::IndexMoved).contains(&point));
}

#[test]
fn while_it_merges_and_tidies_up() {
    dies_at_each(false, |point| (Point::IndexMoved..Point::StartFailed).contains(&point));
}

#[test]
fn where_something_failed() {
    dies_at_each(false, |point| point >= Point::StartFailed);
}

#[test]
fn detached_while_it_runs() {
    dies_at_each(true, |point| (Point::OwnerStarted..Point::DotGitRestored).contains(&point));
}

#[test]
fn detached_while_it_finishes() {
    dies_at_each(true, |point| (Point::DotGitRestored..Point::StartFailed).contains(&point));
}

/// A doomed command that has to die.
#[track_caller]
pub fn dies(command: &mut Command) {
    let output = command.output().unwrap();
    assert_eq!(output.status.signal(), Some(9), "{:#?}", answer(output));
}
