//! An agent program's own sign-in: in a container, at the user's terminal, on a repository that is there for nothing else.

use crate::cli::container::{LoginArgs, RunArgs};
use crate::commands::Context;
use crate::commands::container::sign_in_stage::{self, Stage};
use crate::commands::container::{configured, run};
use crate::container::agent::Agent;
use crate::container::credentials::{self, Found, Refused};
use crate::env::random;
use crate::error::{Failure, Usage};
use crate::run::record::run::Run;
use crate::run::record::state::Ending;
use crate::untrusted::nofollow;

/// Where codex waits for the browser that has signed in.
const CODEX_PORT: &str = "1455";

/// Opens it, and returns what it has left.
pub fn at_the_terminal(agent: Agent, args: &LoginArgs, context: &Context) -> Result<Found, Failure> {
    tidy(context);
    let stage = Stage::new(context)?;
    let args = run_args(agent, args, &stage, context)?;
    tell(agent, &args, context);
    let run = match run::to_the_end(&args, context) {
        Ok(run) => run,
        Err(error) => {
            stage.clear()?;
            return Err(error);
        }
    };
    let found = left(agent, &run);
    stage.clear()?;
    found.map_err(|why| none(agent, &run, &why))
}

/// What an earlier one has left keeps nobody from signing in.
fn tidy(context: &Context) {
    match sign_in_stage::tidy(context) {
        Ok(gone) => gone.iter().for_each(|name| context.output.note(format_args!("removed what {name} had left"))),
        Err(error) => {
            context.output.note(format_args!("what an earlier sign-in has left could not be removed: {error}"))
        }
    }
}

fn none(agent: Agent, run: &Run, why: &Refused) -> Failure {
    let program = agent.program();
    let ended = match run.record.ending {
        Some(Ending::Exited { code: 0, .. }) | None => String::new(),
        Some(_) => ", and its sign-in failed".to_owned(),
    };
    let error = Usage::new(format!("{program} is not signed in: {why}{ended}"));
    error
        .hint(format!("try again: bn container login {program}"))
        .hint(format!("or give a token: bn container login {program} --with-token"))
        .into()
}

/// What the program has written, as far as it is a credential file.
fn left(agent: Agent, run: &Run) -> Result<Found, Refused> {
    let home = run.record.spec.agent_home.clone().unwrap_or_default();
    let bytes = nofollow::read_file(&home.join(credentials::file(agent)), credentials::LARGEST);
    credentials::read(agent, &bytes.map_err(|_| Refused("it has left no credential file"))?)
}

/// A run of the sign-in, on the user's own image and network.
fn run_args(agent: Agent, args: &LoginArgs, stage: &Stage, context: &Context) -> Result<RunArgs, Failure> {
    let mut words = vec![stage.repository().display().to_string(), "--no-cache".to_owned()];
    words.extend(args.tag.iter().map(|tag| format!("--tag={tag}")));
    words.extend(args.allow.iter().map(|rule| format!("--allow={rule}")));
    let refused = |error: clap::Error| Usage::new(error.to_string());
    let plain = run::of_words(words).map_err(refused)?;
    let (filled, _) =
        configured::fill(plain.clone(), &Context { output: context.output.without_notes(), ..context.clone() })?;
    #[allow(clippy::cast_possible_truncation)] // some of the random bits are enough
    let number = random()? as u16;
    let own = own_command(agent);
    Ok(RunArgs {
        name: Some(format!("sign-in-{}-{number:04x}", agent.program())),
        agent,
        publish: if args.command.is_empty() && agent == Agent::Codex {
            vec![CODEX_PORT.to_owned()]
        } else {
            Vec::new()
        },
        command: if args.command.is_empty() { own } else { args.command.clone() },
        signs_in: true,
        tag: filled.tag,
        network: filled.network,
        egress: filled.egress,
        ..plain
    })
}

fn own_command(agent: Agent) -> Vec<String> {
    let words: &[&str] = match agent {
        Agent::Claude => &["claude", "auth", "login"],
        Agent::Codex => &["codex", "login"],
        Agent::Copilot => &["copilot", "login"],
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn tell(agent: Agent, args: &RunArgs, context: &Context) {
    let program = agent.program();
    context.output.note(format_args!("{program}'s own sign-in, in a container; a token or key instead: --with-token"));
    if !args.publish.is_empty() {
        context.output.note("no browser on this machine? bn container login codex -- codex login --device-auth");
    }
}
