//! What a person tells an agent that works: kept in a file that the container sees read-only, and shown by `bn` in there.
//!
//! What was shown is marked in the folder that the agent can write. An agent that makes such marks itself takes its own messages
//! away, and nothing else.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::run::record::folder::Folder;
use crate::run::watch::status::{CONTROL_INSIDE, STATUS_INSIDE};

/// In the folder of the pipes: a JSON value a line.
const TOLD: &str = "told";
/// In the folder that the agent can write: one file for each that was shown, with its number.
const SHOWN: &str = "shown-";
/// The most that may be said at once, and in the life of a run. Bytes.
pub const LONGEST: usize = 8 << 10;
const LONGEST_FILE: u64 = 1 << 20;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub at: DateTime<Utc>,
    pub text: String,
}

/// A message, and whether `bn` has shown it inside. That it was is the word of the container.
#[derive(Debug, Serialize)]
pub struct Told {
    #[serde(flatten)]
    message: Message,
    shown: bool,
}

impl Told {
    pub fn text(&self) -> &str {
        &self.message.text
    }
}

/// Adds a message. `false`: the run has been told as much as it may be.
pub fn tell(folder: &Folder, message: &Message) -> io::Result<bool> {
    let path = folder.control().join(TOLD);
    // The container's user is the one who owns the file.
    let mut file = OpenOptions::new().append(true).create(true).mode(0o644).open(&path)?;
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    if file.metadata()?.len() + line.len() as u64 > LONGEST_FILE {
        return Ok(false);
    }
    // One call: a reader sees whole lines, and several people may speak at once.
    file.write_all(&line)?;
    file.sync_all()?;
    Ok(true)
}

/// What a run was told, the first one first.
pub fn all(folder: &Folder) -> Vec<Told> {
    let numbered = read(&folder.control()).into_iter().enumerate();
    numbered.map(|(number, message)| Told { shown: mark(&folder.status(), number).exists(), message }).collect()
}

/// In the container: everything that this run was told.
pub fn inside() -> Vec<Message> {
    read(Path::new(CONTROL_INSIDE))
}

/// In the container: what nobody was shown yet, and from now on counts as shown.
pub fn take() -> Vec<Message> {
    taken(Path::new(CONTROL_INSIDE), Path::new(STATUS_INSIDE))
}

fn taken(control: &Path, status: &Path) -> Vec<Message> {
    let is_first = |number| OpenOptions::new().write(true).create_new(true).open(mark(status, number)).is_ok();
    let numbered = read(control).into_iter().enumerate();
    numbered.filter(|(number, _)| is_first(*number)).map(|(_, message)| message).collect()
}

fn mark(status: &Path, number: usize) -> PathBuf {
    status.join(format!("{SHOWN}{number}"))
}

/// Where nothing was told there is no file.
fn read(control: &Path) -> Vec<Message> {
    let mut bytes = Vec::new();
    let opened = File::open(control.join(TOLD));
    drop(opened.and_then(|file| file.take(LONGEST_FILE).read_to_end(&mut bytes)));
    // A line that a power cut has left unfinished tells nothing.
    bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

/// Messages, marked as the person's; `None` where there is none.
pub fn marked(messages: &[Message]) -> Option<String> {
    let said = |message: &Message| {
        format!("The person whose work this is says, at {}:\n{}", message.at.format("%H:%M:%SZ"), message.text)
    };
    (!messages.is_empty()).then(|| messages.iter().map(said).collect::<Vec<_>>().join("\n"))
}

/// Whether what this process writes on standard error is thrown away.
pub fn nobody_listens() -> bool {
    let null = fs::metadata("/dev/null").ok();
    let device = |found: &fs::Metadata| std::os::unix::fs::MetadataExt::rdev(found);
    let stderr = rustix::fs::fstat(io::stderr()).ok();
    null.zip(stderr).is_some_and(|(null, stderr)| device(&null) == stderr.st_rdev)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Message {
        Message { at: DateTime::UNIX_EPOCH, text: text.to_owned() }
    }

    fn folder() -> (tempfile::TempDir, Folder) {
        let top = tempfile::tempdir().unwrap();
        let folder = Folder::new(top.path());
        fs::create_dir(folder.control()).unwrap();
        fs::create_dir(folder.status()).unwrap();
        (top, folder)
    }

    fn shown(folder: &Folder) -> Vec<String> {
        taken(&folder.control(), &folder.status()).into_iter().map(|message| message.text).collect()
    }

    #[test]
    fn each_is_shown_once_however_many_ask() {
        let (_top, folder) = folder();
        assert!(shown(&folder).is_empty());
        tell(&folder, &message("one\ntwo")).unwrap();
        let together: Vec<String> = std::thread::scope(|scope| {
            let askers: Vec<_> = (0..8).map(|_| scope.spawn(|| shown(&folder))).collect();
            askers.into_iter().flat_map(|asker| asker.join().unwrap()).collect()
        });
        assert_eq!(together, ["one\ntwo"]);
        tell(&folder, &message("three")).unwrap();
        let told: Vec<bool> = all(&folder).iter().map(|told| told.shown).collect();
        assert_eq!(told, [true, false]);
        assert_eq!(shown(&folder), ["three"]);
    }

    #[test]
    fn a_run_that_was_told_very_much_is_told_no_more() {
        let (_top, folder) = folder();
        let long = message(&"a".repeat(LONGEST));
        let told = (0..1000).take_while(|_| tell(&folder, &long).unwrap()).count();
        assert!((100..128).contains(&told), "{told}");
        assert_eq!(read(&folder.control()).len(), told, "all of it is read");
    }

    #[test]
    fn whatever_the_agent_makes_of_its_marks_others_are_shown() {
        let (_top, folder) = folder();
        tell(&folder, &message("one")).unwrap();
        tell(&folder, &message("two")).unwrap();
        let outside = folder.path().join("outside");
        std::os::unix::fs::symlink(&outside, mark(&folder.status(), 0)).unwrap();
        assert_eq!(shown(&folder), ["two"]);
        assert!(!outside.exists(), "no link is followed");
    }
}
