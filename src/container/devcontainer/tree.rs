//! Paths that a `devcontainer.json` names, in the tree that it stands in.

use std::path::{Component, Path, PathBuf};

/// A path of the tree, whatever `..` it is written with.
pub fn in_tree(folder: &Path, path: &str) -> Result<PathBuf, String> {
    let outside = || format!("{path:?} leads out of the repository");
    let mut found = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::Normal(name) => found.push(name),
            Component::CurDir => {}
            Component::ParentDir if found.pop() => {}
            _ => return Err(outside()),
        }
    }
    Ok(found)
}
