//! `bn container tell`: a word for an agent that works.

use std::fmt;

use serde::Serialize;

use crate::cli::container::TellArgs;
use crate::commands::container::find::{Runs, is_stoppable};
use crate::commands::{Context, Exit};
use crate::container::agent::Agent;
use crate::error::{Failure, Usage};
use crate::graph::model::text::block;
use crate::process::Cmd;
use crate::run::record::RunError;
use crate::run::record::census::Seen;
use crate::run::record::run_json::{Mode, RunSpec};
use crate::run::record::state::State;
use crate::run::watch::activity::{Activity, activity};
use crate::run::watch::told::{LONGEST, Message, tell};

/// Older ones were seen to know no policies of the machine, where its hooks stand: 1.0.32 has none, 1.0.64 has.
const COPILOT_WITH_POLICIES: &str = "1.0.64";

/// How a message gets to the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Reaches {
    /// The agent program asks `bn` after each call of a tool, and before it stops.
    Hook,
    /// `bn` shows it when it is called.
    Call,
}

impl Reaches {
    fn of(spec: &RunSpec) -> Self {
        match spec.agent_inside() {
            Some(Agent::Claude | Agent::Codex | Agent::Copilot) => Reaches::Hook,
            None => Reaches::Call,
        }
    }
}

#[derive(Serialize)]
struct Sent<'a> {
    name: &'a str,
    #[serde(flatten)]
    message: Message,
    reaches: Reaches,
}

impl fmt::Display for Sent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reaches {
            Reaches::Hook => writeln!(f, "{} hears it after its next tool call, or before it stops", self.name),
            Reaches::Call => writeln!(f, "{} hears it when it next calls bn (bn ready, bn task …)", self.name),
        }
    }
}

pub fn run(args: &TellArgs, context: &Context) -> Result<Exit, Failure> {
    let runs = Runs::read(context)?;
    let seen = runs.named(&args.name, is_stoppable)?;
    let text = fit(&args.text.join(" "))?;
    let (name, found) = (seen.record.name(), listening(&seen, &text)?);
    let message = Message { at: crate::env::now(), text };
    let told = tell(&seen.folder, &message);
    if !told.map_err(|source| RunError::io("write to", &seen.folder.control(), source))? {
        return Err(anyhow::anyhow!("{name} has been told as much as a run can be").into());
    }
    if found == Activity::Paused {
        context.output.note(format_args!("{name} is paused, and hears it after: bn container resume {name}"));
    }
    if seen.record.spec.screen.is_some() {
        context.output.note(format_args!("where it waits for you, answer on its screen: bn container attach {name}"));
    }
    if seen.record.spec.agent_inside() == Some(Agent::Copilot) {
        context.output.note(format_args!(
            "a Copilot older than {COPILOT_WITH_POLICIES} hears it only when it next calls bn; whether it was shown: bn container inspect {name}"
        ));
    }
    context.output.print(&Sent { name, message, reaches: Reaches::of(&seen.record.spec) })?;
    Ok(Exit::DONE)
}

/// The text without what nobody sees or a terminal would obey.
fn fit(text: &str) -> Result<String, Usage> {
    let text = block(text, "").trim().to_owned();
    if text.is_empty() {
        return Err(Usage::new("there is nothing to tell").hint("bn container tell NAME 'Keep the old names'"));
    }
    if text.len() > LONGEST {
        let long = format!("a message may have {} KiB, and this has {}", LONGEST >> 10, text.len().div_ceil(1 << 10));
        return Err(Usage::new(long).hint("put it into a file of the worktree, and tell the agent to read that"));
    }
    Ok(text)
}

/// Refuses where no agent is there to be told, or there will be none.
fn listening(seen: &Seen, text: &str) -> Result<Activity, Failure> {
    let (name, state) = (seen.record.name(), seen.record.state);
    let found = activity(seen).map_err(|source| RunError::io("watch", seen.folder.path(), source))?;
    if seen.record.spec.mode == Mode::Shell {
        let open = format!("open one beside it: bn container shell {name}");
        return Err(Usage::new(format!("{name} is a shell: there is no agent to tell")).hint(open).into());
    }
    let comes = seen.owned && matches!(state, State::Preparing | State::Starting);
    let works = state == State::Running && matches!(found, Activity::Runs | Activity::Paused);
    if comes || works {
        return Ok(found);
    }
    let told = Usage::new(format!("{name} has no agent any more that could be told"));
    let retry = Cmd::new("bn").args(["container", "retry", name, "--feedback", text]);
    Err(told.hint(format!("tell the one that tries again: {retry}")).into())
}
