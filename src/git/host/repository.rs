//! Which repository a folder belongs to.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::git::host::git::{complaint, os};
use crate::git::host::{Git, GitError, worktrees};
use crate::path_json;

/// A repository as the host knows it, without any one of its checkouts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// Holds the objects and refs that all worktrees share.
    #[serde(with = "path_json")]
    pub common_dir: PathBuf,
    /// The first entry of `git worktree list`: a bare repository's own folder where there is no main checkout.
    #[serde(with = "path_json")]
    pub main_worktree: PathBuf,
    /// sha1 or sha256.
    pub object_format: String,
}

/// Where git says a folder belongs.
pub struct Place {
    pub git_dir: PathBuf,
    pub bare: bool,
    pub inside_work_tree: bool,
    /// From the folder up to the top of its checkout: `../`, once for each step, or nothing.
    pub above: PathBuf,
    pub repository: Repository,
}

/// The repository of a folder, a bare one too.
pub fn resolve(git: &Git, folder: &Path) -> Result<Repository, GitError> {
    place(git, &existing(folder)?).map(|place| place.repository)
}

/// The canonical path of a folder that has to be there.
pub fn existing(folder: &Path) -> Result<PathBuf, GitError> {
    let missing = |source| GitError::NoSuchPath { path: folder.to_owned(), source };
    let path = folder.canonicalize().map_err(missing)?;
    // A file is no worktree, however real it is.
    std::fs::read_dir(&path).map_err(missing)?;
    Ok(path)
}

pub fn place(git: &Git, folder: &Path) -> Result<Place, GitError> {
    let [git_dir, common_dir, bare, inside_work_tree, object_format, above] = facts(git, folder)?;
    let common_dir = canonical(Path::new(os(&common_dir)))?;
    let main_worktree = worktrees::main(git, &common_dir)?;
    let object_format = String::from_utf8_lossy(&object_format).into_owned();
    Ok(Place {
        git_dir: canonical(Path::new(os(&git_dir)))?,
        bare: bare == b"true",
        inside_work_tree: inside_work_tree == b"true",
        above: PathBuf::from(os(&above)),
        repository: Repository { common_dir, main_worktree, object_format },
    })
}

/// What git knows of a folder.
const FACTS: [&str; 6] = [
    "--git-dir",
    "--git-common-dir",
    "--is-bare-repository",
    "--is-inside-work-tree",
    "--show-object-format",
    "--show-cdup",
];

fn facts(git: &Git, folder: &Path) -> Result<[Vec<u8>; 6], GitError> {
    let ask = |facts: &[&str]| {
        let answer = git.capture(&git.discovering(folder).args(["rev-parse", "--path-format=absolute"]).args(facts))?;
        if answer.success() { Ok(answer.stdout) } else { Err(no_repository(folder, complaint(&answer))) }
    };
    let without_end = |answer: &[u8]| answer.strip_suffix(b"\n").unwrap_or(answer).to_vec();
    let all = without_end(&ask(&FACTS)?);
    let mut lines: Vec<Vec<u8>> = all.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.len() == FACTS.len() - 1 && lines[2] == b"true" {
        // A bare one has no top.
        lines.push(Vec::new());
    }
    if let Ok(lines) = lines.try_into() {
        return Ok(lines);
    }
    // A path has a line end in it: one fact at a time.
    let mut found: [Vec<u8>; 6] = Default::default();
    for (fact, place) in FACTS.iter().zip(&mut found) {
        *place = without_end(&ask(&[fact])?);
    }
    Ok(found)
}

pub fn canonical(path: &Path) -> Result<PathBuf, GitError> {
    path.canonicalize().map_err(GitError::io("find", path))
}

/// A folder without a `.git` above it is simply elsewhere; otherwise git's own reason is the better one.
fn no_repository(folder: &Path, reason: String) -> GitError {
    let path = folder.to_owned();
    match folder.ancestors().any(|above| above.join(".git").exists()) {
        true => GitError::Unusable { path, reason },
        false => GitError::NotARepository { path },
    }
}
