//! Named moments at which the tests cut the power: in debug builds `BN_FAILPOINT=<name>` makes `bn` kill itself there.

/// Every moment right after a durable write of a run, in the order in which a run passes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    RecordWritten,
}

impl Point {
    /// All of them, for the tests that die at each.
    #[allow(dead_code)]
    pub const ALL: &[Point] = &[Point::RecordWritten];

    /// The name that `BN_FAILPOINT` takes.
    pub fn name(self) -> &'static str {
        match self {
            Point::RecordWritten => "record-written",
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
