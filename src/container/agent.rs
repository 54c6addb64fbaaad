//! Agents: which program, what for, and what it is told.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// An agent program that a run can start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Agent {
    Copilot,
    Claude,
    Codex,
}

impl Agent {
    /// The name of the program.
    pub fn program(self) -> &'static str {
        match self {
            Agent::Copilot => "copilot",
            Agent::Claude => "claude",
            Agent::Codex => "codex",
        }
    }

    /// The agent that a program of this name, or path, is.
    pub fn of_program(program: &str) -> Option<Self> {
        let name = program.rsplit('/').next().unwrap_or_default();
        Self::value_variants().iter().copied().find(|agent| agent.program() == name)
    }
}

/// What an agent is there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentType {
    #[default]
    #[value(alias = "coder")]
    Worker,
    Planner,
    Buddy,
}

impl AgentType {
    pub fn name(self) -> &'static str {
        match self {
            AgentType::Worker => "worker",
            AgentType::Planner => "planner",
            AgentType::Buddy => "buddy",
        }
    }
}

/// What an agent is told when nobody says anything else.
pub const DEFAULT_PROMPT: &str = "Look at `bn ready`, take the task that fits best with `bn task claim ID`, and complete it. \
Commit your work, close the task with `bn task close ID`, and end with `bn goodbye \"what you did\"`.";

/// What an agent that goes on with a session is told when nobody says anything else, and nobody is there to.
pub const CONTINUE_PROMPT: &str = "Go on where you stopped. Commit your work, close the task with `bn task close ID`, and end with `bn goodbye \"what you did\"`.";

/// The image's entrypoint, which builds the agent program's command line where it is given none.
pub const ENTRYPOINT: &str = "/usr/local/bin/binnacle-entrypoint";
