//! Named moments at which the tests cut the power: in debug builds `BN_FAILPOINT=<name>` makes `bn` kill itself there.

/// Every moment right after a durable write of a run, in the order in which a run passes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    RecordWritten,
    BaseKept,
    UncommittedKept,
    Pinned,
    DotGitRestored,
    Quarantined,
    WorkTaken,
    RefsTaken,
    BranchMoved,
    HeadMoved,
    IndexMoved,
    TargetMoved,
    PrivateRemoved,
    RefsRemoved,
}

impl Point {
    /// All of them, for the tests that die at each.
    #[allow(dead_code)]
    pub const ALL: &[Point] = &[
        Point::RecordWritten,
        Point::BaseKept,
        Point::UncommittedKept,
        Point::Pinned,
        Point::DotGitRestored,
        Point::Quarantined,
        Point::WorkTaken,
        Point::RefsTaken,
        Point::BranchMoved,
        Point::HeadMoved,
        Point::IndexMoved,
        Point::TargetMoved,
        Point::PrivateRemoved,
        Point::RefsRemoved,
    ];

    /// The name that `BN_FAILPOINT` takes.
    pub fn name(self) -> &'static str {
        match self {
            Point::RecordWritten => "record-written",
            Point::BaseKept => "base-kept",
            Point::UncommittedKept => "uncommitted-kept",
            Point::Pinned => "pinned",
            Point::DotGitRestored => "dot-git-restored",
            Point::Quarantined => "quarantined",
            Point::WorkTaken => "work-taken",
            Point::RefsTaken => "refs-taken",
            Point::BranchMoved => "branch-moved",
            Point::HeadMoved => "head-moved",
            Point::IndexMoved => "index-moved",
            Point::TargetMoved => "target-moved",
            Point::PrivateRemoved => "private-removed",
            Point::RefsRemoved => "refs-removed",
        }
    }
}

/// Dies here, as by `kill -9`, when the environment of a debug build asks for it.
pub fn reached(point: Point) {
    if cfg!(debug_assertions) && crate::env::failpoint().as_deref() == Some(point.name()) {
        // The signal cannot fail against one's own process; nothing after it runs.
        drop(rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL));
    }
}
