//! `bn task reopen`: finished, but not for good.

use crate::cli::task::ReasonArgs;
use crate::commands::Context;

pub fn run(args: &ReasonArgs, context: &Context) -> anyhow::Result<()> {
    super::change(context, &args.id, "Reopened", |writer, id| writer.reopen(id, args.reason.as_deref()))
}
