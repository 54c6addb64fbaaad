//! Named moments at which the tests cut the power: in debug builds `BN_FAILPOINT=<name>` makes `bn` kill itself there.

macro_rules! points {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A moment right after a durable write of a run.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Point { $($(#[$doc])* $name,)* }

        impl Point {
            /// All of them, in the order in which a run passes them: the tests die at each.
            #[allow(dead_code)]
            pub const ALL: &[Point] = &[$(Point::$name,)*];
        }
    };
}

points! {
    RunClaimed,
    BaseKept,
    UncommittedKept,
    Pinned,
    GitPrepared,
    RunPrepared,
    ContainerStarted,
    SecretsRemoved,
    PidRecorded,
    RunRunning,
    GateOpened,
    EndingRecorded,
    DotGitRestored,
    Quarantined,
    WorkTaken,
    RefsTaken,
    BranchMoved,
    HeadMoved,
    IndexMoved,
    CollectedRecorded,
    TargetMoved,
    OutcomeRecorded,
    GraphTold,
    PrivateRemoved,
    RefsRemoved,
    RunEnded,
    /// Passed by runs whose container does not start.
    StartFailed,
    /// Passed by runs whose work could not be collected.
    CollectFailed,
    /// Passed by runs whose container took a password to remove.
    CleanedUp,
}

/// Dies here, as by `kill -9`, when the environment of a debug build asks for it.
pub fn reached(point: Point) {
    if cfg!(debug_assertions) && crate::env::failpoint().is_some_and(|name| name == format!("{point:?}")) {
        // The signal cannot fail against one's own process; nothing after it runs.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}
