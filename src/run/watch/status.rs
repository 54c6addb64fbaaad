//! What the host and the entrypoint tell each other: files in a folder that the agent can write, and pipes in one that it cannot.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, OFlags};

use crate::run::record::folder::Folder;

/// In the container: the folder that the entrypoint writes to.
pub const STATUS_INSIDE: &str = "/run/binnacle/status";
/// In the container: the folder with the pipes.
pub const CONTROL_INSIDE: &str = "/run/binnacle/ctl";

const GO: &str = "go";
const STOP: &str = "stop";
const STARTED: &str = "started";
const EXIT: &str = "exit";
/// What the agent reads first.
const PAGE: &str = "page";
/// What went wrong in the run that this one tries again.
const BEFORE: &str = "before";
const LONGEST_BEFORE: u64 = 64 << 10;

/// The longest answer that is read.
const LONGEST: u64 = 256;

/// What the entrypoint wrote when the agent was gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitStatus {
    pub code: u8,
    pub out_of_memory: bool,
    /// The agent was not started: what was to be done before it failed.
    pub set_up_failed: bool,
}

/// Makes both folders and the pipes.
pub fn create(folder: &Folder) -> io::Result<()> {
    crate::run::record::store::create_private(&folder.status())?;
    let control = folder.control();
    crate::run::record::store::create_private(&control)?;
    for pipe in [GO, STOP] {
        rustix::fs::mknodat(CWD, control.join(pipe), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
    }
    Ok(())
}

/// Writes down for the agent what went wrong in the run that it tries again.
pub fn tell_before(folder: &Folder, text: &str) -> io::Result<()> {
    crate::run::record::store::create_file(&folder.control().join(BEFORE), text.as_bytes(), 0o444)
}

/// Writes down for the agent what it reads first.
pub fn tell_page(folder: &Folder, page: &str) -> io::Result<()> {
    crate::run::record::store::create_file(&folder.control().join(PAGE), page.as_bytes(), 0o444)
}

/// What went wrong before, read in the container, where the agent cannot have written it.
pub fn told_before() -> Option<String> {
    let file = File::open(Path::new(CONTROL_INSIDE).join(BEFORE)).ok()?;
    let mut text = String::new();
    file.take(LONGEST_BEFORE).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Whether the entrypoint has dropped its privileges and waits for `go`.
pub fn has_started(folder: &Folder) -> bool {
    fs::symlink_metadata(folder.status().join(STARTED)).is_ok_and(|found| found.is_file())
}

/// Lets the entrypoint go on. `false` when it did not wait within this time.
pub fn open_gate(folder: &Folder, patience: Duration) -> io::Result<bool> {
    send(&folder.control().join(GO), b"go\n", patience)
}

/// A pipe at which one more program of a container waits until the host has looked at it. It goes with this value.
#[derive(Debug)]
pub struct Gate(std::path::PathBuf);

impl Gate {
    /// `name` is the program's own among those of the run.
    pub fn make(folder: &Folder, name: &str) -> io::Result<Self> {
        let path = folder.control().join(name);
        rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
        Ok(Self(path))
    }

    /// Where the program finds it.
    pub fn inside(&self) -> std::path::PathBuf {
        Path::new(CONTROL_INSIDE).join(self.0.file_name().unwrap_or_default())
    }

    /// The way to tell a program that waits; `None` where none does yet.
    pub fn waiting(&self) -> io::Result<Option<File>> {
        writer(&self.0)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // The run's end removes what this leaves.
        drop(fs::remove_file(&self.0));
    }
}

/// Lets a program that waits go on. `false` where it is gone.
pub fn open(gate: &mut File) -> io::Result<bool> {
    say(gate, b"go\n")
}

/// Asks the entrypoint to send TERM to the agent, which needs no privilege. `false` when nobody listens.
pub fn ask_to_stop(folder: &Folder) -> io::Result<bool> {
    send(&folder.control().join(STOP), b"stop\n", Duration::ZERO)
}

/// A pipe without a reader gives ENXIO at once instead of blocking for ever.
fn writer(pipe: &Path) -> io::Result<Option<File>> {
    let nonblocking = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    match OpenOptions::new().write(true).custom_flags(nonblocking.bits().cast_signed()).open(pipe) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => Ok(None),
        Err(error) => Err(error),
    }
}

fn send(pipe: &Path, word: &[u8], patience: Duration) -> io::Result<bool> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(mut file) = writer(pipe)? {
            return say(&mut file, word);
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The agent may read and fill the pipe, too: one that takes no more is one that nobody listens to.
fn say(pipe: &mut File, word: &[u8]) -> io::Result<bool> {
    match pipe.write_all(word) {
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::BrokenPipe) => Ok(false),
        other => other.map(|()| true),
    }
}

/// How the agent ended, where it got as far as saying so.
///
/// A file that cannot be read counts as absent, whatever the reason: the folder is the agent's, which could keep its run from ever ending
/// with a link or a closed folder in the place of the file.
pub fn exit_status(folder: &Folder) -> Option<ExitStatus> {
    read_foreign(&folder.status().join(EXIT)).ok().and_then(|text| parse_exit(&text))
}

/// Reads a file that the agent may have replaced by anything: no link is followed, no pipe waited for.
fn read_foreign(path: &Path) -> io::Result<String> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file: File = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(String::new());
    }
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `code=N oom=N`, and `setup=1` where the set-up failed.
fn parse_exit(text: &str) -> Option<ExitStatus> {
    let field = |name: &str| text.split_whitespace().find_map(|word| word.strip_prefix(name)?.parse::<u64>().ok());
    let code = u8::try_from(field("code=")?).ok()?;
    let is_set = |name| field(name).is_some_and(|count| count > 0);
    Some(ExitStatus { code, out_of_memory: is_set("oom="), set_up_failed: is_set("setup=") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_entrypoint() {
        let of = |code, out_of_memory, set_up_failed| Some(ExitStatus { code, out_of_memory, set_up_failed });
        assert_eq!(parse_exit("code=137 oom=2\n"), of(137, true, false));
        assert_eq!(parse_exit("code=0 oom=0"), of(0, false, false));
        assert_eq!(parse_exit("code=3 oom=0 setup=1"), of(3, false, true));
        for nonsense in ["", "code=", "code=999 oom=0", "oom=1"] {
            assert_eq!(parse_exit(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn what_the_agent_put_in_place_of_the_file_is_not_followed_and_stops_nobody() {
        let top = tempfile::tempdir().unwrap();
        let folder = Folder::new(top.path());
        create(&folder).unwrap();
        let exit = folder.status().join(EXIT);
        let secret = folder.path().join("secret");
        fs::write(&secret, "code=0 oom=0").unwrap();
        std::os::unix::fs::symlink(&secret, &exit).unwrap();
        assert_eq!(exit_status(&folder), None);
        fs::remove_file(&exit).unwrap();
        rustix::fs::mknodat(CWD, &exit, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        assert_eq!(exit_status(&folder), None);
        fs::remove_file(&exit).unwrap();
        fs::create_dir(&exit).unwrap();
        assert_eq!(exit_status(&folder), None);
        fs::remove_dir(folder.status().join(EXIT)).unwrap();
        fs::remove_dir(folder.status()).unwrap();
        fs::write(folder.status(), "").unwrap();
        assert_eq!(exit_status(&folder), None);
    }

    #[test]
    fn a_pipe_that_nobody_reads_or_that_is_full_holds_nobody() {
        let top = tempfile::tempdir().unwrap();
        let folder = Folder::new(top.path());
        create(&folder).unwrap();
        assert!(!ask_to_stop(&folder).unwrap(), "nobody reads");
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let mut options = OpenOptions::new();
        let mut pipe = options.read(true).write(true).custom_flags(flags).open(folder.control().join(STOP)).unwrap();
        while pipe.write(&[0; 4096]).is_ok() {}
        assert!(!ask_to_stop(&folder).unwrap(), "it is full");
    }
}
