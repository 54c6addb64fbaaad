//! What another try at a run's work needs, beside its plan.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What a run was started with that its plan does not keep. Names of variables, and none of their values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    pub prompt: Option<String>,
    /// The prompt was in a variable, whose value is not kept.
    #[serde(default)]
    pub prompt_in_variable: bool,
    pub env: Vec<String>,
    pub secret: Vec<String>,
    pub ssh: bool,
    pub no_hooks: bool,
    pub with_settings: bool,
    #[serde(default)]
    pub keys_inside: bool,
    #[serde(default)]
    pub model_endpoint: Vec<String>,
    pub seccomp_profile: Option<PathBuf>,
    /// It was detached, with a screen of its own.
    #[serde(default)]
    pub screen_apart: bool,
}

/// The run that another one tries again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryOf {
    pub name: String,
    /// Two runs can have the same name, one after the other.
    pub session: String,
    /// What went wrong there, for the agent.
    pub went_wrong: String,
}
