//! What can go wrong with the graph, and what to do then.

use std::io;
use std::path::PathBuf;

use crate::error::{Explain, FAILED};
use crate::graph::model::id::TaskId;
use crate::graph::model::rights::Rule;
use crate::graph::model::task::{Named, Status};
use crate::graph::remote_error::RemoteError;

/// Exit code when the graph says no: no such task, a cycle, a task that is not open.
pub const REFUSED: u8 = 1;
/// Exit code when somebody else holds the claim.
pub const TAKEN: u8 = 4;

#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    #[error("there is no {what} {id}")]
    Unknown { what: &'static str, id: String },
    /// No task has that id, and these have one that is nearly the same.
    #[error("there is no task {id}")]
    Misspelt { id: String, meant: Vec<TaskId> },
    #[error("{prefix} could be {count} tasks: {candidates}", count = if *.more { format!("more than {}", .candidates.len()) } else { .candidates.len().to_string() }, candidates = ids(.candidates))]
    Ambiguous { prefix: String, candidates: Vec<TaskId>, more: bool },
    #[error("{0}")]
    Invalid(String),
    #[error("{id} was claimed by {holder} {since}{stale}", stale = if *.stale { ", and this claim is stale" } else { "" })]
    Taken { id: TaskId, holder: String, since: String, stale: bool },
    #[error("{id} was claimed by this very session ({session}) {since}")]
    TakenByYou { id: TaskId, session: String, since: String },
    #[error("{id} is {status}, not {wanted}", status = .status.words())]
    WrongStatus { id: TaskId, status: Status, wanted: &'static str },
    #[error("{id} is blocked by {by}", by = names(.by))]
    Blocked { id: TaskId, by: Vec<Named> },
    #[error("{id} cannot be closed: {why}", why = unfinished(.dependencies, .children))]
    Unfinished { id: TaskId, dependencies: Vec<Named>, children: Vec<Named> },
    #[error("{id} is deleted")]
    Deleted { id: TaskId },
    #[error("nothing is ready")]
    NothingReady,
    #[error("{id} cannot be linked to itself")]
    SelfLink { id: TaskId },
    #[error("that would close a cycle: {path}", path = arrows(.path))]
    Cycle { path: Vec<TaskId> },
    #[error("{child} has a parent already: {parent}")]
    HasParent { child: TaskId, parent: TaskId },
    #[error("the session {id} has ended")]
    SessionEnded { id: String },
    #[error("{what}: {rule}")]
    Refused { what: String, rule: Rule },
    #[error("{id} was changed since by {by} ({kind})")]
    ChangedSince { id: TaskId, by: String, kind: &'static str },
    #[error("{what} cannot be undone")]
    NotUndone { what: &'static str, id: Option<TaskId> },
    #[error("line {line}: {message}")]
    Line { line: usize, message: String },
    #[error("{source} (line {line})")]
    AtLine { line: usize, source: Box<GraphError> },
    #[error("operation {number}: {source}")]
    Operation { number: usize, source: Box<GraphError> },

    #[error(transparent)]
    Remote(#[from] RemoteError),
    #[error("the graph at {path} does not answer: the owner of this run has ended")]
    OwnerGone { path: PathBuf, source: io::Error },
    #[error("the owner of this run ended before it answered; it may have made this change or not")]
    CutOff { source: io::Error },
    #[error("bn {host} on the host and bn {here} in this container do not understand each other: {detail}")]
    OtherVersion { host: String, here: String, detail: String },
    #[error("the answer would be larger than {most} MiB, the most that a run gets at once")]
    TooMuch { most: usize },
    #[error("the graph's folder {path} cannot be used")]
    Folder { path: PathBuf, source: io::Error },
    #[error("the graph's folder is not mounted at {path}")]
    NotMounted { path: PathBuf },
    #[error("the graph cannot be stored on {filesystem}: {path}")]
    Filesystem { path: PathBuf, filesystem: &'static str },
    #[error("the graph cannot be written: {path} is read-only for uid {uid}")]
    ReadOnly { path: PathBuf, uid: u32 },
    #[error("the graph {path} was written by a newer bn: it has format {found}, and this one ({program}) knows {known}", program = env!("CARGO_PKG_VERSION"))]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("the graph {path} was written by an older bn: it has format {found}, and this one ({program}) needs {known}", program = env!("CARGO_PKG_VERSION"))]
    Older { path: PathBuf, found: i64, known: i64 },
    #[error("the graph {path} is damaged: {detail}")]
    Damaged { path: PathBuf, detail: String },
    #[error("reading the graph {path} took too long and was stopped")]
    Endless { path: PathBuf },
    #[error("a copy of the graph would take more than {most} MiB")]
    TooLarge { most: u64 },
    #[error("the graph {path} is gone; a copy of it has {tasks} tasks")]
    Gone { path: PathBuf, copy: String, tasks: u64 },
    #[error("the graph {path} is empty; a copy of it has {tasks} tasks")]
    Emptied { path: PathBuf, copy: String, tasks: u64 },
    #[error("{row} cannot be read: {problem}")]
    Unreadable { row: String, problem: String },
    #[error("no space is left for the graph in {path}; nothing was written")]
    Full { path: PathBuf },
    #[error("the graph in {path} stayed busy for {seconds} seconds; nothing was written")]
    Busy { path: PathBuf, seconds: u64 },
    #[error("SQLite {found} is too old to share a graph safely; {needed} is needed")]
    OldSqlite { found: &'static str, needed: &'static str },
    #[error("{path} exists already")]
    Exists { path: PathBuf },
    #[error("cannot {verb} {path}")]
    File { verb: &'static str, path: PathBuf, source: io::Error },
    #[error("the graph's database failed")]
    Sql(#[from] rusqlite::Error),
    #[error("the system gives no random numbers")]
    Random(#[from] getrandom::Error),
}

impl Explain for GraphError {
    fn hints(&self) -> Vec<String> {
        match self {
            GraphError::Operation { source, .. } | GraphError::AtLine { source, .. } => source.hints(),
            GraphError::Remote(told) => told.hints.clone(),
            GraphError::Damaged { path, .. } | GraphError::Endless { path } => damaged_hints(path),
            GraphError::Gone { copy, .. } | GraphError::Emptied { copy, .. } => lost_hints(copy),
            _ => self.hint().into_iter().collect(),
        }
    }

    fn exit_code(&self) -> u8 {
        match self {
            GraphError::Operation { source, .. } | GraphError::AtLine { source, .. } => source.exit_code(),
            GraphError::Remote(told) => told.exit_code,
            GraphError::Taken { .. } | GraphError::TakenByYou { .. } => TAKEN,
            _ if self.is_about_the_store() => FAILED,
            _ => REFUSED,
        }
    }
}

impl GraphError {
    fn is_about_the_store(&self) -> bool {
        use GraphError as E;
        matches!(
            self,
            E::Folder { .. }
                | E::OwnerGone { .. }
                | E::CutOff { .. }
                | E::OtherVersion { .. }
                | E::NotMounted { .. }
                | E::Filesystem { .. }
                | E::ReadOnly { .. }
                | E::Newer { .. }
                | E::Older { .. }
                | E::Damaged { .. }
                | E::Endless { .. }
                | E::TooLarge { .. }
                | E::Unreadable { .. }
                | E::Gone { .. }
                | E::Emptied { .. }
                | E::Full { .. }
                | E::Busy { .. }
                | E::OldSqlite { .. }
                | E::Exists { .. }
                | E::File { .. }
                | E::Sql(_)
                | E::Random(_)
        )
    }

    /// Whether no task was found by what was typed.
    pub fn is_unknown_task(&self) -> bool {
        matches!(self, GraphError::Unknown { what: "task", .. } | GraphError::Misspelt { .. })
    }

    /// The same where the word could have been a session's, too.
    pub fn or_session(self) -> Self {
        match self {
            GraphError::Unknown { what: "task", id } => GraphError::Unknown { what: "task or session", id },
            other => other,
        }
    }

    fn hint(&self) -> Option<String> {
        use GraphError as E;
        Some(match self {
            E::Misspelt { meant, .. } => format!("you may mean: {}", ids(meant)),
            E::Unknown { what: "task", .. } => "`bn task list` and `bn search WORDS` show the ids there are".to_owned(),
            E::Unknown { what: "link", .. } => "`bn link list ID` shows the links there are".to_owned(),
            E::Unknown { .. } => "`bn agent list --all` shows the sessions there are".to_owned(),
            E::Refused { rule, .. } => return rule.hint(),
            E::Ambiguous { .. } => "type more letters of the id".to_owned(),
            E::Taken { id, stale: true, .. } => format!("`bn task claim {id} --take-over` takes it, and records that"),
            E::Taken { .. } => "`bn ready --claim` takes the best task that is free".to_owned(),
            E::TakenByYou { id, .. } => format!("go on with it; `bn task release {id}` gives it back"),
            E::WrongStatus { id, status: Status::Landing, .. } => {
                format!("it is done once the work of its run has landed; `bn task show {id}` names the run")
            }
            E::WrongStatus { id, status: Status::Done | Status::Cancelled, .. } => {
                format!("`bn task reopen {id}` opens it again")
            }
            E::WrongStatus { id, .. } => format!("`bn task show {id}` says more"),
            E::Blocked { id, .. } => format!("finish those first, or `bn task claim {id} --force`"),
            E::Unfinished { id, .. } => format!("finish or cancel those first, or `bn task close {id} --force`"),
            E::Deleted { id } => format!("`bn task undelete {id}` brings it back"),
            E::NothingReady => {
                "`bn blocked` shows what waits, and for what; `bn agent list` who works on what".to_owned()
            }
            E::Cycle { .. } => "remove one of these links first: `bn link rm A B --type TYPE`".to_owned(),
            E::HasParent { child, parent } => format!("`bn link rm {parent} {child} --type parent_of` first"),
            E::ChangedSince { id, .. } => format!("`bn log {id}` shows what came after; change it back by hand"),
            E::NotUndone { id: Some(id), .. } => {
                format!("`bn task show {id}` shows what it is now; `bn task claim {id}` and `bn task reopen {id}` change it")
            }
            E::NotUndone { id: None, .. } => "`bn orient` starts the session again".to_owned(),
            E::SessionEnded { .. } => "`bn orient` starts it again".to_owned(),
            E::OwnerGone { .. } => {
                "on the host, `bn container list` shows this run, and `bn container merge NAME` ends it and keeps its work".to_owned()
            }
            E::CutOff { .. } => {
                "`bn log` shows what was done; on the host, `bn container list` shows whether this run has an owner".to_owned()
            }
            E::OtherVersion { .. } => "build the image again with the bn of the host: bn container build".to_owned(),
            E::TooMuch { .. } => "ask for less with `--limit N`; `bn export` writes all there is".to_owned(),
            E::Folder { .. } => "the folder has to be yours, and writable".to_owned(),
            E::NotMounted { path } => {
                format!("start the container with `bn container run`, which mounts the graph at {}", path.display())
            }
            E::Filesystem { .. } => {
                "set XDG_DATA_HOME to a folder on a local disk: agents share the graph through one kernel's memory"
                    .to_owned()
            }
            E::ReadOnly { path, .. } => format!(
                "make it writable for you: `ls -la {}` shows whose it is; mounted read-only it cannot be used",
                path.display()
            ),
            E::Newer { .. } => {
                "update this bn; in a container: build the image again with `bn container build`".to_owned()
            }
            E::Older { .. } => {
                "run any `bn task` command on the host once: it makes a backup and brings the graph up to date"
                    .to_owned()
            }
            E::Unreadable { .. } => {
                "`bn doctor --fix` sets such rows aside and keeps them in a file; `bn restore` lists the copies there are".to_owned()
            }
            E::Full { .. } => "make room on that disk, and try again".to_owned(),
            E::TooLarge { .. } => {
                "`bn log` shows who filled it; `bn restore` lists the copies there are and puts one back".to_owned()
            }
            E::Busy { .. } => "run it again; `bn agent list` shows who works on the graph".to_owned(),
            E::Exists { .. } => "name a file that does not exist yet".to_owned(),
            E::Sql(_) => "`bn doctor` checks the graph".to_owned(),
            E::Invalid(_)
            | E::SelfLink { .. }
            | E::Remote(_)
            | E::Line { .. }
            | E::Operation { .. }
            | E::AtLine { .. }
            | E::Damaged { .. }
            | E::Gone { .. }
            | E::Emptied { .. }
            | E::Endless { .. }
            | E::OldSqlite { .. }
            | E::File { .. }
            | E::Random(_) => {
                return None;
            }
        })
    }
}

fn damaged_hints(path: &std::path::Path) -> Vec<String> {
    let folder = path.parent().unwrap_or(path).display();
    vec![
        format!("copy the whole folder {folder} to another place before anything else"),
        "then, on the host, `bn restore` lists the copies there are and puts one back; it keeps what it replaces"
            .to_owned(),
    ]
}

fn lost_hints(copy: &str) -> Vec<String> {
    vec![
        format!("`bn restore {copy}` puts that copy back, `bn restore` lists all there are; what is replaced is kept"),
        "`bn restore --anew` begins with an empty graph, and keeps the copies".to_owned(),
    ]
}

fn ids(ids: &[TaskId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<String>>().join(", ")
}

fn arrows(ids: &[TaskId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<String>>().join(" -> ")
}

fn names(tasks: &[Named]) -> String {
    let each = tasks.iter().map(|task| format!("{} ({})", task.id, crate::graph::model::text::line(&task.title, 50)));
    each.collect::<Vec<_>>().join(", ")
}

fn unfinished(dependencies: &[Named], children: &[Named]) -> String {
    let part = |what: &str, tasks: &[Named]| (!tasks.is_empty()).then(|| format!("{what} {}", names(tasks)));
    let parts = [part("it depends on", dependencies), part("it has the unfinished children", children)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}
