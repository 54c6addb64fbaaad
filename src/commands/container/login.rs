//! `bn container login` and `logout`: what agents sign in with is given once, and kept for later runs.

use std::fmt;
use std::io::{self, BufRead, Read};

use chrono::{DateTime, Utc};
use clap::ValueEnum as _;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde::Serialize;

use crate::cli::container::{LoginArgs, LogoutArgs};
use crate::commands::container::sign_in;
use crate::commands::{Context, Exit};
use crate::container::agent::Agent;
use crate::container::credentials::Found;
use crate::data_dir::DataDir;
use crate::env::now;
use crate::error::{Failure, Usage};
use crate::run::life::sign_in::settle;
use crate::run::record::logins::{Kept, LONGEST, Login, Logins, SignIn};

/// One agent that is signed in.
#[derive(Serialize)]
struct Row {
    agent: Agent,
    /// Where the program finds its token. `None` where it has signed in itself. What it is, is shown nowhere.
    variable: Option<String>,
    since: DateTime<Utc>,
    /// When a run brought newer tokens the last time.
    renewed: Option<DateTime<Utc>>,
    /// The run that may renew them.
    held_by: Option<String>,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Rows(Vec<Row>);

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|row| {
            let day = |at: &DateTime<Utc>| at.format("%Y-%m-%d").to_string();
            let by = row.variable.as_deref().unwrap_or("a sign-in of its own");
            write!(f, "{}: signed in since {}, by {by}", row.agent.program(), day(&row.since))?;
            row.renewed.iter().try_for_each(|at| write!(f, ", renewed on {}", day(at)))?;
            row.held_by.iter().try_for_each(|name| write!(f, "; {name} renews it"))?;
            writeln!(f)
        })
    }
}

impl Row {
    fn of((agent, kept): (Agent, Kept)) -> Self {
        let since = kept.since();
        match kept {
            Kept::Token(login) => Self { agent, variable: Some(login.variable), since, renewed: None, held_by: None },
            Kept::SignIn(SignIn { renewed, holder, .. }) => {
                Self { agent, variable: None, since, renewed, held_by: holder.map(|holder| holder.run) }
            }
        }
    }
}

pub fn run(args: &LoginArgs, context: &Context) -> Result<Exit, Failure> {
    let logins = Logins::new(DataDir::resolve(&context.env)?.logins());
    let Some(agent) = args.agent else { return list(&logins, context) };
    let at_a_terminal = context.env.stdin_is_terminal && context.env.stdout_is_terminal;
    let kept = match (args.with_token, at_a_terminal, args.command.is_empty()) {
        (false, true, _) => signed_in(agent, sign_in::at_the_terminal(agent, args, context)?)?,
        (_, _, true) => Kept::Token(token(agent, &read_token(agent, context)?)?),
        (_, _, false) => return Err(Usage::new("a sign-in needs a terminal on standard input and output").into()),
    };
    {
        // A run that holds an earlier sign-in brings nothing of that back any more.
        let _lock = logins.lock(agent)?;
        logins.keep(agent, &kept)?;
    }
    context.output.print(&Rows(vec![Row::of((agent, kept))]))?;
    Ok(Exit::DONE)
}

fn list(logins: &Logins, context: &Context) -> Result<Exit, Failure> {
    for agent in Agent::value_variants() {
        settle(logins, *agent)?;
    }
    let rows: Vec<Row> = logins.all()?.into_iter().map(Row::of).collect();
    if rows.is_empty() && !context.output.is_json() {
        context.output.note("no agent is signed in: bn container login claude, codex or copilot");
    }
    context.output.print(&Rows(rows))?;
    Ok(Exit::DONE)
}

fn signed_in(agent: Agent, found: Found) -> Result<Kept, Usage> {
    Ok(match found {
        Found::Renewed(credential) => Kept::SignIn(SignIn { credential, since: now(), renewed: None, holder: None }),
        Found::Lasting(text) => Kept::Token(token(agent, &text)?),
    })
}

/// What somebody gave is one.
fn token(agent: Agent, text: &str) -> Result<Login, Usage> {
    Login::new(agent, text, now()).ok_or_else(|| {
        Usage::new(format!("that is no token for {}: a token is one word", agent.program())).hint(source(agent))
    })
}

pub fn out(args: &LogoutArgs, context: &Context) -> Result<Exit, Failure> {
    let logins = Logins::new(DataDir::resolve(&context.env)?.logins());
    let program = args.agent.program();
    let nobody = || Usage::new(format!("{program} is not signed in")).hint("who is: bn container login --list");
    if !logins.file(args.agent).exists() {
        return Err(nobody().into());
    }
    let gone = {
        let _lock = logins.lock(args.agent)?;
        logins.forget(args.agent)?
    };
    if !gone {
        return Err(nobody().into());
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
