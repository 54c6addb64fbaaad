//! Which keys stay outside of a run's container, and the endpoints that stand for them inside.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use crate::cli::container::RunArgs;
use crate::container::agent::Agent;
use crate::container::network::Network;
use crate::egress::model::api::{self, APIS, Credential};
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
    let (mut keys, mut with_keys) = (Secrets::default(), Vec::new());
    for wish in wishes(args, secrets, notes)? {
        let (variable, key) = take_key(&wish.name, secrets, env)?;
        keys.insert(&wish.name, key);
        secrets.remove(&api::url_variable(&wish.name));
        with_keys.push((wish, variable));
    }
    let taken = Policy::parse(&args.egress.allow, &args.egress.only)?.loopback_ports();
    Ok((with_ports(with_keys, &taken), keys))
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
    for (api, variable) in APIS.iter().filter_map(|api| Some((api, variable_with_key(secrets, api.credentials)?))) {
        let named = wishes.iter().any(|wish| wish.name == api.name);
        match api.server {
            Some(_) if !named && secrets.has(api.url) => notes.push(format!(
                "{} goes into the container, since {} is given: --model-endpoint {}=URL keeps it outside",
                variable, api.url, api.name
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

/// The variable that has the key which counts.
fn variable_with_key<'a>(secrets: &Secrets, credentials: &'a [Credential]) -> Option<&'a str> {
    credentials.iter().flat_map(Credential::variables).find(|name| secrets.has(name))
}

/// The key of the interface of this name, and the usual variable of such a key: from what the agent would have got, else from
/// this environment. The agent gets none of them.
fn take_key(name: &str, secrets: &mut Secrets, env: &Env) -> Result<(String, OsString), Usage> {
    let mut found = None;
    let credentials = api::credentials(name);
    for credential in credentials.iter() {
        for variable in credential.variables() {
            let given = secrets.remove(variable).filter(|value| !value.is_empty());
            found = found.or_else(|| Some((credential, variable, given?)));
        }
    }
    let here = || credentials.iter().find_map(|credential| from_here(credential, env));
    let Some((credential, variable, value)) = found.or_else(here) else {
        let no_key = Usage::new(format!("--model-endpoint {name}: its key is not set here"));
        return Err(no_key.hint(format!("set it first: export {}=…", credentials[0].variable)));
    };
    match Key::new(value.as_bytes()) {
        Some(_) => Ok((credential.variable.clone().into_owned(), value)),
        None => Err(Usage::new(format!("{variable} is no key: it has letters in it that a header field cannot have"))
            .hint(format!("look for a space or a line end in it: printf %s \"${variable}\" | od -c"))),
    }
}

fn from_here<'a>(credential: &'a Credential, env: &Env) -> Option<(&'a Credential, &'a str, OsString)> {
    let variable = credential.variable.as_ref();
    Some((credential, variable, env.variable(variable).filter(|value| !value.is_empty())?))
}
