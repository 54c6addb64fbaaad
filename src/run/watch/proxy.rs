//! The way out of a run's container: the proxy that its owner holds while the agent works.

use std::path::{Path, PathBuf};

use crate::container::network::Network;
use crate::egress::next_hop::NextHops;
use crate::egress::policy::Policy;
use crate::egress::{Proxy, ProxySpec, log};
use crate::env::Env;
use crate::error::{Failure, Usage};
use crate::run::record::RunError;
use crate::run::record::folder::Folder;
use crate::run::record::run_json::{NetworkSpec, RunSpec};

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
        run: spec.name.clone(),
        clock: crate::env::now,
    })?;
    Ok(Some(proxy))
}

/// Keeps the log of what was refused, which would go with the folder of sockets.
pub fn close(spec: &RunSpec, run: &Folder) -> Result<(), Failure> {
    let folder = folder(&spec.runtime);
    for name in log::FILES {
        match std::fs::copy(folder.join(name), run.path().join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(RunError::io("keep the log in", &folder, error).into());
            }
            _ => {}
        }
    }
    Ok(())
}
