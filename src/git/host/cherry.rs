//! `git cherry`, with merges: the commits of one history whose changes another history does not have.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crate::git::host::git::refused;
use crate::git::host::{Git, GitError};
use crate::process::{Cmd, ProcessError};

/// How long two histories may be compared.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Returns the commits of `from` whose change is in no commit that only `there` has, or `None` where that takes too long.
pub fn missing(git: &Git, common: &Path, from: &str, there: &str) -> Result<Option<BTreeSet<String>>, GitError> {
    let cherry = git.in_dir(common).args(["cherry", there, from]);
    // That leaves merges out. One has no change of its own, but for files that are like those of none of its parents.
    let merges = git.in_dir(common).args(["log", "--merges", "-c", "--no-renames", "--name-only", "--format=+ %H"]);
    let merges = merges.arg(format!("{there}..{from}")).arg("--");
    let (Some(cherry), Some(merges)) = (answer(git, &cherry)?, answer(git, &merges)?) else { return Ok(None) };
    let mut missing: BTreeSet<String> =
        cherry.lines().filter_map(|line| line.strip_prefix("+ ")).map(str::to_owned).collect();
    missing.extend(mended(&merges));
    Ok(Some(missing))
}

/// `None` where it takes too long.
fn answer(git: &Git, cmd: &Cmd) -> Result<Option<String>, GitError> {
    match git.capture_within(cmd, &[], TIME_LIMIT) {
        Err(GitError::Process(ProcessError::Slow { .. } | ProcessError::Stream { .. })) => Ok(None),
        Err(other) => Err(other),
        Ok(answer) if answer.success() => Ok(Some(answer.text())),
        Ok(answer) => Err(refused("compare two histories", &answer)),
    }
}

/// The merges of a listing that have files of their own.
fn mended(listing: &str) -> BTreeSet<String> {
    let (mut merge, mut found) = (None, BTreeSet::new());
    for line in listing.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("+ ") {
            Some(id) => merge = Some(id),
            None => found.extend(merge.map(str::to_owned)),
        }
    }
    found
}
