//! The moments themselves; the tests read this very list.

macro_rules! points {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A moment right after a durable write of a run.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
        pub enum Point { $($(#[$doc])* $name,)* }

        impl Point {
            /// All of them, in the order in which a run passes them: the tests die at each.
            #[allow(dead_code)]
            pub const ALL: &[Point] = &[$(Point::$name,)*];
        }
    };
}

points! {
    FolderMade,
    RunClaimed,
    /// Passed by runs whose worktree is behind its target.
    CatchUpBegun,
    FilesWritten,
    SecretsWritten,
    /// From here on `ctr` is at work.
    KeptMade,
    PrivateMade,
    Pinned,
    UncommittedKept,
    GitPrepared,
    RunPrepared,
    ContainerStarted,
    SecretsRemoved,
    /// Passed by runs that are detached, as is the next.
    PidRecorded,
    OwnerStarted,
    RunRunning,
    GateOpened,
    /// Passed by runs whose agent asks for a change of the graph, as are the next four.
    RequestRead,
    /// Before the change is on the disk.
    ChangeMade,
    ChangeCommitted,
    /// Of an answer that is sent in more than one piece, the first is gone.
    AnswerBegun,
    AnswerSent,
    /// Passed by runs during which the host's branches move, as is the next.
    PinRenewed,
    ViewPublished,
    /// Passed by `stop`.
    StopRequested,
    EndingRecorded,
    RuntimeRemoved,
    /// Passed by runs whose worktree lost its `.git`.
    DotGitRestored,
    Quarantined,
    ObjectsTaken,
    WorkTaken,
    RefsTaken,
    WorkHandedOver,
    BranchMoved,
    /// Passed by runs whose agent ends on another branch.
    HeadMoved,
    IndexMoved,
    CollectedRecorded,
    /// Passed by runs whose work is checked before it lands, as is the next.
    CheckBegun,
    CheckEnded,
    MergeBegun,
    TargetMoved,
    OutcomeRecorded,
    /// Passed by runs whose agent closed a task and whose work is not merged.
    TasksReopened,
    GraphTold,
    PrivateRemoved,
    WorkRefsRemoved,
    RefsRemoved,
    ContainerRemoved,
    RunEnded,
    /// Passed by runs whose container does not start.
    StartFailed,
    /// Passed by runs whose work could not be collected, or whose container could not be removed.
    CollectFailed,
    /// Passed by runs whose container took a password to remove.
    CleanedUp,
}
