//! The folder that was named for a run.

use std::path::{Path, PathBuf};

use crate::env::Env;
use crate::error::Explain;
use crate::process::Cmd;

#[derive(Debug, thiserror::Error)]
pub enum WorktreeError {
    #[error("there is no folder {}", path.display())]
    Missing {
        path: PathBuf,
        /// A program is called so.
        is_program: bool,
    },
    #[error("{} is not a folder", path.display())]
    NoFolder { path: PathBuf },
    #[error("the path {} is not UTF-8, and bn cannot record it", path.display())]
    NotText { path: PathBuf },
}

impl Explain for WorktreeError {
    fn hints(&self) -> Vec<String> {
        let run = || Cmd::new("bn").args(["container", "run"]);
        match self {
            WorktreeError::Missing { path, is_program } => {
                let program =
                    is_program.then(|| format!("to run it in the agent's place: {}", run().arg("--").arg(path)));
                let branch = path.file_name().map(|branch| run().args(["--create", "-b"]).arg(branch).arg(path));
                program.into_iter().chain(branch.map(|create| format!("make it, and its branch: {create}"))).collect()
            }
            WorktreeError::NoFolder { .. } => vec!["name the checkout itself: bn container run PATH".to_owned()],
            WorktreeError::NotText { .. } => vec![
                "give it another name: git worktree move PATH NEWPATH".to_owned(),
                "a main checkout: mv PATH NEWPATH, then git worktree repair in it".to_owned(),
            ],
        }
    }
}

/// The folder of the checkout: what was named, or where one stands.
pub fn existing(named: Option<&Path>, env: &Env) -> Result<PathBuf, WorktreeError> {
    let Some(named) = named else { return Ok(env.directory.clone()) };
    let path = env.directory.join(named);
    match path.is_dir() {
        true => Ok(path),
        false if path.symlink_metadata().is_ok() => Err(WorktreeError::NoFolder { path: named.to_owned() }),
        false => Err(WorktreeError::Missing { path: named.to_owned(), is_program: is_program(named, env) }),
    }
}

/// Refuses paths that cannot be kept in the record of a run.
pub fn refuse_odd_bytes(paths: &[&Path]) -> Result<(), WorktreeError> {
    match paths.iter().find(|path| path.to_str().is_none()) {
        Some(path) => Err(WorktreeError::NotText { path: path.to_path_buf() }),
        None => Ok(()),
    }
}

fn is_program(named: &Path, env: &Env) -> bool {
    named.components().count() == 1 && which::which_in(named, Some(&env.path), &env.directory).is_ok()
}
