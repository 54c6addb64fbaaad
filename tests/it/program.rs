//! Where everybody finds the `bn` under test: a checkout may lie where only its owner gets to.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use assert_cmd::cargo::cargo_bin;

/// The program that cargo built, or a copy of it.
pub fn bn() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let built = cargo_bin!("bn").to_owned();
        if built.ancestors().skip(1).all(is_open) { built } else { copy(&built) }
    })
}

fn is_open(folder: &Path) -> bool {
    folder.as_os_str().is_empty() || fs::metadata(folder).unwrap().permissions().mode() & 0o001 != 0
}

fn copy(built: &Path) -> PathBuf {
    let folder = tempfile::Builder::new().prefix("bn-program-").tempdir().unwrap().keep();
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    let copy = folder.join("bn");
    fs::copy(built, &copy).unwrap();
    copy
}
