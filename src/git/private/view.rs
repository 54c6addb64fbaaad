//! The view: the host's branches and tags as the agent sees them, through its remote `host`.

use std::collections::BTreeSet;

use crate::failpoint::{self, Point};
use crate::git::host::refs::{self, HostRef, Packed};
use crate::git::host::{Git, GitError, object_links};
use crate::git::private::RunGit;
use crate::git::private::{bare, kept_git};

/// The refs that are shown.
pub fn published<'a>(listed: impl IntoIterator<Item = &'a HostRef>) -> Packed {
    let is_shown = |found: &&HostRef| found.name.starts_with(b"refs/heads/") || found.name.starts_with(b"refs/tags/");
    refs::packed(listed.into_iter().filter(is_shown).map(|found| (&found.name, &found.id)))
}

/// Puts refs into the view, in one step.
pub fn write(run: &RunGit, shown: &Packed) -> Result<(), GitError> {
    run.target_is_shown(shown)?;
    bare::replace(&run.view(), "packed-refs", &shown.0)
}

/// Brings the view up to date; true where something was new. To be called every second or so while the agent runs.
pub fn publish(git: &Git, run: &RunGit) -> Result<bool, GitError> {
    let common_dir = &run.checkout.common_dir;
    let listed = refs::list(git, common_dir, &["refs/heads", "refs/tags"])?;
    let (mut now, before) = (published(&listed), run.shown_now()?);
    if now == before {
        return Ok(false);
    }
    let known = before.refs();
    let known: BTreeSet<&str> = known.values().map(String::as_str).collect();
    let new: BTreeSet<&str> = listed.iter().map(|found| &*found.id).filter(|id| !known.contains(id)).collect();
    if !new.is_empty() {
        kept_git::borrow(git, run)?;
        let missing = object_links::missing(git, &run.kept(), &new)?;
        failpoint::reached(Point::PinRenewed);
        now = published(listed.iter().filter(|found| !missing.contains(&found.id)));
        kept_git::remember_shown(run, &now.refs())?;
    }
    match bare::optional(&common_dir.join("shallow"))? {
        Some(text) => bare::replace(&run.view(), "shallow", &text)?,
        None => bare::remove(&run.view(), "shallow")?,
    }
    write(run, &now)?;
    failpoint::reached(Point::ViewPublished);
    Ok(now != before)
}
