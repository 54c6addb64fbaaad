//! What can be wrong with a repository, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Explain;
use crate::process::{Cmd, ProcessError};
use crate::untrusted::UntrustedError;

#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("no such folder: {path}")]
    NoSuchPath { path: PathBuf, source: io::Error },
    #[error("{path} is not in a git repository")]
    NotARepository { path: PathBuf },
    #[error("git cannot use the repository of {path}: {reason}")]
    Unusable { path: PathBuf, reason: String },
    #[error("{path} is a bare repository: an agent needs files to work on")]
    Bare { path: PathBuf },
    #[error("{path} is inside a git folder, not in a worktree")]
    InGitFolder { path: PathBuf },
    #[error("branch {branch} of {path} has no commit yet")]
    Unborn { path: PathBuf, branch: String },
    #[error("{path} is in the middle of {what}")]
    Unfinished { path: PathBuf, what: &'static str },
    #[error("{path} contains another worktree of the same repository: {other}")]
    ContainsWorktree { path: PathBuf, other: PathBuf },
    #[error("git is configured to run a program from the worktree: {key} = {value}")]
    ProgramInTree { key: String, value: String },
    #[error("git reads configuration from a file of the worktree: {file}")]
    ConfigInTree { file: PathBuf },
    #[error("files here need the git filter {filter} ({example}, for example), which bn does not set up for an agent")]
    NeededFilter { filter: String, example: String },
    #[error("{branch} is checked out in the main checkout of {common_dir}, and git does not know where that is")]
    LostMainCheckout { common_dir: PathBuf, branch: String },
    #[error("{path} is a git-annex repository: content that an agent adds would exist in its run alone")]
    Annex { path: PathBuf },
    #[error("{path} is a symbolic link")]
    DotGitLink { path: PathBuf },
    #[error("{worktree} contains {folder}, a folder of bn that agents must not see")]
    HoldsState { worktree: PathBuf, folder: PathBuf },
    #[error("{path}contains {count} git folders, and bn can hide at most {limit} from the agent")]
    TooManyNested { path: PathBuf, count: usize, limit: usize },
    #[error("there is no branch {wanted}")]
    NoBranch { wanted: String, branches: Vec<String> },
    #[error("{name} is not a legal branch name")]
    BranchName { name: String },
    #[error("branch {name} exists already")]
    BranchExists {
        name: String,
        /// Where a worktree of it was to be.
        wanted: PathBuf,
        /// The checkout that has it.
        place: Option<PathBuf>,
    },
    #[error("{path} exists already")]
    PathExists { path: PathBuf },
    #[error("no branch to merge into was found")]
    NoTarget,
    #[error("another run named {name} has its objects in {folder}")]
    NameTaken { name: String, folder: PathBuf },
    #[error("{name} cannot be part of a ref name")]
    RunName { name: String },
    #[error("the agent's commits in {path} could not be taken over: {reason}")]
    Hostile { path: PathBuf, reason: String },
    #[error("the work has {}, and bn compares or writes at most {limit}", more_files(*.files))]
    TooManyFiles { files: u64, limit: u64 },
    #[error("this git is too old for {what}: that takes git {version}")]
    TooOld { what: &'static str, version: &'static str },
    #[error("git cannot {what}: {reason}")]
    Failed { what: String, reason: String },
    #[error("cannot {what} {path}")]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error(transparent)]
    Untrusted(#[from] UntrustedError),
    #[error(transparent)]
    Process(#[from] ProcessError),
}

impl GitError {
    /// For `map_err`: names what was being done to which path.
    pub fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| GitError::Io { what, path: path.to_owned(), source }
    }
}

impl Explain for GitError {
    fn hints(&self) -> Vec<String> {
        match self {
            GitError::NoSuchPath { path, .. } => {
                vec![format!("make it: bn container run {} --create -b BRANCH", path.display())]
            }
            GitError::NotARepository { .. } => vec![
                "name a checkout: bn container run PATH".to_owned(),
                "or make this one: git init && git commit --allow-empty -m 'Begin'".to_owned(),
            ],
            GitError::Unusable { path, .. } => vec![format!("see what it says: git -C {} status", path.display())],
            GitError::Bare { path } => {
                vec![format!("add a worktree: git -C {} worktree add ../agent-1 -b agent-1", path.display())]
            }
            GitError::InGitFolder { .. } => vec!["name the checkout itself".to_owned()],
            GitError::Unborn { path, .. } => {
                vec![format!("make a first commit: git -C {} commit --allow-empty -m 'Begin'", path.display())]
            }
            GitError::Unfinished { path, .. } => {
                vec![format!("finish or abort it first; git -C {} status says how", path.display())]
            }
            GitError::ContainsWorktree { other, .. } => vec![
                format!("move it elsewhere: git worktree move {} ../NAME", other.display()),
                "or run the agent in a linked worktree: git worktree add ../agent-1 -b agent-1".to_owned(),
            ],
            GitError::ProgramInTree { key, .. } => vec![
                "the agent could rewrite that program, and your own git would run it".to_owned(),
                format!("name a program outside the worktree: git config {key} /absolute/path"),
            ],
            GitError::ConfigInTree { file } => vec![
                "the agent could rewrite that file, and your own git would obey it".to_owned(),
                format!("move {} out of the worktree, or drop the include", file.display()),
            ],
            GitError::NeededFilter { filter, .. } => {
                vec![
                    format!("work on a branch without files of the filter {filter}"),
                    "do not switch the filter off: files would be committed as they are on disk, without their content"
                        .to_owned(),
                ]
            }
            GitError::Annex { .. } => {
                vec!["run the agent in a clone in which git annex init was never called".to_owned()]
            }
            GitError::LostMainCheckout { common_dir, .. } => vec![
                "run bn in that checkout".to_owned(),
                format!("or tell git where it is: git -C {} config core.worktree PATH", common_dir.display()),
            ],
            GitError::DotGitLink { .. } => {
                vec![
                    "use a checkout with a real .git, or add a linked worktree: git worktree add ../agent-1 -b agent-1"
                        .to_owned(),
                ]
            }
            GitError::HoldsState { .. } => vec![
                "run the agent in a linked worktree: git worktree add PATH -b BRANCH".to_owned(),
                "or keep the state elsewhere: XDG_STATE_HOME and XDG_DATA_HOME".to_owned(),
            ],
            GitError::TooManyNested { .. } => vec!["run the agent in a linked worktree without them".to_owned()],
            GitError::NoBranch { branches, .. } => vec![known_branches(branches)],
            GitError::BranchName { .. } => vec!["check a name: git check-ref-format --branch NAME".to_owned()],
            GitError::BranchExists { name, wanted, place } => {
                let there = match place {
                    Some(place) => Cmd::new("bn").args(["container", "run"]).arg(place),
                    None => Cmd::new("git").args(["worktree", "add"]).arg(wanted).arg(name),
                };
                let what = if place.is_some() { "it is checked out, run there" } else { "add a worktree of it" };
                vec!["take another name: -b NAME".to_owned(), format!("or {what}: {there}")]
            }
            GitError::PathExists { .. } => vec!["to use it, leave out --create".to_owned()],
            GitError::NoTarget => vec![
                "name it: run --merge-target BRANCH, or for every command: export BN_MERGE_TARGET=BRANCH".to_owned(),
            ],
            GitError::RunName { .. } | GitError::NameTaken { .. } => vec!["take another --name".to_owned()],
            GitError::Hostile { reason, .. } | GitError::Failed { reason, .. } if is_full(reason) => vec![room()],
            GitError::Hostile { .. } => vec!["the files in the worktree are as the agent left them".to_owned()],
            GitError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                vec![room()]
            }
            GitError::TooOld { .. } => {
                vec!["or rebase the work by hand: git -C WORKTREE rebase BRANCH, and merge again".to_owned()]
            }
            GitError::Failed { .. } | GitError::TooManyFiles { .. } | GitError::Io { .. } => Vec::new(),
            GitError::Untrusted(error) => error.hints(),
            GitError::Process(error) => error.hints(),
        }
    }
}

/// Whether git, in its own words, found no room.
fn is_full(reason: &str) -> bool {
    ["No space left on device", "Disk quota exceeded", "the disk is full"].iter().any(|sign| reason.contains(sign))
}

fn room() -> String {
    "free some space; df -h shows where".to_owned()
}

/// The counting stops at numbers that no disk holds.
fn more_files(files: u64) -> String {
    if files == u64::MAX { "files without end".to_owned() } else { format!("{files} more files") }
}

fn known_branches(branches: &[String]) -> String {
    const SHOWN: usize = 20;
    let shown = branches.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match branches.len() {
        0 => "there are no branches yet".to_owned(),
        count if count > SHOWN => format!("the branches are: {shown} and {} more", count - SHOWN),
        _ => format!("the branches are: {shown}"),
    }
}
