//! Git's index, read as the file that it is: git itself takes ten times as long to print it, and of a large one nearly all is of no interest.

use std::path::PathBuf;

use crate::git::host::git::os;

/// The mode of a link to a commit of another repository.
const LINK: u32 = 0o160_000;
/// What an entry has before its id: times, device, inode, mode, owner, size. Bytes.
const FACTS: usize = 40;
const MODE_AT: usize = 24;
/// Of the flags: there are more, and how long the name is.
const MORE: u16 = 0x4000;
const LENGTH: u16 = 0x0fff;

/// The links to other repositories, each once for each of its stages. `None` where this is for git to say: the index is of another
/// version, depends on another file, leaves folders out, or is damaged. `id_length` in bytes.
pub fn links(index: &[u8], id_length: usize) -> Option<Vec<PathBuf>> {
    let mut found = Vec::new();
    let rest = extensions(index, id_length, |mode, name| {
        if mode == LINK {
            found.push(PathBuf::from(os(name)));
        }
    })?;
    extensions_are_optional(rest).then_some(found)
}

/// What stands in an index that depends on other files, on where it is, or on a program: a shared index, what is not tracked, a file
/// system monitor, folders that are left out. Git writes it anew without them.
const EXTENSIONS: [&[u8; 4]; 4] = [b"link", b"UNTR", b"FSMN", b"sdir"];

/// Whether an index says all by itself, wherever it is.
pub fn depends_on_nothing(index: &[u8], id_length: usize) -> bool {
    let tail = extensions(index, id_length, |_, _| ()).unwrap_or(index);
    !EXTENSIONS.iter().any(|name| memchr::memmem::find(tail, *name).is_some())
}

/// What stands in an index after its entries. `entry` is given each one's mode and name.
fn extensions(index: &[u8], id_length: usize, mut entry: impl FnMut(u32, &[u8])) -> Option<&[u8]> {
    let header = index.get(..12)?;
    let version = number(header, 4)?;
    if !header.starts_with(b"DIRC") || !matches!(version, 2 | 3) {
        return None;
    }
    let mut at = 12;
    for _ in 0..number(header, 8)? {
        let here = index.get(at..)?;
        let flags = u16::from_be_bytes(here.get(FACTS + id_length..)?.first_chunk().copied()?);
        let name_at = FACTS + id_length + if flags & MORE == 0 { 2 } else { 4 };
        let name = here.get(name_at..)?;
        let length = match flags & LENGTH {
            LENGTH => memchr::memchr(0, name)?,
            length => length.into(),
        };
        entry(number(here, MODE_AT)?, name.get(..length)?);
        // One to eight zeros fill it up.
        at += (name_at + length + 8) & !7;
    }
    index.get(at..index.len().checked_sub(id_length)?)
}

/// The big-endian number at this place.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..)?.first_chunk().copied()?))
}

/// One without a capital has to be understood by whoever reads the index.
fn extensions_are_optional(mut rest: &[u8]) -> bool {
    while let Some((name, length)) = rest.first_chunk::<4>().zip(number(rest, 4)) {
        let end = usize::try_from(length).ok().and_then(|length| length.checked_add(8));
        let Some(next) = end.and_then(|end| rest.get(end..)).filter(|_| name[0].is_ascii_uppercase()) else {
            return false;
        };
        rest = next;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// What is read of the index of a repository with names of all lengths, and two links.
    fn links_of(format: &str, settings: &[&str]) -> Option<Vec<PathBuf>> {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        let git = crate::git::testing::git(top);
        let git = |words: &[&str]| git.read("do it", &git.discovering(top).args(words)).unwrap();
        git(&["init", "--quiet", "--object-format", format]);
        settings.chunks(2).for_each(|setting| drop(git(&["config", setting[0], setting[1]])));
        let id = "1".repeat(if format == "sha256" { 64 } else { 40 });
        let add =
            |mode: &str, name: &str| git(&["update-index", "--add", "--cacheinfo", &format!("{mode},{id},{name}")]);
        // The last is longer than an entry can say.
        let names = (1..20).map(|length| "n".repeat(length)).chain(["long/".repeat(1000) + "x"]);
        names.for_each(|name| drop(add("100644", &name)));
        ["a/sub", "zz"].iter().for_each(|link| drop(add("160000", link)));
        fs::write(top.join("new"), "").unwrap();
        // One more word of flags.
        git(&["add", "--intent-to-add", "new"]);
        links(&fs::read(top.join(".git/index")).unwrap(), id.len() / 2)
    }

    #[test]
    fn links_are_found_as_git_finds_them() {
        let expected = Some(vec![PathBuf::from("a/sub"), PathBuf::from("zz")]);
        assert_eq!(links_of("sha1", &[]), expected);
        assert_eq!(links_of("sha256", &[]), expected);
    }

    #[test]
    fn what_is_not_understood_is_left_to_git() {
        assert_eq!(links_of("sha1", &["index.version", "4"]), None);
        assert_eq!(links_of("sha1", &["core.splitIndex", "true"]), None);
        assert_eq!(links(b"", 20), None);
        assert_eq!(links(b"DIRC\0\0\0\x02\0\0\0\x01", 20), None);
        let empty = [b"DIRC\0\0\0\x02\0\0\0\0".as_slice(), b"sdir\0\0\0\0", &[0; 20]].concat();
        assert_eq!(links(&empty, 20), None);
        assert_eq!(links(&[&empty[..12], b"TREE\0\0\0\0", &[0; 20]].concat(), 20), Some(Vec::new()));
    }
}
