//! `bn container …`: one file per verb.

use super::{Context, Exit};
use crate::cli::container::ContainerCommand;

pub fn dispatch(_command: ContainerCommand, _context: &Context) -> anyhow::Result<Exit> {
    anyhow::bail!("not there yet")
}
