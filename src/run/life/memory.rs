//! What an agent program remembers of a worktree: its sessions, settings and history, in a folder that outlives its runs.
//! Agents write there. The host makes the folder, looks for the names of sessions, measures and removes it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::container::agent_home::{self, Sessions};
use crate::error::Failure;
use crate::git::host::checkout::Checkout;
use crate::run::life::lasting::{self, Emptied, Lasting};
use crate::run::record::run::Run;
use crate::run::record::run_json::RunSpec;
use crate::run::record::{RunError, store};
use crate::untrusted::{nofollow, remove};

/// So many bytes are kept for a worktree and an agent, or none.
const MOST: u64 = 2 << 30;
/// So many entries are looked at to find a session.
const MOST_ENTRIES: usize = 10_000;
/// Beside the folders of the agents, which cannot write to it.
const LABEL: &str = "worktree.json";

/// The worktree of which agents remember something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Label {
    worktree: PathBuf,
    git_dir: PathBuf,
    /// When git made the worktree; `None` for the main one.
    made: Option<(i64, i64)>,
}

impl Label {
    fn of(checkout: &Checkout) -> Self {
        let (worktree, git_dir) = (checkout.worktree.clone(), checkout.git_dir.clone());
        Self { worktree, made: made(&git_dir), git_dir }
    }

    /// `None` where it is not there, or damaged.
    fn read(memory: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(memory.join(LABEL)).ok()?).ok()
    }

    fn is_of(&self, checkout: &Checkout) -> bool {
        self.git_dir == checkout.git_dir && self.made == made(&checkout.git_dir)
    }

    fn is_gone(&self) -> bool {
        !self.git_dir.exists() || self.made != made(&self.git_dir)
    }
}

/// git writes this file when it adds a worktree, and never again.
fn made(git_dir: &Path) -> Option<(i64, i64)> {
    let found = fs::symlink_metadata(git_dir.join("commondir")).ok()?;
    Some((found.mtime(), found.mtime_nsec()))
}

/// Makes the folder for a run. What was remembered of another worktree that was in this place goes; with `fresh`, all.
pub fn prepare(spec: &RunSpec, fresh: bool) -> Result<(), Failure> {
    let Some((home, memory)) = spec.agent_home.as_deref().and_then(|home| Some((home, home.parent()?))) else {
        return Ok(());
    };
    if Label::read(memory).is_none_or(|label| !label.is_of(&spec.checkout)) {
        remove::folder(memory)?;
    }
    if fresh {
        remove::folder(home)?;
    }
    lasting::prepare(memory)?;
    let label = serde_json::to_vec(&Label::of(&spec.checkout)).map_err(|error| io::Error::other(error.to_string()));
    let path = memory.join(LABEL);
    let written = label.and_then(|label| store::write_durably(&path, &label, 0o600));
    written.map_err(|source| RunError::io("write", &path, source))?;
    Ok(lasting::prepare(home)?)
}

/// Copies of the user's settings, in the folder that goes with the run.
pub fn write_settings(runtime: &Path, files: &[(PathBuf, Vec<u8>)]) -> Result<(), RunError> {
    let folder = settings(runtime);
    for (path, bytes) in files {
        let path = folder.join(path);
        let written = store::create_private(path.parent().unwrap_or(&folder));
        let written = written.and_then(|()| store::create_file(&path, bytes, 0o600));
        written.map_err(|source| RunError::io("write", &path, source))?;
    }
    Ok(())
}

/// On the host: the copies of the user's settings.
pub fn settings(runtime: &Path) -> PathBuf {
    runtime.join("settings")
}

/// Whether an agent has a session of this worktree to go on with.
pub fn has_session(home: &Path, checkout: &Checkout, sessions: &Sessions) -> bool {
    let label = home.parent().and_then(Label::read);
    label.is_some_and(|label| label.is_of(checkout)) && find_session(home, sessions).unwrap_or(false)
}

