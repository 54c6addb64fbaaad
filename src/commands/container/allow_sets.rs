//! `bn container allow-sets`: the named sets of hosts.

use std::fmt;

use serde::Serialize;

use crate::commands::{Context, Exit};
use crate::egress::sets::{SETS, Set};
use crate::error::Failure;

#[derive(Serialize)]
#[serde(transparent)]
struct Sets(&'static [Set]);

impl fmt::Display for Sets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Set { name, purpose, hosts }) in self.0.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            writeln!(f, "{name}  {purpose}")?;
            for host in *hosts {
                writeln!(f, "  {host}")?;
            }
        }
        Ok(())
    }
}

pub fn run(context: &Context) -> Result<Exit, Failure> {
    context.output.print(&Sets(SETS))?;
    Ok(Exit::DONE)
}
