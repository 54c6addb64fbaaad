//! What of the agent's work reaches past the container: files that programs of the host run or obey.

use serde::{Deserialize, Serialize};

use super::RunError;
use crate::container::handoff::{Handoff, classify};
use crate::git::collect::Collected;
use crate::git::prepare::RunGit;
use crate::git::{Git, changes};
use crate::printable::printable_path;

/// A changed file that is handed to a program of the host.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HandedOver {
    pub path: String,
    /// Who runs or obeys it.
    pub obeyed_by: String,
    /// It works without anybody asking: the merge waits.
    pub held: bool,
}

/// Looks through what a merge would bring to the target.
pub fn review(git: &Git, prepared: &RunGit, collected: &Collected) -> Result<Vec<HandedOver>, RunError> {
    let changed = changes::brought_to_target(git, prepared, &collected.head)?;
    let hooks = prepared.hooks_in_tree.as_ref().map(|folder| folder.0.as_path());
    let found = classify(changed.iter().map(|change| change.path.as_path()), hooks);
    let listed = |held: bool| {
        move |handoff: Handoff| HandedOver {
            path: printable_path(&handoff.path),
            obeyed_by: handoff.obeyed_by.to_owned(),
            held,
        }
    };
    Ok(found.held.into_iter().map(listed(true)).chain(found.named.into_iter().map(listed(false))).collect())
}

/// Why the merge waits for somebody to look, if it does.
pub fn reason_to_hold(handed_over: &[HandedOver], collected: &Collected) -> Option<String> {
    let files = handed_over.iter().filter(|file| file.held).map(|file| format!("{} ({})", file.path, file.obeyed_by));
    let reasons: Vec<String> = collected.holds.iter().cloned().chain(files).collect();
    (!reasons.is_empty()).then(|| format!("look at this before it is merged: {}", reasons.join(", ")))
}
