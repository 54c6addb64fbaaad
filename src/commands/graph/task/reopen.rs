//! `bn task reopen`: finished, but not for good.

use crate::cli::task::ReasonArgs;
use crate::commands::Context;
use crate::error::Failure;
use crate::graph::requests::Reopen;

pub fn run(args: &ReasonArgs, context: &Context) -> Result<(), Failure> {
    super::change(context, "Reopened", &Reopen { id: args.id.clone(), reason: args.reason.clone() })
}
