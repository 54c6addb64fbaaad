//! `bn task release`: a claim given back.

use crate::cli::task::ReleaseArgs;
use crate::commands::Context;

pub fn run(args: &ReleaseArgs, context: &Context) -> anyhow::Result<()> {
    super::change(context, &args.id, "Released", |writer, id| writer.release(id, args.reason.as_deref(), args.force))
}
