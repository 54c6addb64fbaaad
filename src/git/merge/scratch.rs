//! The throw-away repository in which work is merged that its target does not build on.
//!
//! It borrows all objects, and has a configuration of its own: there is no file of attributes, no merge driver, no filter
//! and no hook in it that anybody could have set. What comes of a merge gets from there to the user's repository, or
//! nothing does.

use std::path::PathBuf;
use std::time::Duration;

use crate::git::host::config::ConfigText;
use crate::git::host::git::{UPLOAD_PACK, refused};
use crate::git::host::{Git, GitError};
use crate::git::merge::borrowed;
use crate::git::private::RunGit;
use crate::process::{Captured, Cmd};
use crate::untrusted::remove;

/// In the folder of the run.
const FOLDER: &str = "landing.git";
/// The ref at which the result is.
pub const RESULT: &str = "refs/heads/landing";
/// How long one command may take.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Such a repository.
pub struct Scratch {
    place: PathBuf,
}

/// Where it is while there is one.
pub fn place(run: &RunGit) -> PathBuf {
    run.folder.join(FOLDER)
}

impl Scratch {
    /// Makes one in the place of what an earlier try may have left.
    pub fn create(git: &Git, run: &RunGit) -> Result<Self, GitError> {
        let place = place(run);
        remove::folder(&place)?;
        borrowed::create(git, run, &place, "ref: refs/heads/none", ConfigText::bare())?;
        Ok(Self { place })
    }

    /// Git in it, which reads no other configuration.
    pub fn command(&self, git: &Git) -> Cmd {
        git.isolated(&self.place)
    }

    /// Runs within a limit; the exit code is the caller's to judge.
    pub fn capture(&self, git: &Git, cmd: &Cmd) -> Result<Captured, GitError> {
        git.capture_within(cmd, &[], TIME_LIMIT)
    }

    /// Runs what has to succeed within a limit. The answer without the line end.
    pub fn read(&self, git: &Git, what: &str, cmd: &Cmd, input: &[u8]) -> Result<String, GitError> {
        let answer = git.capture_within(cmd, input, TIME_LIMIT)?;
        if answer.success() { Ok(answer.text()) } else { Err(refused(what, &answer)) }
    }

    /// Brings a commit that was made here to the user's repository, where no ref names it yet.
    pub fn hand_over(&self, git: &Git, run: &RunGit, commit: &str) -> Result<(), GitError> {
        let name = self.command(git).args(["update-ref", RESULT, commit]);
        git.read("set a ref", &name)?;
        let cmd = git.fetching(&run.checkout.common_dir, &self.place);
        let cmd = cmd.args(["-c", "fetch.fsckObjects=true", "-c", "fetch.unpackLimit=1", "-c", "fetch.prune=false"]);
        let cmd = cmd.args(["fetch", "--upload-pack", UPLOAD_PACK, "--quiet", "--no-tags", "--no-write-fetch-head"]);
        let cmd = cmd.args(["--no-prune", "--no-auto-gc", "--no-recurse-submodules"]).arg(&self.place).arg(RESULT);
        git.read("take over the merged work", &cmd).map(drop)
    }

    /// Removes it with all that is in it alone.
    pub fn throw_away(self) -> Result<(), GitError> {
        Ok(remove::folder(&self.place)?)
    }
}
