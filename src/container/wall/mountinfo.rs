//! `/proc/PID/mountinfo`: what is mounted where, in the kernel's words.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::container::wall::Identity;

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountPoint {
    pub destination: PathBuf,
    /// The part of the file system that is mounted.
    pub root: PathBuf,
    /// Its type: overlay, ext4, tmpfs, proc, …
    pub filesystem: String,
    /// Options of this mount: ro, nosuid, nodev, noexec, …
    pub options: Vec<String>,
    /// Options of the file system itself.
    #[serde(skip)]
    pub super_options: Vec<String>,
    /// Mounts made in it appear elsewhere.
    pub shared: bool,
    /// Mounts that the host makes later appear in it.
    pub slave: bool,
    /// A later mount lies over it, so that nobody sees it.
    pub hidden: bool,
    /// The file or folder that stands there, where it could be looked at.
    #[serde(skip)]
    pub identity: Option<Identity>,
    #[serde(skip)]
    id: u32,
    #[serde(skip)]
    parent: u32,
}

impl MountPoint {
    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|own| own == option)
    }

    pub fn is_read_only(&self) -> bool {
        self.has("ro") || self.super_options.iter().any(|option| option == "ro")
    }
}

/// Every mount of the namespace, in the order they were made. `None` where a line makes no sense.
pub fn parse(text: &[u8]) -> Option<Vec<MountPoint>> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let mut mounts = lines.map(parse_line).collect::<Option<Vec<_>>>()?;
    let places = by_place(&mounts);
    let hidden: Vec<bool> = mounts.iter().map(|mount| is_hidden(mount, &places)).collect();
    mounts.iter_mut().zip(hidden).for_each(|(mount, hidden)| mount.hidden = hidden);
    Some(mounts)
}

/// `ID PARENT MAJOR:MINOR ROOT DESTINATION OPTIONS [TAG…] - TYPE SOURCE SUPER-OPTIONS`
fn parse_line(line: &[u8]) -> Option<MountPoint> {
    let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let dash = words.iter().position(|word| *word == b"-")?;
    let text = |index: usize| std::str::from_utf8(words.get(index)?).ok();
    let list = |index| Some(text(index)?.split(',').map(str::to_owned).collect());
    let tagged = |tag: &[u8]| Some(words.get(6..dash)?.iter().any(|word| word.starts_with(tag)));
    Some(MountPoint {
        id: text(0)?.parse().ok()?,
        parent: text(1)?.parse().ok()?,
        root: unescape(words.get(3)?),
        destination: unescape(words.get(4)?),
        options: list(5)?,
        shared: tagged(b"shared:")?,
        slave: tagged(b"master:")?,
        filesystem: text(dash + 1)?.to_owned(),
        super_options: String::from_utf8_lossy(words.get(dash + 3)?).split(',').map(str::to_owned).collect(),
        hidden: false,
        identity: None,
    })
}

/// The kernel writes space, tab, newline and backslash as three octal digits.
fn unescape(word: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((&byte, tail)) = rest.split_first() {
        let code = (byte == b'\\').then(|| std::str::from_utf8(tail.get(..3)?).ok()).flatten();
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(code) => {
                bytes.push(code);
                rest = &tail[3..];
            }
            None => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

/// The numbers of the mounts at each place, in the order they were made.
fn by_place(mounts: &[MountPoint]) -> HashMap<&Path, Vec<u32>> {
    let mut places = HashMap::<_, Vec<_>>::new();
    for mount in mounts {
        places.entry(mount.destination.as_path()).or_default().push(mount.id);
    }
    places
}

/// A mount is seen if it was made on the mount that is seen at its place.
fn is_hidden(mount: &MountPoint, places: &HashMap<&Path, Vec<u32>>) -> bool {
    let at = |place: &Path| places.get(place)?.iter().rfind(|id| **id != mount.id);
    mount.destination.ancestors().find_map(at).is_some_and(|nearest| *nearest != mount.parent)
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// As recorded of a container with the folders `/workspace` (writable) and `/wall` (read-only), cgroup v1.
    pub const RECORDED: &str = include_str!("recorded/mountinfo");

    #[test]
    fn recorded_mounts() {
        let mounts = parse(RECORDED.as_bytes()).unwrap();
        let find = |path: &str| mounts.iter().find(|mount| mount.destination == Path::new(path)).unwrap();
        assert!(find("/wall").is_read_only());
        assert!(!find("/workspace").is_read_only() && find("/workspace").has("nosuid"));
        assert_eq!(find("/workspace").root, Path::new("/tmp/wall/ws"));
        assert_eq!(find("/proc/keys").root, Path::new("/null"));
        assert_eq!(find("/").filesystem, "overlay");
        assert!(mounts.iter().all(|mount| !mount.hidden && !mount.shared && !mount.slave));
    }

    #[test]
    fn odd_paths_and_tags() {
        let line =
            b"36 35 98:0 /mnt\\0401 /a\\134b\\012c ro,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue\n";
        let mounts = parse(line).unwrap();
        assert_eq!(mounts[0].destination, Path::new("/a\\b\nc"));
        assert_eq!(mounts[0].root, Path::new("/mnt 1"));
        assert!(mounts[0].shared && mounts[0].slave && mounts[0].is_read_only());
        assert_eq!(parse(b"36 35 98:0 / /\n"), None);
    }

    #[test]
    fn a_child_that_was_mounted_before_its_parent_is_hidden() {
        let child_first =
            "1 0 0:1 / / rw - overlay o rw\n2 1 8:1 /g /w/.git ro - ext4 d rw\n3 1 8:1 /w /w rw - ext4 d rw\n";
        let hidden: Vec<bool> = parse(child_first.as_bytes()).unwrap().iter().map(|mount| mount.hidden).collect();
        assert_eq!(hidden, [false, true, false]);
        let twice = "1 0 0:1 / / rw - overlay o rw\n2 1 8:1 /g /w ro - ext4 d rw\n3 2 8:1 /w /w rw - ext4 d rw\n";
        let hidden: Vec<bool> = parse(twice.as_bytes()).unwrap().iter().map(|mount| mount.hidden).collect();
        assert_eq!(hidden, [false, true, false]);
    }
}
