//! `bn container login` and `logout`: what agents sign in with is given once, and kept for later runs.

use std::fmt;
use std::io::{self, BufRead, Read};

use chrono::{DateTime, Utc};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde::Serialize;

use crate::cli::container::{LoginArgs, LogoutArgs};
use crate::commands::{Context, Exit};
use crate::container::agent::Agent;
use crate::data_dir::DataDir;
use crate::env::now;
use crate::error::{Failure, Usage};
use crate::run::record::logins::{LONGEST, Login, Logins};

/// One agent that is signed in.
#[derive(Serialize)]
struct Row {
    agent: Agent,
    /// Where the program finds it. What it is, is shown nowhere.
    variable: String,
    since: DateTime<Utc>,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Rows(Vec<Row>);

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|Row { agent, variable, since }| {
            writeln!(f, "{}: signed in since {}, by {variable}", agent.program(), since.format("%Y-%m-%d"))
        })
    }
}

impl Row {
    fn of((agent, login): (Agent, Login)) -> Self {
        Self { agent, variable: login.variable, since: login.since }
    }
}

pub fn run(args: &LoginArgs, context: &Context) -> Result<Exit, Failure> {
    let logins = Logins::new(DataDir::resolve(&context.env)?.logins());
    let Some(agent) = args.agent else {
        let rows: Vec<Row> = logins.all()?.into_iter().map(Row::of).collect();
        if rows.is_empty() && !context.output.is_json() {
            context.output.note("no agent is signed in: bn container login claude, codex or copilot");
        }
        context.output.print(&Rows(rows))?;
        return Ok(Exit::DONE);
    };
    let text = read_token(agent, context)?;
    let login = Login::new(agent, &text, now()).ok_or_else(|| {
        Usage::new(format!("that is no token for {}: a token is one word", agent.program())).hint(source(agent))
    })?;
    logins.keep(agent, &login)?;
    context.output.print(&Rows(vec![Row::of((agent, login))]))?;
    Ok(Exit::DONE)
}

pub fn out(args: &LogoutArgs, context: &Context) -> Result<Exit, Failure> {
    let logins = Logins::new(DataDir::resolve(&context.env)?.logins());
    let program = args.agent.program();
    if !logins.forget(args.agent)? {
        return Err(Usage::new(format!("{program} is not signed in")).hint("who is: bn container login --list").into());
    }
    context.output.note(format_args!("{program} is signed out here; the token itself is good until it is withdrawn"));
    Ok(Exit::DONE)
}

/// Where a token comes from.
fn source(agent: Agent) -> &'static str {
    match agent {
        Agent::Claude => "for a subscription `claude setup-token` prints one; a key of the API will do, too",
        Agent::Codex => "a key of the API is made at platform.openai.com",
        Agent::Copilot => "gh auth token | bn container login copilot",
    }
}

/// What is piped in, or typed unseen.
fn read_token(agent: Agent, context: &Context) -> Result<String, Failure> {
    let mut text = String::new();
    if context.env.stdin_is_terminal {
        context.output.note(format_args!("paste the token or key for {} ({}):", agent.program(), source(agent)));
        let _unseen = Unseen::begin()?;
        io::stdin().lock().read_line(&mut text)?;
    } else {
        io::stdin().lock().take(LONGEST).read_to_string(&mut text)?;
    }
    Ok(text)
}

/// A terminal that shows nothing of what is typed.
struct Unseen(rustix::termios::Termios);

impl Unseen {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        silent.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing either.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
