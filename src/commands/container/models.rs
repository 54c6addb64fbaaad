//! Which keys stay outside of a run's container, and the endpoints that stand for them inside.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use crate::cli::container::RunArgs;
use crate::container::agent::Agent;
use crate::container::network::Network;
use crate::egress::model::api::{self, APIS, Variables};
use crate::egress::model::endpoint::{Endpoint, Keys, Wish, with_ports};
use crate::egress::model::key::Key;
use crate::egress::policy::Policy;
use crate::env::Env;
use crate::error::{Failure, Usage};
use crate::run::record::secrets::Secrets;

/// Takes the keys that stay outside out of the agent's secrets. Returns their endpoints, and the keys by the endpoints' names.
pub fn hold_outside(
    args: &RunArgs,
    secrets: &mut Secrets,
    env: &Env,
    notes: &mut Vec<String>,
) -> Result<(Vec<Endpoint>, Secrets), Failure> {
    let wishes = wishes(args, secrets, notes)?;
    let mut keys = Secrets::default();
    for wish in &wishes {
        let variables = api::variables(&wish.name);
        keys.insert(&wish.name, take_key(&variables, secrets, env).ok_or_else(|| no_key(&wish.name, &variables))??);
        secrets.remove(&variables.url);
    }
    let taken = Policy::parse(&args.egress.allow, &args.egress.only)?.loopback_ports();
    Ok((with_ports(wishes, &taken), keys))
}

/// What `--model-endpoint` says, and the interfaces whose keys are there.
fn wishes(args: &RunArgs, secrets: &Secrets, notes: &mut Vec<String>) -> Result<Vec<Wish>, Failure> {
    let mut wishes: Vec<Wish> = Vec::new();
    for text in &args.model_endpoint {
        let wish: Wish = text.parse()?;
        if wishes.iter().any(|other| other.name == wish.name) {
            return Err(Usage::new(format!("--model-endpoint names {} twice", wish.name)).into());
        }
        wishes.push(wish);
    }
    if args.network != Network::Egress {
        return match wishes.first() {
            Some(_) => Err(Usage::new("--model-endpoint goes with --network egress alone").into()),
            None => Ok(wishes),
        };
    }
    if args.keys == Keys::Inside {
        return Ok(wishes);
    }
    for api in APIS.iter().filter(|api| has_key(secrets, api.name)) {
        let named = wishes.iter().any(|wish| wish.name == api.name);
        match api.server {
            Some(_) if !named && secrets.has(api.url) => notes.push(format!(
                "{} goes into the container, since {} is given: --model-endpoint {}=URL keeps it outside",
                api.key, api.url, api.name
            )),
            Some(server) if !named => wishes.push(format!("{}={server}", api.name).parse()?),
            _ => {}
        }
    }
    Ok(wishes)
}

/// Whether an endpoint is named at which the agent program asks without any other token.
pub fn signs_in(args: &RunArgs) -> bool {
    let api = match args.agent {
        Agent::Claude => "anthropic=",
        Agent::Codex => "openai=",
        Agent::Copilot => "copilot=",
    };
    args.model_endpoint.iter().any(|wish| wish.starts_with(api))
}

fn has_key(secrets: &Secrets, name: &str) -> bool {
    let Variables { key, also, .. } = api::variables(name);
    secrets.has(&key) || also.is_some_and(|also| secrets.has(&also))
}

/// From what the agent would have got, else from this environment.
fn take_key(variables: &Variables, secrets: &mut Secrets, env: &Env) -> Option<Result<OsString, Usage>> {
    let also = variables.also.as_ref().and_then(|also| Some((also, secrets.remove(also)?)));
    let given = secrets.remove(&variables.key).map(|key| (&variables.key, key)).or(also);
    let here = || Some((&variables.key, env.variable(&variables.key)?));
    let (name, value) = given.or_else(here).filter(|(_, value)| !value.is_empty())?;
    let legal = Key::new(value.as_bytes()).is_some();
    Some(legal.then_some(value).ok_or_else(|| {
        Usage::new(format!("{name} is no key: it has letters in it that a header field cannot have"))
            .hint(format!("look for a space or a line end in it: printf %s \"${name}\" | od -c"))
    }))
}

fn no_key(name: &str, Variables { key, .. }: &Variables) -> Usage {
    Usage::new(format!("--model-endpoint {name}: its key is not set here"))
        .hint(format!("set it first: export {key}=…"))
}
