//! The host's refs as the agent gets them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::failpoint::{self, Point};
use crate::git::host::refs::{self, RefMap};
use crate::git::host::{Git, GitError, object_links};
use crate::git::private::RunGit;
use crate::git::private::{bare, kept_git, view};

/// Borrows all that is shown, then shows it: as the agent's own refs, as those of its remote `host`, and in the view. Returns
/// how many refs name what is not there.
pub fn refs(git: &Git, run: &RunGit) -> Result<usize, GitError> {
    let checkout = &run.checkout;
    let listed = refs::list(git, &checkout.common_dir, &["refs/heads", "refs/tags", "refs/remotes", "refs/notes"])?;
    let ids: BTreeSet<String> = listed.iter().map(|found| found.id.clone()).chain([run.base().to_owned()]).collect();
    kept_git::borrow(git, run)?;
    let missing = object_links::missing(git, &run.kept(), &ids)?;
    failpoint::reached(Point::Pinned);
    let shown: Vec<_> = listed.into_iter().filter(|found| !missing.contains(&found.id)).collect();
    view::write(run, &view::published(&shown))?;
    let mut own = RefMap::new();
    for found in &shown {
        own.extend(agents_refs(found));
        if let Some(target) = &found.symref {
            write_symref(&run.private(), &found.name, target)?;
        }
    }
    own.extend(checkout.branch_ref().map(|branch| (branch.into_bytes(), run.base().to_owned())));
    let text = refs::packed(&own);
    kept_git::remember_shown(run, &own)?;
    bare::write(&run.private(), "packed-refs", &text)?;
    bare::write(&run.folder, "start-refs", &text)?;
    Ok(missing.len())
}

/// The names under which the agent has a host's ref: branches twice, the user's own remote called `host` not at all.
fn agents_refs(found: &refs::HostRef) -> Vec<(Vec<u8>, String)> {
    if found.name.starts_with(b"refs/remotes/host/") {
        return Vec::new();
    }
    let tracking = found.name.strip_prefix(b"refs/heads/").map(|branch| [&b"refs/remotes/host/"[..], branch].concat());
    let own = found.symref.is_none().then(|| found.name.clone());
    own.into_iter().chain(tracking).map(|name| (name, found.id.clone())).collect()
}

/// Ref names of the host have passed git's own rules: no `..`, no leading slash.
fn write_symref(private: &Path, name: &[u8], target: &[u8]) -> Result<(), GitError> {
    let path = private.join(crate::git::host::git::os(name));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(GitError::io("make", folder))?;
    }
    fs::write(&path, [b"ref: ", target, b"\n"].concat()).map_err(GitError::io("write", &path))
}
