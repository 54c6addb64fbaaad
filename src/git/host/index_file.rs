//! The file of a checkout's index. A large one is read once: what has to be known of it is remembered as long as it is the same file.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::git::host::GitError;
use crate::git::host::checkout::Checkout;
use crate::untrusted::stamp::{self, Stamp};

/// In the git folder of the checkout, to which no agent can write: which index was seen to be plain.
const MEMORY: &str = "binnacle-index.json";

/// Beside it: a copy of that index, in which git keeps what it saw of files that it does not track.
const COPY: &str = "binnacle-index";
/// One of so many bytes is read as soon as what is remembered.
const SMALL: u64 = if cfg!(test) { 64 } else { 256 << 10 };

/// An index that was opened: git never writes into one that is there, but puts another in its place.
pub struct IndexFile {
    path: PathBuf,
    file: File,
    found: Metadata,
    opened: SystemTime,
}

impl IndexFile {
    /// `None` where the checkout has none.
    pub fn open(checkout: &Checkout) -> Result<Option<Self>, GitError> {
        let (path, opened) = (checkout.git_dir.join("index"), SystemTime::now());
        match File::open(&path).and_then(|file| Ok((file.metadata()?, file))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(GitError::io("read", &path)(error)),
            Ok((found, file)) => Ok(Some(Self { path, file, found, opened })),
        }
    }

    /// What tells it from another one.
    pub fn stamp(&self) -> Stamp {
        Stamp::of(&self.found)
    }

    pub fn text(&self) -> Result<Vec<u8>, GitError> {
        let mut text = Vec::with_capacity(self.found.len().try_into().unwrap_or(0));
        (&self.file).read_to_end(&mut text).map_err(GitError::io("read", &self.path))?;
        Ok(text)
    }

    /// Copies it with its time, which git takes for the moment up to which its entries can be trusted.
    pub fn copy(&self, to: &Path) -> Result<(), GitError> {
        let copy = || {
            let mut copy = File::create(to)?;
            io::copy(&mut &self.file, &mut copy)?;
            copy.set_modified(self.found.modified()?)
        };
        copy().map_err(GitError::io("write", to))
    }

    /// Whether it was seen before, and had neither links to other repositories nor what depends on another file.
    pub fn is_known_as_plain(&self) -> bool {
        let text = if self.is_large() { fs::read(self.memory()).unwrap_or_default() } else { Vec::new() };
        serde_json::from_slice::<Stamp>(&text).is_ok_and(|stamp| stamp == self.stamp())
    }

    /// Remembers that it is so, where another one in its place would not look the same. Without that it is read again, and no run fails
    /// for it.
    pub fn remember_as_plain(&self) {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        let is_sure = stamp::device(folder) == Some(self.stamp().device) && self.stamp().is_settled(self.opened);
        if is_sure && self.is_large() {
            self.replace_memory(folder).ok();
        }
    }

    /// The copy of ours that git may write to, where there is one of this very index.
    pub fn copy_of_ours(&self) -> Option<PathBuf> {
        let copy = self.path.with_file_name(COPY);
        (self.is_known_as_plain() && copy.is_file()).then_some(copy)
    }

    /// Makes that copy. Without it git looks at all folders again, and no run fails for it.
    pub fn keep_copy(&self) {
        if self.is_known_as_plain() && self.copy_of_ours().is_none() {
            self.write_copy().ok();
        }
    }

    fn write_copy(&self) -> Result<(), GitError> {
        let (copy, fresh) = (self.path.with_file_name(COPY), self.path.with_file_name(format!("{COPY}.new")));
        self.copy(&fresh)?;
        fs::rename(&fresh, &copy).map_err(GitError::io("write", &copy))
    }

    fn is_large(&self) -> bool {
        self.found.len() > SMALL
    }

    /// The copy of the one before goes first.
    fn replace_memory(&self, folder: &Path) -> io::Result<()> {
        for name in [COPY.to_owned(), format!("{COPY}.lock")] {
            match fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&serde_json::to_vec(&self.stamp())?)?;
        file.persist(self.memory()).map(drop).map_err(|error| error.error)
    }

    fn memory(&self) -> PathBuf {
        self.path.with_file_name(MEMORY)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::git::host::checkout;
    use crate::git::testing::Bench;
    use crate::untrusted::stamp::SETTLED;

    /// Whether the index is known before it is looked at, and after that.
    fn is_known(bench: &Bench) -> (bool, bool) {
        let checkout = checkout::resolve(&bench.git, &bench.path("agent")).unwrap();
        let is_known = || IndexFile::open(&checkout).unwrap().unwrap().is_known_as_plain();
        let before = is_known();
        bench.prepare("agent");
        (before, is_known())
    }

    /// Until git finds nothing to write down anew.
    fn settle(bench: &Bench) {
        thread::sleep(Duration::from_millis(1100));
        bench.prepare("agent");
        thread::sleep(SETTLED * 2);
    }

    #[test]
    fn an_index_is_remembered_as_long_as_it_is_the_same() {
        let bench = Bench::linked();
        assert_eq!(is_known(&bench), (false, false), "it can change once more and look the same");
        settle(&bench);
        assert_eq!(is_known(&bench), (false, true));
        bench.sh("cd agent && echo new > new && git add new");
        settle(&bench);
        assert_eq!(is_known(&bench), (false, true));
        bench.sh(
            "cp -p repo/.git/worktrees/agent/index index && cp -p index repo/.git/worktrees/agent/index && rm index",
        );
        thread::sleep(SETTLED * 2);
        assert_eq!(is_known(&bench), (false, true), "written over with its old time");
    }

    #[test]
    fn an_index_that_leads_elsewhere_is_read_each_time() {
        let link = "cd agent && git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),inner";
        for script in
            [link, "cd agent && git update-index --split-index", "cd agent && git update-index --untracked-cache"]
        {
            let bench = Bench::linked();
            bench.sh(script);
            settle(&bench);
            assert_eq!(is_known(&bench), (false, false), "{script}");
        }
    }

    #[test]
    fn what_is_known_is_not_read_again() {
        let bench = Bench::linked();
        bench.sh("cd agent && git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),inner");
        assert!(bench.path("agent/inner").symlink_metadata().is_err());
        let checkout = checkout::resolve(&bench.git, &bench.path("agent")).unwrap();
        thread::sleep(SETTLED * 2);
        IndexFile::open(&checkout).unwrap().unwrap().remember_as_plain();
        bench.prepare("agent");
        assert!(bench.path("agent/inner").symlink_metadata().is_err(), "the link was seen");
        bench.sh("rm repo/.git/worktrees/agent/binnacle-index.json");
        bench.prepare("agent");
        assert!(bench.path("agent/inner").is_dir());
    }
}