/// Goes by names and kinds, and opens folders alone.
fn find_session(home: &Path, sessions: &Sessions) -> io::Result<bool> {
    let mut folder = nofollow::open_folder(home)?;
    for name in sessions.folder {
        folder = nofollow::folder_in(&folder, name.as_ref())?;
    }
    let (mut open, mut looked_at) = (vec![(folder, 0)], 0);
    while let Some((folder, depth)) = open.pop() {
        for name in nofollow::names(&folder, MOST_ENTRIES)? {
            let name = name.to_string_lossy().into_owned();
            looked_at += 1;
            let kind = nofollow::kind_of(&folder, name.as_ref())?;
            if depth == sessions.depth && kind.is_file() && name.ends_with(sessions.ends_with) {
                return Ok(true);
            }
            if depth < sessions.depth && kind.is_dir() && looked_at < MOST_ENTRIES {
                open.push((nofollow::folder_in(&folder, name.as_ref())?, depth + 1));
            }
        }
    }
    Ok(false)
}

/// After a run: what has grown too large, or cannot be measured, goes. Returns what the user should hear.
pub fn bound(run: &Run) -> Option<String> {
    let spec = &run.record.spec;
    let (home, agent) = (spec.agent_home.as_deref()?, spec.agent_inside()?);
    let what = format!("~/{} of the agent was", agent_home::of(agent).folder);
    Lasting::of(run, home)?.bound(run, MOST, &what)
}

/// What agents remember of one worktree.
#[derive(Debug)]
pub struct Remembered {
    pub lasting: Lasting,
    /// The worktree, where that is known.
    pub worktree: Option<PathBuf>,
    /// It is not there any more, or another is in its place.
    pub gone: bool,
}

/// What agents remember of the worktrees of a repository. `agents` is its folder, `runs` that of its runs.
pub fn all(agents: &Path, runs: &Path) -> Result<Vec<Remembered>, RunError> {
    let failed = |source| RunError::io("read", agents, source);
    let entries = match fs::read_dir(agents) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        // What a removal that was cut off has left goes with the folder that it was.
        let folder = entry.map_err(failed)?.path().with_extension("");
        let label = Label::read(&folder);
        let lasting = Lasting { folder, runs: runs.to_owned() };
        let gone = label.as_ref().is_none_or(Label::is_gone);
        found.push(Remembered { lasting, worktree: label.map(|label| label.worktree), gone });
    }
    found.sort_by(|one, other| one.lasting.folder.cmp(&other.lasting.folder));
    found.dedup_by(|one, other| one.lasting.folder == other.lasting.folder);
    Ok(found)
}

/// Forgets what agents remember of worktrees that are gone. Returns what the user should hear.
pub fn forget_gone(agents: &Path, runs: &Path) -> Result<Vec<String>, Failure> {
    let mut said = Vec::new();
    for remembered in all(agents, runs)?.into_iter().filter(|remembered| remembered.gone) {
        if remembered.lasting.empty(None)? == Emptied::Gone {
            let worktree =
                remembered.worktree.map_or_else(|| "a worktree".to_owned(), |path| path.display().to_string());
            said.push(format!("forgot what agents remember of {worktree}: that worktree is gone"));
        }
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::agent::Agent;

    #[test]
    fn a_session_is_found_where_each_agent_keeps_its_own() {
        for (agent, file) in [
            (Agent::Claude, "projects/-workspace/1.jsonl"),
            (Agent::Codex, "sessions/2026/11/26/rollout-1.jsonl"),
            (Agent::Copilot, "session-state/1/events.jsonl"),
        ] {
            let home = tempfile::tempdir().unwrap();
            let sessions = &agent_home::of(agent).sessions;
            assert!(!find_session(home.path(), sessions).unwrap_or(false));
            let path = home.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            assert!(!find_session(home.path(), sessions).unwrap());
            fs::write(&path, "{}").unwrap();
            assert!(find_session(home.path(), sessions).unwrap(), "{file}");
        }
    }

    #[test]
    fn links_lead_to_no_session() {
        let (home, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(outside.path().join("-workspace")).unwrap();
        fs::write(outside.path().join("-workspace/1.jsonl"), "{}").unwrap();
        let sessions = &agent_home::of(Agent::Claude).sessions;
        std::os::unix::fs::symlink(outside.path(), home.path().join("projects")).unwrap();
        assert!(!find_session(home.path(), sessions).unwrap_or(false));
        fs::remove_file(home.path().join("projects")).unwrap();
        fs::create_dir_all(home.path().join("projects/-workspace")).unwrap();
        let link = home.path().join("projects/-workspace/1.jsonl");
        std::os::unix::fs::symlink(outside.path().join("-workspace/1.jsonl"), link).unwrap();
        assert!(!find_session(home.path(), sessions).unwrap());
    }
}
