//! Which flags this machine's `ctr` has. A program of the same file is asked once.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::container::ctr::Flags;
use crate::process::{Captured, ProcessError};
use crate::run::record::store;

/// A file that is replaced when the program is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Program {
    path: PathBuf,
    size: u64,
    /// Of its content and its name: seconds and nanoseconds since 1970.
    modified: (i64, i64),
    changed: (i64, i64),
}

#[derive(Serialize, Deserialize)]
struct Known {
    program: Program,
    flags: Flags,
}

/// Returns the flags: from `memory` where that knows this very program, else from what `ask` answers, which is then remembered if it
/// may be.
pub fn flags(
    program: Option<&Path>,
    memory: &Path,
    keep: bool,
    ask: impl FnOnce() -> Result<Captured, ProcessError>,
) -> Result<Flags, ProcessError> {
    let program = program.and_then(Program::at);
    let known = fs::read(memory).ok().and_then(|text| serde_json::from_slice::<Known>(&text).ok());
    if let Some(known) = known.filter(|known| program.as_ref() == Some(&known.program)) {
        return Ok(known.flags);
    }
    let flags = Flags::of_help(&ask()?.text());
    if let Some(text) = program.filter(|_| keep).and_then(|program| serde_json::to_vec(&Known { program, flags }).ok())
    {
        // Where no run has made the folder yet, or nothing can be written, the next one asks again.
        drop(store::write_durably(memory, &text, 0o600));
    }
    Ok(flags)
}

impl Program {
    fn at(path: &Path) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        let found = fs::metadata(&path).ok()?;
        let (modified, changed) = ((found.mtime(), found.mtime_nsec()), (found.ctime(), found.ctime_nsec()));
        Some(Self { path, size: found.size(), modified, changed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::{Cmd, Runner};
    use std::cell::Cell;

    #[test]
    fn a_program_is_asked_once_and_a_new_one_again() {
        let folder = tempfile::tempdir().unwrap();
        let (program, memory) = (folder.path().join("ctr"), folder.path().join("memory"));
        let (asked, help) = (Cell::new(0), Cell::new("--hostname value"));
        let known = || {
            let ask = || {
                asked.set(asked.get() + 1);
                Runner::ordinary().read(&Cmd::new("echo").arg(help.get()))
            };
            (flags(Some(&program), &memory, true, ask).unwrap(), asked.get())
        };
        fs::write(&program, "one").unwrap();
        let old = Flags { hostname: true, rlimit: false };
        assert_eq!((known(), known()), ((old, 1), (old, 1)));
        fs::write(&program, "two").unwrap();
        help.set("--hostname value --rlimit-nofile value");
        let new = Flags { hostname: true, rlimit: true };
        assert_eq!((known(), known()), ((new, 2), (new, 2)));
        fs::write(&memory, "no JSON").unwrap();
        assert_eq!(known(), (new, 3));
    }
}
