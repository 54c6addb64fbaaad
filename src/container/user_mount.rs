//! A folder or file of the host's that the user gives to a container: how it is typed, and where it may be inside.

use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::container::agent::Agent;
use crate::container::mount::Mount;
use crate::container::wall::Identity;
use crate::container::{HOME_INSIDE, agent_home, caches};
use crate::error::Usage;

/// What the entrypoint is told: folders that other agents can write to as well, with `:` between them.
pub const SHARED: &str = "BN_SHARED";

/// Where nothing of the user's may be: what bn mounts, what the kernel shows, and the image's programs and their settings.
const TAKEN: [&str; 18] = [
    "/workspace",
    "/binnacle",
    "/caches",
    "/copilot-config",
    "/run",
    "/var/run",
    "/var/lock",
    "/proc",
    "/sys",
    "/dev",
    "/etc",
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
];
/// Memory that goes with the container: something of the user's may be in it, and not in its place.
const MEMORY: [&str; 3] = [HOME_INSIDE, "/tmp", "/var/tmp"];
/// Folders of the home in which bn and the agents' programs make others.
const OF_PROGRAMS: [&str; 5] = [".cache", ".config", ".local", ".claude.json", ".yarn"];

/// As it is typed: `SRC[:DST][:ro|:rw]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedMount {
    pub source: String,
    pub destination: Option<PathBuf>,
    pub writable: bool,
}

/// One that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserMount {
    /// On the host; no link is on the way to it.
    pub source: PathBuf,
    pub destination: PathBuf,
    pub writable: bool,
    /// The very folder or file that was looked at.
    pub identity: Identity,
}

impl UserMount {
    pub fn mount(&self) -> Mount {
        let (source, destination) = (&self.source, &self.destination);
        let mount = match self.writable {
            true => Mount::read_write(source, destination),
            false => Mount::read_only(source, destination),
        };
        mount.of_identity(self.identity)
    }
}

impl FromStr for WantedMount {
    type Err = Usage;

    fn from_str(typed: &str) -> Result<Self, Usage> {
        let wrong = |why: &str| {
            Usage::new(format!("--mount {typed}: {why}"))
                .hint("such as: --mount ~/data:/data, or --mount ~/data:/data:rw")
        };
        let mut words: Vec<&str> = typed.split(':').collect();
        let mode = words.pop_if(|word| matches!(*word, "ro" | "rw"));
        let (source, destination) = match words[..] {
            [source] => (source, None),
            [source, destination] => (source, Some(destination)),
            [] => return Err(wrong("no folder is named")),
            _ => return Err(wrong("a mount is SRC[:DST][:ro|:rw], and no path has a `:` in it")),
        };
        if source.is_empty() {
            return Err(wrong("no folder is named"));
        }
        let destination = destination.map(PathBuf::from);
        if let Some(why) = destination.as_deref().and_then(|place| refuse_place(place, mode == Some("rw"))) {
            return Err(wrong(&why));
        }
        Ok(Self { source: source.to_owned(), destination, writable: mode == Some("rw") })
    }
}

/// In a configuration there is no folder from which everybody would read a path.
pub fn check_in_file(typed: &str) -> Result<(), Usage> {
    let wanted: WantedMount = typed.parse()?;
    match wanted.source.starts_with('/') || wanted.source.starts_with("~/") {
        true => Ok(()),
        false => Err(Usage::new("the path of a mount in a configuration begins with / or ~/")),
    }
}

/// Why no mount of the user's may be there; `None` where it may.
pub fn refuse_place(place: &Path, writable: bool) -> Option<String> {
    let shown = place.display();
    let plain = place.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    if !place.is_absolute() || !plain || place.as_os_str().as_encoded_bytes().iter().any(u8::is_ascii_control) {
        return Some(format!("{shown} is no absolute path in the container"));
    }
    let touches = |taken: &&&str| place.starts_with(taken) || Path::new(taken).starts_with(place);
    if let Some(taken) = TAKEN.iter().find(touches) {
        return Some(format!("{shown} would cover {taken} of the container: name another place, such as /data"));
    }
    if let Some(taken) = MEMORY.iter().find(|taken| Path::new(taken).starts_with(place)) {
        return Some(format!("{shown} would cover {taken} of the container: name a folder in it, or another place"));
    }
    let Ok(in_home) = place.strip_prefix(HOME_INSIDE) else {
        let memory = MEMORY.iter().find(|memory| place.starts_with(memory)).filter(|_| writable)?;
        return Some(format!("what can be written is not mounted in {memory}: name another place, such as /data"));
    };
    refuse_in_home(in_home, writable).map(|why| format!("{shown} {why}"))
}

/// Folders above it would be root's, and closed to the agent.
fn refuse_in_home(path: &Path, writable: bool) -> Option<String> {
    let first = path.components().next()?;
    let of_agents = [Agent::Claude, Agent::Codex, Agent::Copilot].map(|agent| agent_home::of(agent).folder);
    let is_first = |taken: &str| Path::new(taken).components().next() == Some(first);
    let used = OF_PROGRAMS.into_iter().chain(of_agents).chain(caches::places()).any(is_first);
    match (writable, used || path.components().count() > 1) {
        (true, _) => {
            Some("is in the home, where nothing that can be written is mounted: name another place".to_owned())
        }
        (_, true) => {
            Some("is where programs make folders of their own: name a place right in the home, or another".to_owned())
        }
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests;
