//! `bn container sshd`: inside a container, for `ssh-config`. Becomes the image's ssh server, for the one connection that its standard
//! input and output are.

use std::path::Path;

use crate::commands::{Context, Exit};
use crate::container::ssh::{PLACES, set_env};
use crate::env;
use crate::error::Failure;
use crate::process::{Cmd, Runner};
use crate::run::life::ssh::server_config_inside;

pub fn run(context: &Context) -> Result<Exit, Failure> {
    let Some(sshd) = PLACES.iter().find(|place| Path::new(place).exists()) else {
        return Err(anyhow::anyhow!(
            "the image has no sshd; on your machine: bn container build --package openssh-server"
        )
        .into());
    };
    let names = env::inherited("").into_iter().filter_map(|name| name.into_string().ok());
    let variables = names.filter_map(|name| {
        let value = context.env.variable(&name)?.into_string().ok()?;
        Some((name, value))
    });
    let server = Cmd::new(*sshd).args(["-i", "-e", "-f"]).arg(server_config_inside()).args(["-o", &set_env(variables)]);
    Err(Runner::new(&context.env).replace_this(&server).into())
}
