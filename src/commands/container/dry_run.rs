//! `bn container run --dry-run`: the commands that would be run, and what the agent would get.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::commands::container::resolve::{COPILOT_CONFIG_INSIDE, Resolved};
use crate::container::ctr::runc_update;
use crate::container::network::Network;
use crate::error::Failure;
use crate::git::host::Git;
use crate::git::private::prepare;
use crate::process::{Cmd, Runner};
use crate::run::life::prepare::git_mounts;
use crate::run::record::run_json::NetworkSpec;
use crate::run::record::secrets::PROMPT;

#[derive(Serialize)]
pub struct DryRun {
    name: String,
    target: String,
    image: String,
    /// The names of what would be passed as a file.
    secrets: Vec<String>,
    /// Copilot's configuration, with the token in it, is mounted.
    copilot_config: bool,
    cpus: f64,
    memory: u64,
    pids: u32,
    disk: u64,
    network: NetworkSpec,
    /// In order.
    commands: Vec<String>,
}

impl DryRun {
    pub fn of(resolved: &Resolved, runner: &Runner, git: &Git) -> Result<Self, Failure> {
        let Resolved { plan, engine, .. } = resolved;
        let (ctr, id) = (&engine.ctr, &plan.spec.name);
        let mut container = plan.spec.container.clone();
        let mounts = prepare::planned_mounts(git, &plan.checkout, &plan.target, id, plan.folder.path())?;
        container.mounts.extend(git_mounts(&mounts));
        let commands = [
            ctr.image(&container.image),
            ctr.container(id),
            ctr.run(&container),
            ctr.tasks(),
            runc_update(id, &container.limits),
            ctr.remove_task(id),
            ctr.remove_container(id),
        ];
        Ok(Self {
            name: id.clone(),
            target: plan.spec.target.clone(),
            secrets: plan.secrets.names().into_iter().map(str::to_owned).collect(),
            copilot_config: container.mounts.iter().any(|mount| mount.destination == Path::new(COPILOT_CONFIG_INSIDE)),
            cpus: container.limits.cpus,
            memory: container.limits.memory,
            pids: container.limits.pids,
            disk: container.limits.disk,
            image: container.image,
            network: plan.spec.network.clone(),
            commands: commands.iter().map(|cmd: &Cmd| runner.shown(cmd)).collect(),
        })
    }

    /// What the agent could do with the keys that it gets.
    fn reach(&self) -> String {
        let named = self.secrets.iter().map(String::as_str).filter(|name| *name != PROMPT);
        let keys: Vec<&str> = named.chain(self.copilot_config.then_some("Copilot's configuration")).collect();
        let closed = self.network.mode == Network::None || !self.network.only.is_empty();
        match (keys.as_slice(), closed) {
            ([], _) => "it gets no key".to_owned(),
            (keys, true) => format!("it holds {} itself", keys.join(", ")),
            (keys, false) => {
                format!("it holds {} itself and can send that anywhere: --only is the answer", keys.join(", "))
            }
        }
    }
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# run {} on {}, merging into {}", self.name, self.image, self.target)?;
        writeln!(
            f,
            "# limits: {} CPUs, {} MiB of memory and no swap, {} processes, {} MiB of disk",
            self.cpus,
            self.memory >> 20,
            self.pids,
            self.disk >> 20
        )?;
        writeln!(f, "# passed as a file: {}", self.secrets.join(", "))?;
        writeln!(f, "# the agent reaches {}; {}", self.network, self.reach())?;
        self.commands.iter().try_for_each(|command| writeln!(f, "{command}"))
    }
}
