//! The way out of a run's container: the proxy that its owner holds while the agent works.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::container::network::Network;
use crate::egress::model::endpoint::Endpoint;
use crate::egress::model::key::Key;
use crate::egress::model::open::ModelSpec;
use crate::egress::model::tally::{self, Counts};
use crate::egress::next_hop::NextHops;
use crate::egress::origin::open::OriginSpec;
use crate::egress::origin::spec::address;
use crate::egress::policy::Policy;
use crate::egress::{Proxy, ProxySpec, log};
use crate::env::Env;
use crate::error::{Failure, Usage};
use crate::git::host::{Git, origin};
use crate::process::Runner;
use crate::run::record::RunError;
use crate::run::record::folder::Folder;
use crate::run::record::run_json::{NetworkSpec, RunSpec};
use crate::run::record::secrets::{self, Secrets};

/// What tells programs in the container where the proxy is.
pub use crate::egress::variables::variables;

/// In the container: the folder with the proxy's socket and the log of what it refused.
pub const INSIDE: &str = "/run/binnacle/egress";

/// The same folder on the host.
pub fn folder(runtime: &Path) -> PathBuf {
    runtime.join("egress")
}

/// Rules that were added while the run is on. Not below the folder that the container sees.
pub fn rules(runtime: &Path) -> PathBuf {
    runtime.join("egress-rules")
}

/// Refuses rules that could have no effect, before anything is done.
pub fn check(network: &NetworkSpec, env: &Env) -> Result<(), Failure> {
    if let Some(checkout) = network.only.iter().find(|rule| env.directory.join(rule).join(".git").exists()) {
        let taken = Usage::new(format!("--only takes {checkout} for a host, and it is a checkout"));
        return Err(taken.hint(format!("name the worktree first: bn container run {checkout} --only …")).into());
    }
    let rules = !network.allow.is_empty() || !network.only.is_empty() || network.upstream_by_name;
    match network.mode {
        Network::Egress => {
            Policy::parse(&network.allow, &network.only)?;
            NextHops::new(&env.proxy, network.upstream_by_name)?;
            Ok(())
        }
        Network::Host | Network::None if rules => {
            Err(Usage::new("--allow, --only and --upstream-by-name go with --network egress alone").into())
        }
        Network::Host | Network::None => Ok(()),
    }
}

/// Opens the way out. It closes with the value that is returned.
pub fn open(spec: &RunSpec, env: &Env) -> Result<Option<Proxy>, Failure> {
    if spec.network.mode != Network::Egress {
        return Ok(None);
    }
    let proxy = Proxy::start(ProxySpec {
        folder: folder(&spec.runtime),
        policy: Policy::parse(&spec.network.allow, &spec.network.only)?,
        live_rules: rules(&spec.runtime),
        next_hops: NextHops::new(&env.proxy, spec.network.upstream_by_name)?,
        models: models(spec)?,
        origin: origin(spec, env),
        run: spec.name.clone(),
        clock: crate::env::now,
    })?;
    Ok(Some(proxy))
}

/// The endpoints of models, with their keys, which no file has from here on.
fn models(spec: &RunSpec) -> Result<ModelSpec, RunError> {
    let path = secrets::model_keys(&spec.runtime);
    let io = |source| RunError::io("read", &path, source);
    let keys = Secrets::read(&path).map_err(io)?;
    secrets::shred(&path).map_err(io)?;
    let with_key = |endpoint: &Endpoint| Some((endpoint.clone(), Key::new(keys.value(&endpoint.name)?)?));
    let endpoints = spec.network.models.iter().filter_map(with_key).collect();
    Ok(ModelSpec { endpoints, tally: spec.runtime.clone() })
}

/// The endpoint of the origin. The user's own git is asked for its credential when the agent needs it.
fn origin(spec: &RunSpec, env: &Env) -> Option<OriginSpec> {
    let origin = spec.network.origin.clone()?;
    let (git, git_dir, url) =
        (Git::new(Runner::new(env).withholding_nothing()), spec.checkout.git_dir.clone(), origin.url.clone());
    let ask = move || {
        let now = origin::push_url(&git, &git_dir).map_err(|error| error.to_string())?.unwrap_or_default();
        match address(&now) {
            Ok(of_now) if of_now == url => origin::credential(&git, &git_dir, &now).map_err(|error| error.to_string()),
            _ => Err("the remote has another URL now, and this run began with that one".to_owned()),
        }
    };
    Some(OriginSpec { origin, ask: Arc::new(ask) })
}

/// What models were asked in a run, while it is on and later.
pub fn asked(spec: &RunSpec, run: &Folder) -> Result<Counts, RunError> {
    let folder = if spec.runtime.join(tally::FILE).exists() { &spec.runtime } else { run.path() };
    Counts::read(folder).map_err(|source| RunError::io("read", folder, source))
}

/// Keeps the log of what was refused and the counts of models, which would go with the folder of sockets.
pub fn close(spec: &RunSpec, run: &Folder) -> Result<(), Failure> {
    let folder = folder(&spec.runtime);
    let logs = log::FILES.map(|name| (&folder, name));
    for (folder, name) in logs.into_iter().chain([(&spec.runtime, tally::FILE)]) {
        match std::fs::copy(folder.join(name), run.path().join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(RunError::io("keep the log in", folder, error).into());
            }
            _ => {}
        }
    }
    Ok(())
}
