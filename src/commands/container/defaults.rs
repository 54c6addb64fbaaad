//! What `run` takes from the environment where no flag says otherwise.

use clap::ValueEnum;

use crate::cli::container::RunArgs;
use crate::commands::Context;
use crate::container::agent::AgentType;
use crate::container::name::check_name;
use crate::env::Env;
use crate::error::Usage;

/// The command line with the environment's name, type and target in the place of flags that are not there.
pub fn of_environment(args: RunArgs, context: &Context) -> Result<RunArgs, Usage> {
    let (args, taken) = fill(args, &context.env)?;
    if !taken.is_empty() {
        context.output.note(format_args!("from the environment: {}", taken.join(" ")));
    }
    Ok(args)
}

/// The second value are the variables that count.
fn fill(mut args: RunArgs, env: &Env) -> Result<(RunArgs, Vec<String>), Usage> {
    let mut taken = Vec::new();
    if let (None, Some(name)) = (&args.name, &env.agent_name) {
        check_name(name).map_err(|error| error.hint("it is the value of BN_AGENT_NAME; --name overrides it"))?;
        taken.push(format!("BN_AGENT_NAME={name}"));
        args.name = Some(name.clone());
    }
    if let (None, Some(name)) = (args.agent_type, &env.agent_type) {
        args.agent_type = Some(AgentType::from_str(name, false).map_err(|_| wrong_type(name))?);
        taken.push(format!("BN_AGENT_TYPE={name}"));
    }
    if let (None, Some(branch)) = (&args.merge_target, &env.merge_target) {
        taken.push(format!("BN_MERGE_TARGET={branch}"));
        args.merge_target = Some(branch.clone());
    }
    Ok((args, taken))
}

fn wrong_type(name: &str) -> Usage {
    let types = AgentType::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let types: Vec<String> = types.map(|value| value.get_name().to_owned()).collect();
    Usage::new(format!("BN_AGENT_TYPE={name}: not one of {}", types.join(", "))).hint("--type overrides it")
}
