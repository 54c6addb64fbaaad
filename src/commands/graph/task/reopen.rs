//! `bn task reopen`: finished, but not for good.

use crate::cli::task::ReasonArgs;
use crate::commands::Context;
use crate::error::Failure;

pub fn run(args: &ReasonArgs, context: &Context) -> Result<(), Failure> {
    super::change(context, &args.id, "Reopened", |writer, id| writer.reopen(id, args.reason.as_deref()))
}
