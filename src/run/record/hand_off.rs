//! Files of the work that programs of the host run or obey.

use serde::{Deserialize, Serialize};

/// A changed file that is handed to a program of the host.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HandOff {
    pub path: String,
    /// Who runs or obeys it.
    pub obeyed_by: String,
    /// It works without anybody asking: the merge waits.
    pub held: bool,
    /// The file is in no commit, only in the worktree: no merge brings it anywhere, but it acts on whoever opens that folder.
    #[serde(default)]
    pub uncommitted: bool,
}
