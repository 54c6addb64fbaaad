//! The view: the host's branches and tags as the agent sees them, through its remote `host`.

use std::collections::BTreeSet;

use crate::failpoint::{self, Point};
use crate::git::host::refs::{self, HostRef, RefMap};
use crate::git::host::{Git, GitError, object_links};
use crate::git::private::RunGit;
use crate::git::private::{bare, kept_git};

/// The refs that are shown.
pub fn published(listed: &[HostRef]) -> RefMap {
    let shown = |name: &[u8]| name.starts_with(b"refs/heads/") || name.starts_with(b"refs/tags/");
    listed.iter().filter(|found| shown(&found.name)).map(|found| (found.name.clone(), found.id.clone())).collect()
}

/// Puts refs into the view, in one step.
pub fn write(run: &RunGit, shown: &RefMap) -> Result<(), GitError> {
    run.target_is_shown(shown)?;
    bare::replace(&run.view(), "packed-refs", &refs::packed(shown))
}

/// Brings the view up to date; true where something was new. To be called every second or so while the agent runs.
pub fn publish(git: &Git, run: &RunGit) -> Result<bool, GitError> {
    let common_dir = &run.checkout.common_dir;
    let mut now = published(&refs::list(git, common_dir, &["refs/heads", "refs/tags"])?);
    let before = bare::optional(&run.view().join("packed-refs"))?.map(|text| refs::unpacked(&text)).unwrap_or_default();
    if now == before {
        return Ok(false);
    }
    let known: BTreeSet<&String> = before.values().collect();
    let new: BTreeSet<String> = now.values().filter(|id| !known.contains(id)).cloned().collect();
    if !new.is_empty() {
        kept_git::borrow(git, run)?;
        let missing = object_links::missing(git, &run.kept(), &new)?;
        failpoint::reached(Point::PinRenewed);
        now.retain(|_, id| !missing.contains(id));
        kept_git::remember_shown(run, &now)?;
    }
    match bare::optional(&common_dir.join("shallow"))? {
        Some(text) => bare::replace(&run.view(), "shallow", &text)?,
        None => bare::remove(&run.view(), "shallow")?,
    }
    write(run, &now)?;
    failpoint::reached(Point::ViewPublished);
    Ok(now != before)
}
