//! The user's Git LFS: its filter, and the store in which it keeps files.

use std::path::{Path, PathBuf};

use crate::git::host::config::Config;

/// The name of the filter, which Git LFS gives itself.
pub const FILTER: &str = "lfs";
/// What Git LFS sets for its filter.
pub const SETTINGS: &[(&str, &str)] = &[
    ("filter.lfs.clean", "git-lfs clean -- %f"),
    ("filter.lfs.smudge", "git-lfs smudge -- %f"),
    ("filter.lfs.process", "git-lfs filter-process"),
    ("filter.lfs.required", "true"),
];

/// Whether the filter of that name is Git LFS itself, and not some other program: the image has one like it.
pub fn is_set_up(config: &Config) -> bool {
    let values = ["clean", "smudge", "process"].map(|name| config.get(&format!("filter.{FILTER}.{name}")));
    let is_own = |value: &str| value.starts_with("git-lfs ") || value.starts_with("git lfs ");
    values[0].is_some() && values.into_iter().flatten().all(is_own)
}

/// The folder of objects.
pub fn store(common_dir: &Path, config: &Config) -> PathBuf {
    common_dir.join(config.get("lfs.storage").unwrap_or("lfs")).join("objects")
}
