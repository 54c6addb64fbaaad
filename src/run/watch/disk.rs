//! Keeps a run from filling the host's disks, in a thread of its own. It looks at the free space all the time, which is cheap;
//! it measures what the run itself has written only when so much is gone that the run may have taken too much.

use std::collections::HashSet;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::fs::{StatVfs, fstat, fstatvfs, statvfs};

use crate::run::engine::process::Watched;
use crate::run::record::folder::Folder;
use crate::run::record::run_json::RunSpec;
use crate::run::watch::wall;
use crate::run::watch::written::{self, Bounds, Tree};
use crate::untrusted::nofollow;

/// How fast a disk may fill up, at worst, in bytes a second: the next look is before it can be too late.
const PACE: u64 = 4 << 30;
const SOONEST: Duration = Duration::from_millis(50);
const LATEST: Duration = Duration::from_secs(2);
/// A run ends when less than this part of what was free is left, whoever took it: bn needs room to keep the work, and so do you.
const KEPT_FREE: u64 = 8;
/// What is measured again only after this part of the budget more is gone.
const STEP: u64 = 16;

/// Why a run has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It wrote more than it may.
    TooMuch,
    /// Hardly anything is left, whoever took it.
    AlmostFull,
}

/// A file system that a run can write to.
#[derive(Debug)]
struct Disk {
    folder: OwnedFd,
    at_start: Free,
}

impl Disk {
    fn is_almost_full(&self) -> io::Result<bool> {
        Ok(Free::of(&self.folder)?.is_almost_gone(self.at_start))
    }
}

/// Bytes and names that an ordinary user may still take. A file system without a fixed number of names has 0.
#[derive(Clone, Copy, Debug)]
struct Free {
    bytes: u64,
    names: u64,
}

impl From<StatVfs> for Free {
    fn from(found: StatVfs) -> Self {
        Self { bytes: found.f_bavail.saturating_mul(found.f_frsize), names: found.f_favail }
    }
}

impl Free {
    fn of(folder: &OwnedFd) -> io::Result<Self> {
        Ok(fstatvfs(folder)?.into())
    }

    fn is_almost_gone(self, at_start: Self) -> bool {
        self.bytes < at_start.bytes / KEPT_FREE || self.names < at_start.names / KEPT_FREE
    }
}

/// Watches the disks of a run until it ends. A container that writes too much is killed at once.
#[derive(Debug)]
pub struct Guard {
    end: Sender<()>,
    thread: JoinHandle<io::Result<Option<Verdict>>>,
}

impl Guard {
    /// `pid` is the container's first process, and `watched` stands for it.
    pub fn start(spec: &RunSpec, folder: &Folder, pid: u32, watched: &Watched) -> io::Result<Self> {
        let watched = watched.again()?;
        let mut disks = Disks::new(spec, folder, pid)?;
        let (end, ended) = channel();
        let watch = move || loop {
            let pause = match disks.look(pid)? {
                CopyState::Again(pause) => pause,
                CopyState::End(_) if watched.ends_within(Duration::ZERO)? => return Ok(None),
                CopyState::End(verdict) => return watched.kill().map(|()| Some(verdict)),
            };
            if ended.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected) {
                return Ok(None);
            }
        };
        let thread = std::thread::Builder::new().name("disk".to_owned()).spawn(watch)?;
        Ok(Self { end, thread })
    }

    /// Whether it had to end the run.
    pub fn verdict(self) -> io::Result<Option<Verdict>> {
        drop(self.end);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that watched died")))
    }
}

/// The disks of one run, as they were at its start.
#[derive(Debug)]
struct Disks {
    disks: Vec<Disk>,
    trees: Vec<Tree>,
    allowed: u64,
    since: i64,
    /// How much may be gone before what the run wrote is measured again.
    measure_at: u64,
}

enum CopyState {
    /// All is well for this long.
    Again(Duration),
    End(Verdict),
}

impl Disks {
    fn new(spec: &RunSpec, folder: &Folder, pid: u32) -> io::Result<Self> {
        let trees = trees(spec, folder, pid);
        let disks = disks(trees.iter().map(|tree| &tree.root))?;
        let allowed = spec.limits.disk;
        Ok(Self { disks, trees, allowed, since: crate::env::now().timestamp(), measure_at: allowed })
    }

    fn look(&mut self, pid: u32) -> io::Result<CopyState> {
        let (mut gone, mut room) = (0u64, u64::MAX);
        for disk in &self.disks {
            let free = Free::of(&disk.folder)?;
            if free.is_almost_gone(disk.at_start) {
                return Ok(CopyState::End(Verdict::AlmostFull));
            }
            // The container's layer mostly lies on the disk of the worktree: a sum would count that one twice.
            gone = gone.max(disk.at_start.bytes.saturating_sub(free.bytes));
            room = room.min(free.bytes - disk.at_start.bytes / KEPT_FREE);
        }
        if gone > self.measure_at {
            // What nobody can measure is the run's.
            let pids = wall::pids(pid).ok();
            let is_room = || self.disks.iter().all(|disk| disk.is_almost_full().is_ok_and(|almost| !almost));
            let bounds = Bounds { enough: self.allowed, go_on: &is_room };
            let measured = pids.and_then(|pids| written::since(self.since, &self.trees, &pids, bounds));
            if measured.is_none() && !is_room() {
                return Ok(CopyState::End(Verdict::AlmostFull));
            }
            let written = measured.unwrap_or(gone).min(gone);
            if written > self.allowed {
                return Ok(CopyState::End(Verdict::TooMuch));
            }
            self.measure_at = gone + (self.allowed - written).max(self.allowed / STEP);
        }
        Ok(CopyState::Again(pause(room.min(self.measure_at - gone))))
    }
}

/// How long nothing bad can happen, with so many bytes to go.
fn pause(bytes: u64) -> Duration {
    Duration::from_millis(bytes / (PACE / 1000)).clamp(SOONEST, LATEST)
}

/// Bytes that are free where these folders are, on the fullest of their disks. What does not exist yet will be on the disk of the
/// folder above it.
pub fn free(folders: &[&Path]) -> io::Result<u64> {
    let there = folders.iter().filter_map(|folder| folder.ancestors().find(|path| path.is_dir()));
    let mut least = u64::MAX;
    for folder in there {
        least = least.min(Free::from(statvfs(folder)?).bytes);
    }
    Ok(least)
}

fn trees(spec: &RunSpec, folder: &Folder, pid: u32) -> Vec<Tree> {
    let whole = |root: &Path| Tree { root: root.to_owned(), except: None };
    let worktree = Tree { root: spec.checkout.worktree.clone(), except: Some(".git") };
    // Without a capability, an agent still writes to what the image gives to its uid, or to everybody: the container's layer.
    let image = PathBuf::from(format!("/proc/{pid}/root/."));
    let mut trees = vec![worktree, whole(folder.path()), whole(&image)];
    trees.extend(spec.lasting().chain(spec.writable_mounts().map(|mount| mount.source.as_path())).map(whole));
    // What is brought by way of the owner is bounded there.
    if !spec.graph_access.is_served() {
        trees.push(whole(&spec.graph));
    }
    trees
}

fn disks<'a>(folders: impl Iterator<Item = &'a PathBuf>) -> io::Result<Vec<Disk>> {
    let (mut disks, mut seen) = (Vec::new(), HashSet::new());
    for folder in folders {
        let folder = nofollow::open_folder(folder)?;
        if seen.insert(fstat(&folder)?.st_dev) {
            disks.push(Disk { at_start: Free::of(&folder)?, folder });
        }
    }
    Ok(disks)
}
