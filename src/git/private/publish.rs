//! The host's refs as the agent gets them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::failpoint::{self, Point};
use crate::git::host::refs::{self, HostRef};
use crate::git::host::{Git, GitError, object_links};
use crate::git::private::RunGit;
use crate::git::private::{bare, kept_git, view};

/// Borrows all that is shown, then shows it: as the agent's own refs, as those of its remote `host`, and in the view. Returns
/// how many refs name what is not there.
pub fn refs(git: &Git, run: &RunGit) -> Result<usize, GitError> {
    let checkout = &run.checkout;
    let listed = refs::list(git, &checkout.common_dir, &["refs/heads", "refs/tags", "refs/remotes", "refs/notes"])?;
    let ids: BTreeSet<&str> = listed.iter().map(|found| &*found.id).chain([run.base()]).collect();
    kept_git::borrow(git, run)?;
    let missing = object_links::missing(git, &run.kept(), &ids)?;
    failpoint::reached(Point::Pinned);
    let shown = || listed.iter().filter(|found| !missing.contains(&found.id));
    view::write(run, &view::published(shown()))?;
    let branch = checkout.branch_ref();
    let is_branch = |name: &[u8]| branch.as_ref().is_some_and(|branch| branch.as_bytes() == name);
    let mut own: Vec<AgentsRef<'_>> = shown().flat_map(agents_refs).filter(|(name, _)| !is_branch(name)).collect();
    own.extend(branch.as_ref().map(|branch| (branch.as_bytes().into(), run.base())));
    own.sort_unstable();
    for found in shown() {
        if let Some(target) = &found.symref {
            write_symref(&run.private(), &found.name, target)?;
        }
    }
    let packed = refs::packed(own.iter().map(|(name, id)| (name, id)));
    kept_git::remember_shown(run, own.iter().map(|(name, id)| (name, id)))?;
    bare::write(&run.private(), "packed-refs", &packed.0)?;
    bare::write(&run.folder, "start-refs", &packed.0)?;
    Ok(missing.len())
}

/// The name under which the agent has a ref, and its id.
type AgentsRef<'a> = (Cow<'a, [u8]>, &'a str);

/// The names under which the agent has a host's ref: branches twice, the user's own remote called `host` not at all.
fn agents_refs(found: &HostRef) -> impl Iterator<Item = AgentsRef<'_>> {
    let is_host = found.name.starts_with(b"refs/remotes/host/");
    let tracking = found.name.strip_prefix(b"refs/heads/").map(|branch| [&b"refs/remotes/host/"[..], branch].concat());
    let own = found.symref.is_none().then_some(Cow::from(&found.name)).filter(|_| !is_host);
    own.into_iter().chain(tracking.map(Cow::from)).map(|name| (name, &*found.id))
}

/// Ref names of the host have passed git's own rules: no `..`, no leading slash.
fn write_symref(private: &Path, name: &[u8], target: &[u8]) -> Result<(), GitError> {
    let path = private.join(crate::git::host::git::os(name));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(GitError::io("make", folder))?;
    }
    fs::write(&path, [b"ref: ", target, b"\n"].concat()).map_err(GitError::io("write", &path))
}
