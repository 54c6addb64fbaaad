//! Where programs, and what they load, are looked for: in no folder in which an agent could have put one.
#![allow(clippy::disallowed_methods)]

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::env::Env;

/// Folders from which programs load parts of themselves.
const LIBRARIES: [&str; 5] = ["LD_LIBRARY_PATH", "LD_PRELOAD", "LD_AUDIT", "PERL5LIB", "PYTHONPATH"];

impl Env {
    /// Looks for programs in no folder in which an agent could have put one: none of `trees`, and none that depends on
    /// where a program is started. Returns the entries of PATH that this leaves out.
    pub fn search_path(&mut self, trees: &[PathBuf]) -> Vec<PathBuf> {
        let (kept, left_out): (Vec<PathBuf>, Vec<PathBuf>) =
            std::env::split_paths(&self.path).partition(|folder| folder.is_absolute() && !leads_into(folder, trees));
        self.libraries = LIBRARIES.iter().filter_map(|name| Some(((*name).into(), trusted(name, trees)?))).collect();
        // An empty PATH would mean the folder where a program is started.
        self.path = std::env::join_paths(&kept)
            .ok()
            .filter(|path| !path.is_empty())
            .unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
        left_out
    }
}

/// A variable's folders, without those of the trees and those that depend on where a program is started: an empty entry
/// does, too. `None` where nothing is left out.
fn trusted(name: &str, trees: &[PathBuf]) -> Option<OsString> {
    let value = std::env::var_os(name)?;
    let folders: Vec<PathBuf> = std::env::split_paths(&value).collect();
    let kept = folders.iter().filter(|folder| folder.is_absolute() && !leads_into(folder, trees));
    let kept: Vec<&PathBuf> = kept.collect();
    (kept.len() < folders.len()).then(|| std::env::join_paths(kept).unwrap_or_default())
}

/// Whether a folder is in one of the trees, by its words or by where links lead. One that is not there yet may come.
fn leads_into(folder: &Path, trees: &[PathBuf]) -> bool {
    let real = folder.ancestors().find_map(|above| {
        let rest = folder.strip_prefix(above).ok()?;
        above.canonicalize().ok().map(|above| above.join(rest))
    });
    let inside = |path: &Path| trees.iter().any(|tree| path.starts_with(tree));
    inside(folder) || real.is_some_and(|real| inside(&real))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn folders_that_an_agent_writes_are_searched_for_no_program() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["tree/bin", "bin"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        std::os::unix::fs::symlink(root.join("tree/bin"), root.join("link")).unwrap();
        let trees = [root.join("tree")];
        let inside = ["tree", "tree/bin", "tree/not/yet", "link", "link/not/yet"];
        assert!(inside.iter().all(|name| leads_into(&root.join(name), &trees)));
        assert!(["bin", "tree2", ""].iter().all(|name| !leads_into(&root.join(name), &trees)));
    }
}
