//! What an agent gets of the user's: tokens, a prompt, settings, sockets; and what is kept of that for another try.

use std::path::PathBuf;

use crate::cli::container::RunArgs;
use crate::commands::container::models;
use crate::commands::container::settings::{self, Settings};
use crate::container::again::Again;
use crate::container::agent::{Agent, CONTINUE_PROMPT, DEFAULT_PROMPT};
use crate::data_dir::DataDir;
use crate::egress::model::endpoint::Keys;
use crate::env::Env;
use crate::error::{Failure, Usage};
use crate::run::record::logins::{Kept, Logins};
use crate::run::record::secrets::{self, Secrets};

/// Which agent a command starts is its own affair: it may be copilot.
pub fn copilot_config(args: &RunArgs, env: &Env) -> Option<PathBuf> {
    let may_start = !args.signs_in && (!args.command.is_empty() || args.agent == Agent::Copilot);
    let config = env.user.home.as_ref().filter(|_| may_start)?.join(".config/github-copilot");
    config.is_dir().then_some(config)
}

pub fn ssh_agent(args: &RunArgs, env: &Env) -> Result<Option<PathBuf>, Usage> {
    if !args.ssh {
        return Ok(None);
    }
    let socket = env.ssh_auth_sock.clone().filter(|path| path.exists());
    let missing = || Usage::new("--ssh: no SSH agent answers").hint("start one: eval \"$(ssh-agent)\" && ssh-add");
    socket.map(Some).ok_or_else(missing)
}

/// The tokens, and the prompt: neither belongs on a command line.
pub fn secrets(args: &RunArgs, terminal: bool, env: &Env, notes: &mut Vec<String>) -> Result<Secrets, Failure> {
    // A sign-in that finds a token would be none.
    let mut secrets = if args.signs_in { Secrets::default() } else { Secrets::tokens(env) };
    secrets::add_wanted(&mut secrets, &args.env, &args.secret, env)?;
    add_login(args, &mut secrets, env)?;
    let signs_in = secrets.suffice_for(args.agent) || models::signs_in(args) || sign_in(args, &secrets, env)?.is_some();
    if args.command.is_empty() && !args.shell && !signs_in {
        let (program, tokens) = (args.agent.program(), secrets::tokens_of(args.agent).join(", "));
        notes.push(format!("warning: no token for {program} is set ({tokens}), and bn container login has none"));
        notes.extend(secrets::ways_to_sign_in(args.agent).iter().map(|way| format!("hint: {way}")));
    }
    let prompt = args.prompt.clone().or_else(|| env.initial_prompt.clone());
    let unsaid = match args.remembers.go_on {
        // The agent's own screen, with what was said there before.
        true if terminal => "",
        true => CONTINUE_PROMPT,
        false => DEFAULT_PROMPT,
    };
    let prompt = prompt.unwrap_or_else(|| unsaid.to_owned());
    let before = args.retry_of.as_ref().map(|of| format!("\n\n{}", of.went_wrong)).unwrap_or_default();
    secrets.insert(secrets::PROMPT, format!("{prompt}{before}"));
    Ok(secrets)
}

/// What the agent signs in with, where nothing else is given.
fn add_login(args: &RunArgs, secrets: &mut Secrets, env: &Env) -> Result<(), Failure> {
    if let Some((_, Kept::Token(login))) = kept(args, secrets, env)? {
        secrets.insert(&login.variable, login.token());
    }
    Ok(())
}

/// The folder with the sign-in that the agent gets a copy of, where nothing else is given.
pub fn sign_in(args: &RunArgs, secrets: &Secrets, env: &Env) -> Result<Option<PathBuf>, Failure> {
    let signed_in = kept(args, secrets, env)?.filter(|(_, kept)| matches!(kept, Kept::SignIn(_)));
    Ok(signed_in.map(|(logins, _)| logins.folder().to_owned()))
}

/// What is kept for the agent that runs.
fn kept(args: &RunArgs, secrets: &Secrets, env: &Env) -> Result<Option<(Logins, Kept)>, Failure> {
    let agent = args.command.first().map_or(Some(args.agent), |program| Agent::of_program(program));
    let needs = |agent: &Agent| !args.shell && !args.signs_in && !secrets.suffice_for(*agent);
    let Some(agent) = agent.filter(needs) else { return Ok(None) };
    let logins = Logins::new(DataDir::resolve(env)?.logins());
    Ok(logins.of(agent)?.map(|kept| (logins, kept)))
}

/// What another try needs to know. A value of a variable may be a secret.
pub fn again(args: &RunArgs, env: &Env) -> Again {
    let prompt_in_variable = args.prompt.is_some() && args.prompt == env.initial_prompt;
    let name = |pair: &String| pair.split('=').next().unwrap_or(pair).to_owned();
    Again {
        prompt: args.prompt.clone().filter(|_| !prompt_in_variable),
        prompt_in_variable,
        env: args.env.iter().map(name).collect(),
        secret: args.secret.clone(),
        ssh: args.ssh,
        no_hooks: args.no_hooks,
        with_settings: args.remembers.with_settings,
        keys_inside: args.keys == Keys::Inside,
        model_endpoint: args.model_endpoint.clone(),
        seccomp_profile: args.seccomp_profile.clone(),
        screen_apart: args.detach && args.screen.interactive,
    }
}

/// What of the user's settings comes along.
pub fn brought_settings(
    args: &RunArgs,
    secrets: &Secrets,
    env: &Env,
    notes: &mut Vec<String>,
) -> Vec<(PathBuf, Vec<u8>)> {
    let agent = args.command.first().map_or(Some(args.agent), |program| Agent::of_program(program));
    let (Some(home), Some(agent), true) = (&env.user.home, agent, args.remembers.with_settings) else {
        return Vec::new();
    };
    let Settings { files, notes: said } = settings::read(agent, home, &secrets.values());
    notes.extend(said);
    files
}
