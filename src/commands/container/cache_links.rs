//! Package managers' caches, each shown in the home where its manager looks for it.
//!
//! Whoever was here last may have put anything into their folder, and other containers of the repository may do the same right
//! now: what one of them makes is as good.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::Path;

/// Links each of the NAME=PLACE words, and returns those names that cannot be used.
pub fn make<'a>(caches: &Path, home: &Path, words: &'a str) -> Vec<&'a str> {
    let pairs = words.split_whitespace().filter_map(|word| word.split_once('='));
    pairs.filter(|(name, place)| link(&caches.join(name), &home.join(place)).is_err()).map(|(name, _)| name).collect()
}

fn link(cache: &Path, place: &Path) -> io::Result<()> {
    make_folder(cache)?;
    fs::create_dir_all(place.parent().unwrap_or(place))?;
    symlink(cache, place)
}

fn make_folder(path: &Path) -> io::Result<()> {
    if !is_folder(path) {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound && !is_folder(path) => return Err(error),
            _ => {}
        }
        match fs::DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists || !is_folder(path) => return Err(error),
            _ => {}
        }
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_planted_in_a_caches_place_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let (caches, home, outside) =
            (root.path().join("caches"), root.path().join("home"), root.path().join("outside"));
        for folder in [&caches, &home, &outside] {
            fs::create_dir(folder).unwrap();
        }
        symlink(&outside, caches.join("npm")).unwrap();
        fs::write(caches.join("pip"), "a file").unwrap();
        fs::create_dir(caches.join("go")).unwrap();
        fs::set_permissions(caches.join("go"), fs::Permissions::from_mode(0o000)).unwrap();
        assert!(make(&caches, &home, "npm=.npm pip=.cache/pip go=go/pkg/mod uv=.cache/uv").is_empty());
        for (name, place) in [("npm", ".npm"), ("pip", ".cache/pip"), ("go", "go/pkg/mod"), ("uv", ".cache/uv")] {
            assert!(is_folder(&caches.join(name)), "{name}");
            assert_eq!(fs::read_link(home.join(place)).unwrap(), caches.join(name));
            fs::write(home.join(place).join("kept"), "").unwrap();
        }
        assert_eq!(fs::read_dir(outside).unwrap().count(), 0);
    }

    #[test]
    fn a_cache_that_cannot_be_used_is_named_and_the_others_are_linked() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(".npm"), "of the image").unwrap();
        let caches = root.path().join("caches");
        fs::create_dir(&caches).unwrap();
        assert_eq!(make(&caches, root.path(), "npm=.npm pip=.cache/pip"), ["npm"]);
        assert!(root.path().join(".cache/pip").is_dir());
    }
}
