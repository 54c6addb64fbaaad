//! Which check work has to pass before it lands: from the command line, from the run's record, from configurations.

use std::time::Duration;

use crate::cli::container::{CheckArgs, MergeArgs};
use crate::commands::Context;
use crate::commands::config::gather::Found;
use crate::commands::container::configured;
use crate::config::setting::Setting;
use crate::container::network::Network;
use crate::error::{Failure, Usage};
use crate::quantity;
use crate::run::life::land::TryFirst;
use crate::run::record::check::{CheckSpec, TIME_LIMIT};
use crate::run::record::run_json::RunSpec;

/// What a run is started with.
pub fn of_run(args: &CheckArgs) -> Result<Option<CheckSpec>, Usage> {
    let timeout = args.check_timeout.as_deref().map(time_limit).transpose()?;
    let Some(command) = args.check.as_deref().map(command).transpose()? else { return Ok(None) };
    let timeout_seconds = timeout.unwrap_or(TIME_LIMIT).as_secs();
    Ok(Some(CheckSpec { command, network: args.check_network, timeout_seconds }))
}

/// What a merge tries first.
pub fn of_merge(args: &MergeArgs, spec: &RunSpec, found: &Found, context: &Context) -> Result<TryFirst, Failure> {
    if args.no_check {
        return Ok(TryFirst::Nothing);
    }
    let base = match (&args.check, &spec.check) {
        (Some(typed), recorded) => {
            let network = recorded.as_ref().map_or(Network::None, |recorded| recorded.network);
            let timeout_seconds = recorded.as_ref().map_or(TIME_LIMIT.as_secs(), |recorded| recorded.timeout_seconds);
            Some(CheckSpec { command: command(typed)?, network, timeout_seconds })
        }
        (None, Some(recorded)) => Some(recorded.clone()),
        (None, None) => of_configurations(found, context)?,
    };
    let Some(mut check) = base else {
        return match (args.check_network, &args.check_timeout) {
            (None, None) => Ok(TryFirst::Nothing),
            _ => Err(no_command().into()),
        };
    };
    check.network = args.check_network.unwrap_or(check.network);
    if let Some(text) = &args.check_timeout {
        check.timeout_seconds = time_limit(text)?.as_secs();
    }
    Ok(TryFirst::This(check))
}

/// What the user's and the project's configurations say by now, for a run that was started without.
fn of_configurations(found: &Found, context: &Context) -> Result<Option<CheckSpec>, Failure> {
    let of_checks = |setting: &&Setting| setting.key.name.starts_with("check");
    let settled: Vec<Setting> = found.settled.iter().filter(of_checks).cloned().collect();
    if let Some(project) = &found.project {
        configured::confirm(&settled, project, false, context)?;
    }
    let of = |name: &str| settled.iter().find(|setting| setting.key.name == name).and_then(|setting| setting.text());
    let mut args = CheckArgs {
        check: of("check").map(str::to_owned),
        check_network: Network::None,
        check_timeout: of("check-timeout").map(str::to_owned),
    };
    if let Some(mode) = of("check-network").and_then(|mode| clap::ValueEnum::from_str(mode, false).ok()) {
        args.check_network = mode;
    }
    Ok(of_run(&args)?)
}

fn command(text: &str) -> Result<String, Usage> {
    match text.trim().is_empty() {
        true => Err(Usage::new("--check: no command is named").hint("such as --check 'make test'")),
        false => Ok(text.to_owned()),
    }
}

fn time_limit(text: &str) -> Result<Duration, Usage> {
    match quantity::duration("--check-timeout", text)? {
        Duration::ZERO => Err(Usage::new(format!("--check-timeout {text}: no time is left for the check"))
            .hint("such as --check-timeout 30m")),
        time => Ok(time),
    }
}

fn no_command() -> Usage {
    Usage::new("there is no check: the run was started without, and no configuration has one")
        .hint("say what is to be run: --check 'make test'")
}
