//! Records of format 1, as older versions of bn wrote them: they say several facts two and three times.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::container::limits::Limits;
use crate::git::host::checkout::{Checkout, Layout};
use crate::git::host::target::Target;
use crate::git::private::Start;
use crate::git::private::run_git::Folder;
use crate::untrusted::nested::NestedGit;

#[derive(Deserialize)]
struct OldRecord {
    spec: OldSpec,
    git: Option<OldGit>,
    /// What format 2 calls the same.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct OldSpec {
    repository: PathBuf,
    common_dir: PathBuf,
    worktree: PathBuf,
    branch: Option<String>,
    target: String,
    container: OldContainer,
    /// What format 2 calls the same.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct OldContainer {
    image: String,
    env: Vec<(String, String)>,
    /// The entrypoint, and the command that runs in the place of the agent program.
    args: Vec<String>,
    limits: Limits,
    /// `{"Terminal": …}` or `{"Log": …}`
    streams: Map<String, Value>,
}

#[derive(Deserialize)]
struct OldGit {
    checkout: Checkout,
    target: Target,
    dot_git: Option<Vec<u8>>,
    nested: Vec<NestedGit>,
    bare: Vec<Folder>,
}

/// Returns what a record of format 1 says in the words of format 2.
pub fn as_2(bytes: &[u8]) -> serde_json::Result<Value> {
    let OldRecord { spec, git, mut rest } = serde_json::from_slice(bytes)?;
    let (checkout, target) = match &git {
        Some(git) => (git.checkout.clone(), git.target.clone()),
        None => (unprepared(&spec), Target { branch: spec.target.clone(), note: None, checkout: None }),
    };
    let start = git.map(|git| Start {
        head: git.checkout.head,
        dot_git: git.dot_git,
        nested: git.nested,
        bare: git.bare,
        submodules: Vec::new(),
    });
    put(&mut rest, "format", 2)?;
    put(&mut rest, "start", start)?;
    put(&mut rest, "spec", spec_as_2(spec, checkout, target)?)?;
    Ok(Value::Object(rest))
}

fn spec_as_2(old: OldSpec, checkout: Checkout, target: Target) -> serde_json::Result<Map<String, Value>> {
    let OldSpec { container, mut rest, .. } = old;
    let agent = container.env.into_iter().find(|(name, _)| name == "BN_AGENT").map(|(_, agent)| agent);
    put(&mut rest, "agent", agent.unwrap_or_else(|| "copilot".to_owned()))?;
    put(&mut rest, "command", container.args.get(1..).unwrap_or_default())?;
    put(&mut rest, "terminal", container.streams.contains_key("Terminal"))?;
    put(&mut rest, "image", container.image)?;
    put(&mut rest, "limits", container.limits)?;
    put(&mut rest, "checkout", checkout)?;
    put(&mut rest, "target", target)?;
    Ok(rest)
}

/// The checkout of a run that was not prepared: no agent has seen it, and its commit is not known.
fn unprepared(old: &OldSpec) -> Checkout {
    Checkout {
        worktree: old.worktree.clone(),
        git_dir: old.worktree.join(".git"),
        common_dir: old.common_dir.clone(),
        main_worktree: old.repository.clone(),
        layout: Layout::Plain,
        branch: old.branch.clone(),
        head: String::new(),
        object_format: "sha1".to_owned(),
    }
}

fn put(map: &mut Map<String, Value>, name: &str, value: impl Serialize) -> serde_json::Result<()> {
    map.insert(name.to_owned(), serde_json::to_value(value)?);
    Ok(())
}

#[cfg(test)]
mod tests;
