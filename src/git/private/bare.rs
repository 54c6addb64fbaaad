//! Bare repositories that `bn` makes itself: the private folder, the view, and the place where objects are taken to.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::git::host::GitError;
use crate::git::host::config::ConfigText;

/// What stands in a repository of ours from the start. Written by hand, so that no template and no default gets in.
pub struct Skeleton<'a> {
    pub object_format: &'a str,
    /// The text of HEAD without the line end.
    pub head: &'a str,
    /// Object folders to borrow from.
    pub alternates: &'a [PathBuf],
    /// The host's list of commits whose parents are missing.
    pub shallow: Option<&'a [u8]>,
    pub folders: &'static [&'static str],
}

/// The folders that `git init` makes.
pub const WHOLE: &[&str] =
    &["objects", "objects/info", "objects/pack", "refs", "refs/heads", "refs/tags", "info", "hooks"];
/// Those without which git takes it for no repository, and the one for what it borrows. Git makes others where it needs them.
pub const SMALL: &[&str] = &["objects", "objects/info", "refs"];

/// Makes it in the folder, which is empty or not there.
pub fn create(folder: &Path, skeleton: &Skeleton<'_>, mut config: ConfigText) -> Result<(), GitError> {
    fs::create_dir_all(folder).map_err(GitError::io("make", folder))?;
    for below in skeleton.folders {
        let path = folder.join(below);
        fs::create_dir(&path).map_err(GitError::io("make", &path))?;
    }
    if skeleton.object_format == "sha1" {
        config.set("core.repositoryformatversion", "0");
    } else {
        config.set("core.repositoryformatversion", "1");
        config.set("extensions.objectformat", skeleton.object_format);
    }
    write(folder, "HEAD", format!("{}\n", skeleton.head).as_bytes())?;
    write(folder, "config", config.into_text().as_bytes())?;
    write(folder, "objects/info/alternates", &alternates(skeleton.alternates))?;
    skeleton.shallow.map_or(Ok(()), |text| write(folder, "shallow", text))
}

/// Writes a file below a folder of ours.
pub fn write(folder: &Path, name: &str, text: &[u8]) -> Result<(), GitError> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(GitError::io("write", &path))
}

/// Puts a file in its place in one step, so that a reader sees the old or the new one.
pub fn replace(folder: &Path, name: &str, text: &[u8]) -> Result<(), GitError> {
    let fresh = format!("{name}.new");
    write(folder, &fresh, text)?;
    let path = folder.join(name);
    fs::rename(folder.join(fresh), &path).map_err(GitError::io("write", &path))
}

/// Removes a file that may be missing.
pub fn remove(folder: &Path, name: &str) -> Result<(), GitError> {
    let path = folder.join(name);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(GitError::io("remove", &path)(error)),
        _ => Ok(()),
    }
}

/// Objects may be missing. Without these, git takes a missing file for a deleted one.
pub fn partial_clone(config: &mut ConfigText, object_format: &str) {
    if object_format == "sha1" {
        config.set("core.repositoryformatversion", "1");
    }
    config.set("extensions.partialClone", "host");
    config.set("remote.host.promisor", "true");
    config.set("remote.host.partialclonefilter", "blob:none");
}

/// The file in which git looks for the objects of others. A quoted line is read with C escapes.
fn alternates(folders: &[PathBuf]) -> Vec<u8> {
    let mut text = Vec::new();
    for folder in folders {
        let bytes = folder.as_os_str().as_bytes();
        if bytes.contains(&b'\n') {
            let quoted: Vec<u8> = bytes.iter().flat_map(|&byte| escaped(byte)).collect();
            text.extend([&b"\""[..], &quoted, b"\""].concat());
        } else {
            text.extend_from_slice(bytes);
        }
        text.push(b'\n');
    }
    text
}

fn escaped(byte: u8) -> Vec<u8> {
    match byte {
        b'\n' => b"\\n".to_vec(),
        b'"' | b'\\' => vec![b'\\', byte],
        _ => vec![byte],
    }
}

/// The object folders that a repository borrows from, its own first, each once.
pub fn object_folders(common_dir: &Path) -> Result<Vec<PathBuf>, GitError> {
    let own = common_dir.join("objects");
    let mut found = vec![own.canonicalize().map_err(GitError::io("find", &own))?];
    let mut next = 0;
    while let Some(folder) = found.get(next).cloned() {
        next += 1;
        let path = folder.join("info/alternates");
        let Some(text) = optional(&path)? else { continue };
        for named in alternates_in(&text) {
            // One that is gone is git's to complain about.
            if let Ok(other) = folder.join(named).canonicalize()
                && !found.contains(&other)
            {
                found.push(other);
            }
        }
    }
    Ok(found)
}

/// The folders that such a file names.
pub fn alternates_in(text: &[u8]) -> impl Iterator<Item = PathBuf> {
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    lines.map(|line| PathBuf::from(crate::git::host::git::os(&unquoted(line))))
}

fn unquoted(line: &[u8]) -> Vec<u8> {
    let Some(inner) = line.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) else {
        return line.to_vec();
    };
    let mut bytes = inner.iter().copied();
    let mut plain = Vec::new();
    while let Some(byte) = bytes.next() {
        match (byte, byte == b'\\') {
            (_, true) => plain.extend(bytes.next().map(|next| if next == b'n' { b'\n' } else { next })),
            _ => plain.push(byte),
        }
    }
    plain
}

/// A file of the host's that may be missing.
pub fn optional(path: &Path) -> Result<Option<Vec<u8>>, GitError> {
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(GitError::io("read", path)(error)),
    }
}
